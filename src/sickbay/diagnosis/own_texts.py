"""Tells sentences that rules and checks put into facts from values of a request: a sentence is a constant of their code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any, Final

PACKAGES: Final = ("sickbay.diagnosis.", "sickbay.authorization.")
DEPTH: Final = 3
"""How deep constants are looked for in tables of a module."""


def is_own_text(text: str) -> bool:
    """Whether all of a text was written by Sickbay. Two constants may be joined by "and"."""
    stripped = text.strip()
    return stripped in _constants() or all(part in _constants() for part in stripped.split(" and "))


@cache
def _constants() -> frozenset[str]:
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
