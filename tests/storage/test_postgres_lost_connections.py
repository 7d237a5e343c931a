"""Connections that are lost during work: what is repeated, and what isn't."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from sickbay.settings.database import Unavailable, UnknownOutcome
from sickbay.storage.postgres import pool
from sickbay.storage.postgres.connection import TRIES, Pool
from sickbay.storage.postgres.failures import LOST
from sickbay.storage.postgres.pool import MAX_CONNECTIONS, Connections, Use
from sickbay.storage.postgres.writer import run_in_transaction

GONE = asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class FakeConnection:
    """failures: for each statement, the error that it raises, once. A lost connection is closed."""

    def __init__(self, failures: dict[str, BaseException]) -> None:
        self._failures, self._closed, self._begun = failures, False, False
        self.statements: list[str] = []

    def is_closed(self) -> bool:
        return self._closed

    def terminate(self) -> None:
        self._closed = True

    def is_in_transaction(self) -> bool:
        return self._begun

    async def execute(self, text: str) -> None:
        word = text.split()[0]
        self.statements.append(word)
        if word in self._failures:
            raise self._failures.pop(word)
        self._begun = word == "BEGIN"


class FakeDatabase:
    def __init__(self, **failures: BaseException) -> None:
        self.failures = failures
        self.connections: list[FakeConnection] = []
        self.away = 0
        self.queue = Connections(self.connect, LOST)
        self.pool = Pool(self.queue, "somewhere")

    async def connect(self) -> FakeConnection:
        if self.away:
            self.away -= 1
            raise ConnectionRefusedError
        self.connections.append(FakeConnection(self.failures))
        return self.connections[-1]


async def work(connection: Any) -> str:
    await connection.execute("WORK")
    return "done"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _: asleep(0))


ENDINGS = [GONE, asyncpg.AdminShutdownError("x"), asyncpg.ReadOnlySQLTransactionError("x"), asyncpg.InternalClientError("x")]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
@pytest.mark.anyio
async def test_a_read_is_repeated_on_a_new_connection(ending: Exception) -> None:
    database = FakeDatabase(WORK=ending)
    assert await database.pool.repeat_if_lost(work) == "done"
    assert [connection.is_closed() for connection in database.connections] == [True, False]
    assert database.pool.generation == 2


@pytest.mark.anyio
async def test_a_read_that_ends_every_connection_is_given_up() -> None:
    database, tries = FakeDatabase(), []

    async def ending(connection: Any) -> None:
        tries.append(connection)
        connection.terminate()
        raise GONE

    with pytest.raises(Unavailable, match="does not answer"):
        await database.pool.repeat_if_lost(ending)
    assert len(tries) == TRIES


@pytest.mark.anyio
async def test_one_lost_connection_drops_the_idle_ones_and_frees_their_places() -> None:
    database = FakeDatabase()
    first = [await database.queue.take(Use.LOOKUP) for _ in range(MAX_CONNECTIONS)]
    for connection in first:
        database.queue.give(connection, Use.LOOKUP)
    database.failures["WORK"] = GONE
    await database.pool.repeat_if_lost(work)
    assert all(connection.is_closed() for connection in first)
    assert len({await database.queue.take(Use.LOOKUP) for _ in range(MAX_CONNECTIONS)}) == MAX_CONNECTIONS


@pytest.mark.parametrize("lost_at", ["BEGIN", "WORK"])
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
@pytest.mark.anyio
async def test_a_transaction_lost_before_its_commit_is_repeated(lost_at: str, ending: Exception) -> None:
    database = FakeDatabase(**{lost_at: ending})
    assert await run_in_transaction(database.pool, "SELECT 1", work) == "done"
    assert database.connections[-1].statements == ["BEGIN", "WORK", "COMMIT"]


@pytest.mark.parametrize("ending", [*ENDINGS[:2], TimeoutError(), asyncpg.StatementCompletionUnknownError("x")])
@pytest.mark.anyio
async def test_a_transaction_lost_during_its_commit_is_not_repeated(ending: Exception) -> None:
    database = FakeDatabase(COMMIT=ending)
    with pytest.raises(UnknownOutcome) as raised:
        await run_in_transaction(database.pool, "SELECT 1", work)
    assert "nothing was changed" not in raised.value.detail
    assert [connection.statements for connection in database.connections] == [["BEGIN", "WORK", "COMMIT"]]


@pytest.mark.anyio
async def test_a_transaction_whose_commit_is_refused_is_not_of_unknown_outcome() -> None:
    database = FakeDatabase(COMMIT=asyncpg.DiskFullError("x"))
    with pytest.raises(Unavailable) as raised:
        await run_in_transaction(database.pool, "SELECT 1", work)
    assert not isinstance(raised.value, UnknownOutcome)


@pytest.mark.anyio
async def test_requests_wait_for_the_next_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    database = FakeDatabase(WORK=GONE)
    await database.pool.repeat_if_lost(work)
    database.connections[-1].terminate()
    database.away = 5
    assert await database.pool.repeat_if_lost(work) == "done"


@pytest.mark.anyio
async def test_requests_fail_at_once_if_there_is_no_primary_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    database = FakeDatabase()
    await database.pool.repeat_if_lost(work)
    database.connections[-1].terminate()
    monkeypatch.setattr(pool, "FAILOVER_SECONDS", 0.0)
    database.away = 2
    for _ in range(2):
        with pytest.raises(Unavailable):
            await database.pool.repeat_if_lost(work)
    assert await database.pool.repeat_if_lost(work) == "done"


@pytest.mark.anyio
async def test_a_database_that_never_answered_is_not_waited_for() -> None:
    database = FakeDatabase()
    database.away = 1
    with pytest.raises(Unavailable):
        await database.pool.repeat_if_lost(work)
    assert database.away == 0
