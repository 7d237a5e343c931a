"""Compares the received text with the expected one and marks the smallest difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["", "bad", "slip", "good", "cut"]

ALIKE = 0.55
SHORTEST = 3
LONGEST = 600
NAMES = {
    " ": "space",
    ",": "comma",
    "/": "slash",
    ";": "semicolon",
    ":": "colon",
    "+": "plus",
    "\n": "line break",
    "\t": "tab",
    "#": "hash",
    "&": "ampersand",
    "=": "equals sign",
    "%": "per cent",
    "\r": "carriage return",
}


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of text and its mark. `cut` is empty: here, characters were removed."""

    text: str
    kind: Kind = ""

    @property
    def spoken(self) -> str:
        """The name of a single punctuation character, for screen readers."""
        return NAMES.get(self.text, "")


@dataclass(frozen=True, slots=True)
class Marked:
    """The texts of `received`, joined, are the received text. The same holds for `expected`."""

    received: tuple[TextPiece, ...]
    expected: tuple[TextPiece, ...]


def mark(received: str, expected: str, wrong: Literal["bad", "slip"] = "bad") -> Marked:
    """Mark the differences by character if the two texts are similar, else mark each as a whole."""
    if received == expected:
        return Marked(_pieces(received), _pieces(expected))
    head = _common(received, expected)
    tail = _common(received[head:][::-1], expected[head:][::-1])
    end, finish = len(received) - tail, len(expected) - tail
    steps = list(_steps(received[head:end], expected[head:finish]))
    if not _alike(received, expected, head + tail + sum(size for same, _, _, size in steps if same)):
        return Marked(_pieces(received, wrong), _pieces(expected, "good"))
    before, after = _pieces(received[:head]), _pieces(received[end:])
    left = tuple(piece for same, old, new, _ in steps for piece in _side(old, new, same, wrong))
    right = tuple(piece for same, old, new, _ in steps for piece in _side(new, old, same, "good"))
    return Marked(before + left + after, before + right + after)


def _pieces(text: str, kind: Kind = "") -> tuple[TextPiece, ...]:
    return (TextPiece(text, kind),) if text else ()


def _side(mine: str, other: str, same: bool, kind: Kind) -> tuple[TextPiece, ...]:
    if same:
        return _pieces(mine)
    return _pieces(mine, kind) or _gap(kind, other)


def _gap(kind: Kind, other: str) -> tuple[TextPiece, ...]:
    return (TextPiece("", "cut"),) if kind == "good" and other else ()


def _alike(received: str, expected: str, same: int) -> bool:
    return 2 * same >= ALIKE * (len(received) + len(expected)) and same > 0


def _common(first: str, second: str) -> int:
    """The length of the common prefix."""
    size = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        size += 1
    return size


_Step: TypeAlias = tuple[bool, str, str, int]


def _steps(old: str, new: str) -> Iterator[_Step]:
    """(same?, old, new, length if the same). Short equal runs between two differences count as differences."""
    if len(old) + len(new) > LONGEST:
        yield (False, old, new, 0)
        return
    pending = ["", ""]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        inside = a > 0 and b < len(old) and c > 0 and d < len(new)
        if tag != "equal" or (inside and b - a < SHORTEST):
            pending = [pending[0] + old[a:b], pending[1] + new[c:d]]
            continue
        if pending != ["", ""]:
            yield (False, pending[0], pending[1], 0)
        pending = ["", ""]
        yield (True, old[a:b], new[c:d], b - a)
    if pending != ["", ""]:
        yield (False, pending[0], pending[1], 0)
