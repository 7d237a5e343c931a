"""Phrases that several rules share."""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.kernel.refusal import Facts


def counted(facts: Facts) -> Facts:
    """The facts with `count` as words in `counted`: 1 problem, 2 problems."""
    count = facts["count"]
    return {**facts, "counted": f"{count} problem{'' if count == 1 else 's'}"}


def listed(items: Iterable[object], *, word: str = "and") -> str:
    """The items as a phrase: `a`, `a` and `b`, `a`, `b` and `c`. Without items it is "none"."""
    *first, last = [f"`{item}`" for item in items] or ["none"]
    return f"{', '.join(first)} {word} {last}" if first else last
