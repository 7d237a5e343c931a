"""The bodies that `--keep-bodies` kept, as the list of exchanges and the page of one show them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Final, NamedTuple

from sickbay.services.kept_bodies import KeptBody, KeptExchange

SHOWN_BYTES: Final = 48_000
"""Maximum number of bytes of a body on a page. The JSON of the exchange has the whole body."""
ESCAPE_BYTES: Final = 5
"""The length of a character that is written in HTML as an entity, such as `&#34;`."""
_ESCAPED: Final = frozenset("\"'&<>")


class ShownBody(NamedTuple):
    """A body, masked. text: "" if there was none. details: its media type, and its size as sent.

    rest: how many characters the page leaves out.
    """

    title: str
    text: str
    details: str = ""
    rest: int = 0


def list_bodies(entry: Mapping[str, Any], kept: KeptExchange | None) -> tuple[ShownBody, ...]:
    """The bodies of an exchange that has them. entry: with its masked bodies. kept: what was sent."""
    if kept is None or not entry.get("bodies_kept"):
        return ()
    bodies = (("Request", kept.request), ("Response", kept.response))
    return tuple(_view_body(title, body, entry[title.lower()]["body"] or "") for title, body in bodies)


def _view_body(title: str, body: KeptBody, masked: str) -> ShownBody:
    if not body.size:
        return ShownBody(title, "")
    media_type = body.content_type.partition(";")[0].strip()
    shown = masked[: count_fitting_characters(masked)]
    return ShownBody(title, shown, ", ".join(filter(None, (media_type, describe_size(body.size)))), len(masked) - len(shown))


def count_fitting_characters(text: str) -> int:
    """Returns how many characters from the start of a text take at most SHOWN_BYTES of a page."""
    sizes = accumulate(ESCAPE_BYTES if character in _ESCAPED else len(character.encode()) for character in text[:SHOWN_BYTES])
    return sum(size <= SHOWN_BYTES for size in sizes)


def describe_kept_bodies(kept: KeptExchange) -> str:
    """'Body: 1.8 KB received', 'Bodies: 412 B sent, 1.8 KB received'; "" if both are empty."""
    sizes = ((kept.request.size, "sent"), (kept.response.size, "received"))
    shown = [f"{describe_size(size)} {direction}" for size, direction in sizes if size]
    return f"{'Bodies' if len(shown) > 1 else 'Body'}: {', '.join(shown)}" if shown else ""


def describe_size(size: int | None) -> str:
    """'512 B', '1.8 KB', '2.4 MB'; "" if it isn't known."""
    if size is None:
        return ""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{size / 1000:.1f} KB" if size >= 1000 else f"{size} B"
