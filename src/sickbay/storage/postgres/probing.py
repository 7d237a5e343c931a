"""Runs the statements of an explanation with a time limit of their own, which the server keeps."""

from __future__ import annotations

from time import monotonic
from typing import Any

import asyncpg

from sickbay.storage.postgres.sql_dialect import to_postgres, values
from sickbay.storage.probe import OutOfTime
from sickbay.storage.query.statement import Row, Statement

STATEMENT_MILLISECONDS = 50
"""The most time of one statement, so that one costly question leaves time for the others."""


class TimeLimit:
    """The time that the statements of one job may take in total."""

    def __init__(self, db: Any, milliseconds: int) -> None:
        self._db, self._left = db, milliseconds / 1000

    async def fetch(self, statement: Statement) -> list[Row]:
        """Return the rows. Raises OutOfTime."""
        left = min(STATEMENT_MILLISECONDS, int(1000 * self._left))
        if left <= 0:
            raise OutOfTime
        text, lists = to_postgres(statement.text)
        began = monotonic()
        try:
            async with self._db.transaction(readonly=True):
                await self._db.execute(f"SET LOCAL statement_timeout = {left}")
                rows: list[Row] = await self._db.fetch(text, *values(statement.binds, lists))
                return rows
        except asyncpg.QueryCanceledError:
            raise OutOfTime from None
        finally:
            self._left -= monotonic() - began
