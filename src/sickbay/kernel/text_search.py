"""Searches long texts, and finds the line of what was found.

A search keeps Python's lock until it returns, and no other thread can respond. So a long text is searched in parts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

WINDOW, OVERLAP = 20_000, 4_000
"""Number of characters in which a match of one search may start, and the maximum length of a match."""


def find_matches(pattern: re.Pattern[str], text: str, window: int = WINDOW, overlap: int = OVERLAP) -> Iterator[re.Match[str]]:
    """Yields what `pattern.finditer(text)` does, if no match and nothing that decides about it is longer than `overlap`."""
    return pattern.finditer(text) if len(text) < window else _match_in_parts(pattern, text, window, overlap)


def _match_in_parts(pattern: re.Pattern[str], text: str, window: int, overlap: int) -> Iterator[re.Match[str]]:
    place = 0
    while place <= len(text):
        last = place + window
        following = last
        for match in pattern.finditer(text, place, min(last + overlap, len(text))):
            if match.start() >= last:
                break
            yield match
            following = max(following, match.end())
        place = following


def find_first_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Returns what `pattern.search(text)` does, under the same condition."""
    return pattern.search(text) if len(text) < WINDOW else next(find_matches(pattern, text), None)


_FOLDED = {0x130: "i", 0x131: "i", 0x17F: "s", 0x212A: "k"}
"""The characters outside ASCII that a pattern which ignores case takes for a letter in ASCII."""


def fold_case(text: str) -> str:
    """The text in lower case, as a pattern that ignores case compares it with letters in ASCII."""
    return text.lower() if text.isascii() else text.translate(_FOLDED).lower()


def has_required(groups: Iterable[tuple[str, ...]], folded: str) -> bool:
    """Whether a text has a word of each group."""
    for group in groups:  # called so often that generators would take most of the time
        for word in group:
            if word in folded:
                break
        else:
            return False
    return True


class Lines:
    """Finds the line of a position in a text. Lines count from 1. `offset` is added to each position."""

    offset = 0

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def at(self, position: int) -> int:
        return bisect_left(self._ends, position + self.offset) + 1
