"""Limits the work of reading pasted code. Code can double a string, or put a list into itself, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

STEPS_AT_LEAST, STEPS_PER_CHARACTER = 5_000, 2
"""Steps for a text: a minimum, and more for each character. Code that people paste needs about one step for two characters."""
WRITTEN_AT_LEAST, WRITTEN_PER_CHARACTER = 20_000, 10
"""Maximum number of characters in values that are built from others."""


class BudgetSpent(Exception):
    """Reading stops here. What was read so far is correct."""


class CodeBudget:
    """The steps and characters that are left."""

    __slots__ = ("characters", "steps")

    def __init__(self, length: int) -> None:
        self.steps = STEPS_AT_LEAST + STEPS_PER_CHARACTER * length
        self.characters = WRITTEN_AT_LEAST + WRITTEN_PER_CHARACTER * length


_current: ContextVar[CodeBudget | None] = ContextVar("budget", default=None)


class Meter:
    """Stops work that takes too many steps for a text of this length, in characters. is_spent: something was stopped."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.is_spent = False

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Leaves the block when its budget is spent."""
        before = _current.set(CodeBudget(self._length))
        try:
            yield
        except BudgetSpent:
            self.is_spent = True
        finally:
            _current.reset(before)


def spend(steps: int = 1, characters: int = 0) -> None:
    """Call this in each step that can repeat more often than the code is long, and before building a value from others.

    Raises BudgetSpent.
    """
    budget = _current.get()
    if budget is not None:
        budget.steps -= steps
        budget.characters -= characters
        if budget.steps < 0 or budget.characters < 0:
            raise BudgetSpent
