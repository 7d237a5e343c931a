"""Searches for text that a user typed or pasted: an ID, the name of an app, the address of a page, or words.

Only the administrator can find apps, and exchanges that contain given words. Anyone can find an exchange or a launch by its ID,
as at its own address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from sickbay.authorization.models import Client
from sickbay.protocol import urls
from sickbay.services import launch_progress, registration
from sickbay.services.context import Runtime
from sickbay.services.journal import lines
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.filters import read_filter
from sickbay.services.journal.write import Journal

SEARCH_CHARACTERS: Final = 2_000
"""Maximum number of characters of a search that are read."""
WORD_CHARACTERS: Final = 200
"""Maximum number of characters of a search that are compared with names and words."""
CANDIDATE_IDS: Final = 6
"""Maximum number of IDs in a pasted text that are looked up."""
LISTED_APPS: Final = 10
LISTED_EXCHANGES: Final = 6
_ID: Final = re.compile(r"(?<![\w-])(?=[\w-]{0,63}[0-9A-Z])[\w-]{8,64}(?![\w-])", re.ASCII)
_PLAIN: Final = re.compile(r"[\w .,:;'’“”`\"()*/-]*", re.ASCII)
_LONG_WORD: Final = re.compile(r"\S{40}")
"""Matches a word that may be part of a token, code or secret, which have at least 43 characters."""


class TypedSearch(NamedTuple):
    """A parsed search. text: as typed. ids: possible IDs in it. path: of a page of this Sickbay, if the text is its address."""

    text: str
    ids: tuple[str, ...] = ()
    path: str = ""

    @property
    def is_address(self) -> bool:
        return bool(urls.origin_of(self.text))

    @property
    def words(self) -> str:
        """The text that is compared with names and lines. Of a URL, only its path, because the parameters are masked there."""
        return (urlsplit(self.text).path if self.is_address else self.text)[:WORD_CHARACTERS].strip().lower()


class FoundExchanges(NamedTuple):
    """entries: the newest ones. filter: finds all of them in the list of exchanges."""

    entries: Sequence[dict[str, Any]] = ()
    filter: str = ""


def read_search(text: str, origins: Collection[str]) -> TypedSearch:
    """origins: those of this Sickbay, as browsers write them."""
    text = text[:SEARCH_CHARACTERS].strip()
    ids = tuple(dict.fromkeys(_ID.findall(unquote(text))))[:CANDIDATE_IDS]
    parts, origin = urls.split(text), urls.origin_of(text)
    if not origin:
        return TypedSearch(text, ids, text if text.startswith("/") else "")
    return TypedSearch(text, ids, parts.path or "/" if origin in origins else "")


def may_stand_in_an_address(text: str) -> bool:
    """Whether the search can be repeated with GET: it has no parameters and no word as long as a token."""
    return len(text) <= WORD_CHARACTERS and _PLAIN.fullmatch(text) is not None and _LONG_WORD.search(text) is None


async def find_page_by_id(runtime: Runtime, journal: Journal, search: TypedSearch, *, full: bool) -> str:
    """The path of the exchange, or else of the launch, that an ID in the search names; "" if there is none."""
    for number, id in enumerate(search.ids):
        # Only the first ID waits for what isn't stored yet: an ID that was pasted alone is the only one.
        if await (
            runtime.store.get("exchange", id) if number else journal_reader.read_exchange(runtime, journal, id, full=False)
        ):
            return f"/exchanges/{id}"
    for id in search.ids:
        if await launch_progress.read_launch(runtime, journal, id, full=full):
            return f"/timelines/{id}"
    return ""


async def find_apps(runtime: Runtime, search: TypedSearch, student: str = "") -> list[Client]:
    """Returns apps with an ID or the words of the search in their name, exact matches first.

    student: who registered them, if only those are wanted.
    """
    ids, words = frozenset(search.ids) | {search.text}, "" if search.is_address else search.words
    found = []
    for client in await registration.list_clients(runtime):
        if student and client.student != student:
            continue
        name = client.name.lower()
        if ids & {client.client_id, client.app_id} or (words and words in name):
            found.append((not is_exact(client, search), name, client))
    return [client for *_, client in sorted(found, key=lambda entry: entry[:2])[:LISTED_APPS]]


def is_exact(client: Client, search: TypedSearch) -> bool:
    """Whether the search is nothing but an ID or the name of this app."""
    return search.text in (client.client_id, client.app_id) or search.words == client.name.lower()


async def find_exchanges(runtime: Runtime, journal: Journal, search: TypedSearch, student: str = "") -> FoundExchanges:
    """Returns the newest exchanges whose line has these words. student: to whom they belong, if only those are wanted."""
    if not search.words.strip("/"):
        return FoundExchanges()
    text = '"{}"'.format(search.words.replace('"', ""))
    reading = await read_filter(runtime, text, student)
    await journal.collect()
    records = await runtime.store.find_exchanges(reading.wanted, LISTED_EXCHANGES) if reading.wanted else []
    return FoundExchanges(await lines.read_newest_lines(runtime, records), text)
