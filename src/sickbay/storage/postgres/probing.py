"""Runs the statements of an explanation in one transaction, with time limits of their own."""

from __future__ import annotations

from time import monotonic
from typing import Any

import asyncpg

from sickbay.storage.postgres.sql_dialect import convert_values, translate_to_postgres
from sickbay.storage.probe import TooCostly
from sickbay.storage.query.statement import Row, Statement

STATEMENT_MILLISECONDS = 2_000
"""The time limit of one statement, which the server enforces. Statements read a limited number of rows, so that even a busy
machine rarely needs that long.
"""
EXPLANATION_MILLISECONDS = 10_000
"""The time limit of all statements of an explanation."""


class TimeLimit:
    """An `async with` block whose statements may take this time in total, and see one state of the database."""

    def __init__(self, db: Any, milliseconds: int) -> None:
        self._db, self._left = db, milliseconds / 1000
        self._transaction: Any = None
        self._limit = 0
        """Time limit for the next statement of the transaction, in milliseconds; 0 for none."""

    async def __aenter__(self) -> TimeLimit:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._roll_back()

    async def fetch(self, statement: Statement) -> list[Row]:
        """Return the rows. Raises TooCostly."""
        if self._left <= 0:
            raise TooCostly
        text, lists = translate_to_postgres(statement.text)
        began = monotonic()
        try:
            await self._begin_transaction()
            await self._limit_statement()
            rows: list[Row] = await self._db.fetch(text, *convert_values(statement.binds, lists))
            return rows
        except asyncpg.QueryCanceledError:
            await self._roll_back()
            raise TooCostly from None
        finally:
            self._left -= monotonic() - began

    async def _begin_transaction(self) -> None:
        """Begin again if a statement that took too long ended the transaction."""
        if self._transaction is None:
            self._transaction = self._db.transaction(isolation="repeatable_read", readonly=True)
            await self._transaction.start()

    async def _limit_statement(self) -> None:
        """Limit the next statement to the time that is left."""
        limit = max(1, min(STATEMENT_MILLISECONDS, int(self._left * 1000)))
        if limit != self._limit:
            await self._db.execute(f"SET LOCAL statement_timeout = {limit}")
            self._limit = limit

    async def _roll_back(self) -> None:
        transaction, self._transaction, self._limit = self._transaction, None, 0
        if transaction is not None and not self._db.is_closed():
            await transaction.rollback()
