"""Work on a connection that takes too long: it is ended, whatever the server does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.postgres import Server as Postgres
from tests.storage.test_postgres_pool import Connection, Server

from sickbay.settings.database import Unavailable, UnknownOutcome
from sickbay.storage.postgres import connection as connecting
from sickbay.storage.postgres.connection import Pool, connect
from sickbay.storage.postgres.writer import run_in_transaction


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "TURN_SECONDS", 0.05)
    monkeypatch.setattr(connecting, "SWEEP_SECONDS", 0.01)


@pytest.mark.anyio
async def test_work_that_takes_too_long_is_ended_and_its_connection_is_not_used_again(server: Server, impatient: None) -> None:
    opened = Pool(server.connections, "somewhere")

    async def hang(db: Any) -> None:
        await asyncio.sleep(60)

    with pytest.raises(Unavailable, match=r"somewhere does not answer: no answer in 0 s\."):
        await opened.repeat_if_lost(hang)
    assert [connection.closed for connection in server.opened] == [True]
    assert not opened.turns
    async with opened.connection(patient=True):
        await asyncio.sleep(0.2)  # longer than a turn
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


@pytest.mark.anyio
async def test_work_that_the_server_cancels_is_cancelled(server: Server, impatient: None) -> None:
    opened = Pool(server.connections, "somewhere")

    async def hang() -> None:
        async with opened.connection() as db:
            try:
                await asyncio.sleep(60)
            finally:
                task.cancel()  # at the same moment
                await asyncio.sleep(0)
            del db

    task = asyncio.create_task(hang())
    await asyncio.wait({task})
    assert task.cancelled()
    assert server.connections._busy == 0


@pytest.mark.anyio
async def test_a_commit_that_takes_too_long_may_have_happened(
    server: Server, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def execute(self: Connection, text: str) -> None:
        await asyncio.sleep(60 if text == "COMMIT" else 0)

    async def work(db: Any) -> None: ...

    monkeypatch.setattr(Connection, "execute", execute, raising=False)
    monkeypatch.setattr(Connection, "is_in_transaction", lambda self: False, raising=False)
    with pytest.raises(UnknownOutcome, match="didn't answer to a commit"):
        await run_in_transaction(Pool(server.connections, "somewhere"), "SELECT 1", work)


@pytest.mark.anyio
async def test_a_server_that_hangs_does_not_hang_its_clients(postgres: Postgres, impatient: None) -> None:
    """A statement that the server runs, and nothing else about it is wrong, as if its disk didn't respond."""
    opened = await connect(postgres.address())

    async def hang(db: Any) -> None:
        await db.execute("SELECT pg_sleep(60)")

    async with asyncio.timeout(30):
        with pytest.raises(Unavailable, match="no answer"):
            await opened.repeat_if_lost(hang)
        with pytest.raises(Unavailable, match="no answer"):
            await run_in_transaction(opened, "SELECT 1", hang)
        opened._seconds = 30.0  # on a busy machine, a query may take longer than such a short turn
        assert await opened.repeat_if_lost(lambda db: db.fetchval("SELECT 1")) == 1
        await opened.close()
