"""Finds words that a text must have if a regular expression matches it: to look for them is much cheaper than the search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

SHORTEST_LETTERS, MOST_WORDS = 2, 32
"""A single letter is in most texts, and to look for more words takes as long as the search."""
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def find_required_words(pattern: str) -> tuple[str, ...]:
    """Words, folded by `text_search.fold`. Every match has at least one of them. Empty if there are none, or too many."""
    return tuple(sorted(_choose_group(_list_groups(_parser.parse(pattern)))))


def list_words(patterns: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The required words of each pattern that has some."""
    return tuple(filter(None, map(find_required_words, patterns)))


def _choose_group(groups: Iterable[frozenset[str]]) -> frozenset[str]:
    """The group with the longest words."""
    able = (group for group in groups if 0 < len(group) <= MOST_WORDS and len(min(group, key=len)) >= SHORTEST_LETTERS)
    return max(able, key=lambda group: (len(min(group, key=len)), -len(group), min(group)), default=frozenset())


def _list_groups(sequence: Iterable[Any]) -> Iterator[frozenset[str]]:
    """Groups of words: the sequence needs one of each."""
    run = ""
    for code, argument in sequence:
        if code is codes.LITERAL and argument < 128:
            run += chr(argument).lower()
            continue
        yield frozenset((run,))
        run = ""
        yield _find_in_item(code, argument)
    yield frozenset((run,))


def _find_in_item(code: Any, argument: Any) -> frozenset[str]:
    if code is codes.BRANCH:
        found = [_choose_group(_list_groups(branch)) for branch in argument[1]]
        return frozenset().union(*found) if all(found) else frozenset()
    if code is codes.SUBPATTERN or code is codes.ATOMIC_GROUP:
        return _choose_group(_list_groups(argument[-1] if code is codes.SUBPATTERN else argument))
    if code is codes.ASSERT or (code in _REPEATS and argument[0]):
        return _choose_group(_list_groups(argument[-1]))
    return frozenset()
