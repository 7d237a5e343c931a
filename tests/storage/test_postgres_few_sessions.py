"""A pooler with fewer sessions than workers, as PgBouncer in transaction pooling (make prove runs the real one)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Server

from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.settings import Settings
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.postgres.store import PostgresStore

SPACE = ResourceSpace("general", "r4")
WORKERS, SESSIONS = 4, 3
STATEMENTS = ("execute", "executemany", "fetch", "fetchval", "fetchrow")


class PooledConnection:
    """A connection that has a session of the server only during a statement or a transaction."""

    def __init__(self, connection: Any, sessions: asyncio.Semaphore) -> None:
        self._connection, self._sessions = connection, sessions
        self._has_session = False

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        return self._in_session(attribute) if name in STATEMENTS else attribute

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        await self.execute("BEGIN")
        try:
            yield
        finally:
            await self.execute("COMMIT")

    def _in_session(self, statement: Any) -> Any:
        async def run(text: str, *arguments: Any) -> Any:
            if not self._has_session:
                await self._sessions.acquire()
                self._has_session = True
            try:
                return await statement(text, *arguments)
            finally:
                if not self._connection.is_in_transaction():
                    self._has_session = False
                    self._sessions.release()

        return run


def share(sandbox: Sandbox, sessions: asyncio.Semaphore) -> None:
    """From now on, all connections of this worker share these sessions with those of the others."""
    assert isinstance(sandbox.runtime.store, PostgresStore)
    connections = sandbox.runtime.store._pool.connections
    connect = connections._connect
    connections.drop()

    async def pool() -> PooledConnection:
        return PooledConnection(await connect(), sessions)

    connections._connect = pool


@pytest.mark.anyio
async def test_the_first_writes_of_more_workers_than_sessions_end(postgres: Server, tmp_path: Path) -> None:
    """Each worker creates the patients of an empty database, and none may hold a session while it waits for a second one."""
    configured = Settings(folder=tmp_path, data=postgres.address(), patients=5, workers=WORKERS)
    sessions = asyncio.Semaphore(SESSIONS)
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        sandboxes = [await open_sandbox(configured) for _ in range(WORKERS)]
        for sandbox in sandboxes:
            stack.push_async_callback(sandbox.close)
            share(sandbox, sessions)
        await asyncio.gather(*(sandbox.filling.ensure(SPACE) for sandbox in sandboxes for _ in range(3)))
    assert sessions._value == SESSIONS
