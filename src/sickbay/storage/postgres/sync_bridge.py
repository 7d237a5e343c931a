"""Runs synchronous query code on the event loop without blocking it.

Planning a search needs look-ups while it runs, and is written once, as synchronous code. Here it runs in a greenlet. For each
look-up, the greenlet passes its statement to the coroutine that drives it and continues with the rows.
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
    """An SqlReader for code that `run_in_turn` runs; `run` is its `Run`. stamp: the store's."""

    def __init__(self, stamp: Callable[[], int | None] = lambda: None) -> None:
        self.stamp = stamp

    def run(self, statement: Statement) -> list[Row]:
        driver = getcurrent().parent
        assert driver is not None, "called outside of in_turn"
        rows: list[Row] = driver.switch(statement)
        return rows

    def rows(self, text: str, binds: Sequence[Any] = ()) -> list[Row]:
        return self.run(Statement(text, tuple(binds)))

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        rows = self.rows(text, binds)
        return rows[0][0] if rows else None


async def run_in_turn(fetch: Fetch, job: Callable[[], T]) -> T:
    """Run the job and return its value. Its statements are fetched in between; errors are raised in the job where it made the
    query.
    """
    runner = greenlet(job)
    result = runner.switch()
    while not runner.dead:
        try:
            rows = await fetch(result)
        except BaseException:
            result = runner.throw(*sys.exc_info())
        else:
            result = runner.switch(rows)
    value: T = result
    return value
