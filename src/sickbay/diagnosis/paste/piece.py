"""A piece of evidence in a pasted text."""

from __future__ import annotations

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
    covered: dict[int, list[Piece]] = {}
    for piece in pieces:
        blocks = range(piece.start // BLOCK, piece.end // BLOCK + 1)
        if any(_overlap(piece, other) for block in blocks for other in covered.get(block, ())):
            continue
        taken.append(piece)
        for block in blocks:
            covered.setdefault(block, []).append(piece)
    return sorted(taken, key=lambda piece: piece.start)


BLOCK = 4096
"""Pieces are looked up by blocks of this many characters, so that thousands of them are compared in linear time."""


def _overlap(first: Piece, other: Piece) -> bool:
    return first.start < other.end and other.start < first.end
