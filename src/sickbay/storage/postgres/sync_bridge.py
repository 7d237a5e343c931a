"""Code that asks and waits, on an event loop that does not wait.

Planning a search asks for numbers on the way, and is written once, for an engine that answers at once. Here it runs in a
greenlet: where it asks, the greenlet hands its statement to the coroutine that drives it, and goes on with the rows.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from greenlet import getcurrent, greenlet

from sickbay.storage.query.statement import Row, Statement

T = TypeVar("T")
Fetch: TypeAlias = Callable[[Statement], Awaitable[list[Row]]]


class SyncReader:
    """A `storage.sql.statement.Reader` for code that `in_turn` runs; `run` is its `Run`. stamp: the store's."""

    def __init__(self, stamp: Callable[[], int | None] = lambda: None) -> None:
        self.stamp = stamp

    def run(self, statement: Statement) -> list[Row]:
        driver = getcurrent().parent
        assert driver is not None, "asked outside of in_turn"
        found: list[Row] = driver.switch(statement)
        return found

    def rows(self, text: str, binds: Sequence[Any] = ()) -> list[Row]:
        return self.run(Statement(text, tuple(binds)))

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        found = self.rows(text, binds)
        return found[0][0] if found else None


async def in_turn(fetch: Fetch, job: Callable[[], T]) -> T:
    """The job's value; whatever it asks is fetched in between, and what fetching raises is raised where it asked."""
    turn = greenlet(job)
    told = turn.switch()
    while not turn.dead:
        try:
            rows = await fetch(told)
        except BaseException:
            told = turn.throw(*sys.exc_info())
        else:
            told = turn.switch(rows)
    value: T = told
    return value
