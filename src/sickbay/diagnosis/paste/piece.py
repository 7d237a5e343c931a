"""A piece of evidence in a pasted text."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

PieceKind: TypeAlias = Literal[
    "request", "response", "url", "form", "parameters", "object", "jwt", "header", "code", "settings", "scopes", "stopped"
]
"""`stopped`: the code in the text would take too many steps, so that it was read only in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
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
    values: Mapping[str, Any] = field(default_factory=dict)
    is_whole: bool = False


def apart(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces without those that lie inside or overlap an earlier one, in the order of the text.

    The caller lists them by how much they explain: a request explains the URL in its first line.
    """
    taken: list[Piece] = []
    for piece in pieces:
        place = bisect(taken, piece.start, key=_start)
        neighbours = taken[max(0, place - 1) : place + 1]  # the pieces taken don't overlap, so only these two can
        if not any(_overlap(piece, other) for other in neighbours):
            taken.insert(place, piece)
    return taken


def _start(piece: Piece) -> int:
    return piece.start


def _overlap(first: Piece, other: Piece) -> bool:
    return first.start < other.end and other.start < first.end
