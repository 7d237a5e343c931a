"""Counts and lists as English words."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, noun: str, plural: str = "") -> str:
    """'1 request', '2 requests'. plural: of an irregular noun, such as 'entries'."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def join(words: Sequence[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    *first, end = words or [""]
    return f"{', '.join(first)} {last} {end}" if first else end
