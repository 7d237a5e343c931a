"""A piece of evidence in a pasted text, and its description in words."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from sickbay.doctor import compiled
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls

PieceKind: TypeAlias = Literal[
    "request", "response", "url", "form", "parameters", "object", "jwt", "code", "settings", "stopped"
]
"""`stopped`: the code in the text would take too many steps, so that it was read only in part."""


_SERIOUS = compile_late(r"severity\W{1,9}(?:error|fatal|warning)")
_ERROR = compile_late(r"[?&#]error=")


class Piece(Struct, frozen=True, kw_only=True):
    """One piece of evidence.

    start, end: its place in the text, in characters.
    subkind:    what it is more exactly, such as "token_response" for an object or "authorize_url" for a URL.
    values:     what was read: for a request method, url, headers and body; for an object its members; for a form its names.
    is_whole:   nothing was left out, so what isn't in it wasn't sent.
    """

    kind: PieceKind
    start: int
    end: int
    subkind: str = ""
    values: Mapping[str, Any] = {}
    is_whole: bool = False

    @property
    def is_success(self) -> bool:
        return self.kind == "response" and str(self.values["status"]).startswith("2")

    @property
    def is_error(self) -> bool:
        """Whether it is an error response, or the redirect URL of one."""
        is_refused = str(self.values.get("status")).startswith(("4", "5")) or _ERROR.search(str(self.values.get("url")))
        is_outcome = self.values.get("resourceType") == "OperationOutcome"
        return bool(is_refused) or self.subkind == "error" or (is_outcome and _SERIOUS.search(str(self.values)) is not None)


def leave_out_overlaps(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces without those that lie inside or overlap an earlier one, in the order of the text.

    The caller lists them by how much they explain: a request explains the URL in its first line.
    """
    taken: list[Piece] = []
    for piece in pieces:
        place = bisect(taken, piece.start, key=lambda each: each.start)
        neighbours = taken[max(0, place - 1) : place + 1]  # the pieces taken don't overlap, so only these two can
        if not any(piece.start < other.end and other.start < piece.end for other in neighbours):
            taken.insert(place, piece)
    return taken


def describe_each(pieces: Iterable[Piece]) -> list[str]:
    """For example "authorization URL at login.example.org". Each description occurs once."""
    return list(dict.fromkeys(name for piece in pieces if (name := describe(piece))))


def describe(piece: Piece) -> str:
    """ "" for a piece that says nothing on its own, such as the URL of a page."""
    names = compiled.load_knowledge().pieces.get(piece.kind, {})
    name = names.get(piece.subkind) or names.get("", "")
    host = urls.split(str(piece.values.get("url") or "")).hostname if name else ""
    place = f" at {host}" if host else ""
    return f"{name}{place}{_request_lines(piece)}"


def _request_lines(piece: Piece) -> str:
    """The lines of a request in source code. JSON can have a member `request` too."""
    request = piece.values["request"] if piece.kind == "code" else None
    if request is None or request.last_line == request.first_line:
        return ""
    return f" (lines {request.first_line} to {request.last_line})"
