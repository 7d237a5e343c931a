"""Keeps the planner's statistics up to date with what is written.

Without statistics, the planner can't tell a row's own index from one that starts with the type, and reads thousands of rows
instead of one. The server's autovacuum runs once a minute, and never on data that was restored from a dump.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from asyncpg import PostgresError

from sickbay.settings.database import Unavailable
from sickbay.storage.postgres.connection import Pool
from sickbay.storage.postgres.pool import Use
from sickbay.storage.query.space_tables import TABLES

LOG = logging.getLogger("sickbay")
MINIMUM_RESOURCES = 100
"""Number of resources from which statistics matter."""
ANALYZE = f"ANALYZE (SKIP_LOCKED) {', '.join((*TABLES, 'term'))}"
_KNOWN = (
    "SELECT reltuples::bigint, relpages, pg_relation_size(oid) / current_setting('block_size')::int"
    " FROM pg_class WHERE oid = 'resource'::regclass"
)
PAGES = 20
"""A table with fewer pages is small, whatever its statistics say."""


class Statistics:
    """Updates the statistics whenever the number of resources has doubled. `open` reads the current number."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known, self._written = MINIMUM_RESOURCES, 0
        self._making: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read the number of resources. Updates the statistics now if they are from when the database was much smaller."""
        async with self._pool.connection() as db:
            rows, known, pages = await db.fetchrow(_KNOWN)
        self._known = max(rows, MINIMUM_RESOURCES)
        if pages > max(2 * known, PAGES):
            await self.make()

    def count_written_resources(self, count: int) -> None:
        """Count written resources. May start an update in the background."""
        self._written += count
        if self._written >= self._known and (self._making is None or self._making.done()):
            self._making = asyncio.get_running_loop().create_task(self._make_or_log())

    async def make(self) -> None:
        self._known, self._written = self._known + self._written, 0
        async with self._pool.connection(Use.WRITE, patient=True) as db, db.transaction():
            await db.execute(f"SET LOCAL statement_timeout = 0; {ANALYZE}")

    async def close(self) -> None:
        if self._making is not None:
            self._making.cancel()
            with suppress(asyncio.CancelledError):
                await self._making

    async def _make_or_log(self) -> None:
        try:
            await self.make()
        except (Unavailable, PostgresError) as error:
            LOG.warning("Updating the database statistics failed: %s", error)
