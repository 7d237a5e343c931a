"""Tells sentences that rules and checks put into facts from values of a request: a sentence is a constant of their code,
or composed of such constants, numbers, and values in backticks.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Final

PACKAGES: Final = ("sickbay.diagnosis.", "sickbay.authorization.")
DEPTH: Final = 3
"""How deep constants are looked for in tables of a module."""
_WORD: Final = re.compile(r"[^\s.,:;()]+")
_NUMBER: Final = re.compile(r"\d{1,12}", re.A)
_JOINTS: Final = frozenset(("and", "or", "some"))
"""Words that join the items of a list, and "some", which replaces an unknown number."""


def is_own_text(text: str) -> bool:
    """Whether all of a text was written by Sickbay. Two constants may be joined by "and"."""
    stripped = text.strip()
    return stripped in _own_constants() or all(part in _own_constants() for part in stripped.split(" and "))


def is_composed(text: str) -> bool:
    """Whether the text consists only of Sickbay's own texts and of numbers."""
    words = _WORD.findall(text)
    reached = [True, *(False for _ in words)]
    for start, word in enumerate(words):
        if not reached[start]:
            continue
        if word in _JOINTS or _NUMBER.fullmatch(word):
            reached[start + 1] = True
        for piece in _sentence_parts().get(word, ()):
            if tuple(words[start : start + len(piece)]) == piece:
                reached[start + len(piece)] = True
    return reached[-1]


@cache
def _sentence_parts() -> dict[str, Sequence[tuple[str, ...]]]:
    """The parts of sentences, by their first word: constants of several words, and the text before or after a backtick."""
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for constant in _own_constants():
        for piece in map(_WORD.findall, constant.split("`")):
            if piece and ("`" in constant or len(piece) > 1):
                found[piece[0]].add(tuple(piece))
    return {word: tuple(pieces) for word, pieces in found.items()}


@cache
def _own_constants() -> frozenset[str]:
    """The texts in all rules and checks, which are imported with the catalogue."""
    modules = [module for name, module in [*sys.modules.items()] if name.startswith(PACKAGES)]
    found = (text.strip() for module in modules for value in vars(module).values() for text in _texts_in(value, DEPTH))
    return frozenset(text for text in found if text)


def _texts_in(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, FunctionType) and value.__module__.startswith(PACKAGES):
        yield from _texts_in(value.__code__, depth)
    elif isinstance(value, CodeType):  # of a function, and of those within it
        for constant in value.co_consts:
            yield from _texts_in(constant, depth)
    elif depth and isinstance(value, dict):
        for member in value.values():
            yield from _texts_in(member, depth - 1)
    elif depth and isinstance(value, tuple | list | frozenset | set):
        for member in value:
            yield from _texts_in(member, depth - 1)
