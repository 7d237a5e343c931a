"""The results of the search in the header, in groups.

lookup  GET and POST {root}/developer/search: q. POST keeps what was pasted out of the address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from msgspec import Struct

from sickbay.authorization.models import Client
from sickbay.doctor import pages
from sickbay.services.lookup import WORD_CHARACTERS, FoundExchanges, TypedSearch
from sickbay.web.docs import search_index
from sickbay.web.docs.search_index import SearchResult
from sickbay.web.exchanges.list_view import shorten_address
from sickbay.web.pages.parts import Link
from sickbay.web.portal import rule_search
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.developer_views import LineKind, exchange_line

LISTED_TOPICS: Final = 5
"""Rules, causes and passages of the documentation, of each."""


class FoundRow(Struct, frozen=True):
    """kind: how an exchange ended; "" for anything else. code: an ID."""

    title: str
    href: str
    detail: str = ""
    code: str = ""
    kind: LineKind | str = ""


class FoundGroup(Struct, frozen=True):
    """all: a page with more of them."""

    title: str
    rows: tuple[FoundRow, ...]
    all: Link | None = None


class LookupView(Struct, frozen=True, kw_only=True):
    """explains: the text may be an error or a request, which the doctor explains. full: the administrator searches."""

    text: str
    groups: tuple[FoundGroup, ...] = ()
    explains: bool = False
    full: bool = True
    sign_in: str = ""
    action: str = "/developer/search"

    @property
    def count(self) -> int:
        return sum(len(group.rows) for group in self.groups)


class LookupResults(Struct, frozen=True):
    """The results of the look-up. topics are searched in a thread."""

    apps: Sequence[Client] = ()
    exchanges: FoundExchanges = FoundExchanges()
    topics: tuple[FoundGroup, ...] = ()
    names: Mapping[str, str] = {}
    """tenant -> title."""


def group_results(found: LookupResults) -> tuple[FoundGroup, ...]:
    every = shorten_address("/exchanges", q=found.exchanges.filter)
    groups = (
        FoundGroup("Apps", tuple(_app_row(client, found.names) for client in found.apps)),
        FoundGroup(
            "Exchanges",
            tuple(_exchange_row(entry, found.names) for entry in found.exchanges.entries),
            Link("Show them in the list of exchanges", every),
        ),
        *found.topics,
    )
    return tuple(group for group in groups if group.rows)


def _app_row(client: Client, hospitals: Mapping[str, str]) -> FoundRow:
    kind = portal_views.kind_of_app(client.type, client.client, client.smart_version, hospitals.get(client.tenant, ""))
    return FoundRow(client.name, f"/developer/apps/{client.app_id}", kind, client.client_id)


def _exchange_row(entry: Mapping[str, Any], hospitals: Mapping[str, str]) -> FoundRow:
    line = exchange_line(entry)
    hospital = hospitals.get(str(entry.get("tenant")), "")
    detail = ", ".join(filter(None, (line.at, hospital, line.stage, line.status)))
    return FoundRow(line.text, line.href, detail, kind=line.kind)


def find_topics(search: TypedSearch) -> tuple[FoundGroup, ...]:
    """Rules, causes and documentation. The rule whose ID was typed is the only result."""
    words = search.text[:WORD_CHARACTERS]
    if search.is_address or not words:
        return ()
    rules = dict(rule_search.search(text=words).groups)
    found = (result for result in search_index.find(words) if not result.passage.address.startswith(f"{pages.RULES}/"))
    return (
        FoundGroup("Rules", _rule_rows(rules.get("Rules", ())), Link("Search the rules", shorten_address("/rules", q=words))),
        FoundGroup(rule_search.CAUSES, _rule_rows(rules.get(rule_search.CAUSES, ()))),
        FoundGroup(
            "Documentation",
            tuple(map(_passage_row, islice(found, LISTED_TOPICS))),
            Link("Search the documentation", shorten_address("/docs/search.html", q=words)),
        ),
    )


def _passage_row(result: SearchResult) -> FoundRow:
    title, heading = result.passage.title, result.passage.heading
    excerpt = f"{result.before}{result.match}{result.after}".removeprefix(heading).strip() + "…"
    return FoundRow(title if heading == title else f"{title}: {heading}", f"/docs/{result.passage.address}", excerpt)


def _rule_rows(rows: Sequence[Any]) -> tuple[FoundRow, ...]:
    return tuple(FoundRow(row.title, row.href, code=row.id) for row in rows[:LISTED_TOPICS])
