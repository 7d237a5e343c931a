"""Phrases that several rules share."""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.kernel.checks import Facts
from sickbay.kernel.english import count, join


def add_count(facts: Facts) -> Facts:
    """The facts with `count` as words in `counted`: 1 problem, 2 problems."""
    return {**facts, "counted": count(facts["count"], "problem")}


def join_as_code(items: Iterable[object], *, word: str = "and") -> str:
    """The items as a phrase: `a`, `a` and `b`, `a`, `b` and `c`. Without items it is "none"."""
    return join([f"`{item}`" for item in items] or ["none"], word)
