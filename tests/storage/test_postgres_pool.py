"""The connection pool and its queue: with fake connections that count, and finally with real ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.postgres import Server as Postgres

from sickbay.storage.postgres import pool
from sickbay.storage.postgres.connection import Pool, connect
from sickbay.storage.postgres.pool import MOST, Connections
from sickbay.storage.postgres.writer import in_transaction


class Connection:
    def __init__(self, number: int) -> None:
        self.number, self.closed = number, False

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True

    async def close(self, **options: float) -> None:
        self.closed = True


class Server:
    """A fake server. `failing`: connecting fails."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.failing = False
        self.connections = Connections(self.connect)

    async def connect(self) -> Connection:
        await asyncio.sleep(0)
        if self.failing:
            raise ConnectionRefusedError
        self.opened.append(Connection(len(self.opened)))
        return self.opened[-1]

    async def all(self) -> list[Connection]:
        return [await self.connections.take() for _ in range(MOST)]


@pytest.fixture
def server() -> Server:
    return Server()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_free_connection_is_reused(server: Server) -> None:
    for _ in range(3):
        server.connections.give(await server.connections.take())
    assert len(server.opened) == 1


@pytest.mark.anyio
async def test_the_number_of_connections_is_limited_and_waiting_requests_are_served_in_order(server: Server) -> None:
    connections = await server.all()
    waiting = [asyncio.create_task(server.connections.take()) for _ in range(3)]
    await turns()
    assert not any(task.done() for task in waiting)
    assert server.connections.waiting() == 3
    for connection in connections[:3]:
        server.connections.give(connection)
    assert server.connections.waiting() == 0
    assert await asyncio.gather(*waiting) == connections[:3]
    assert len(server.opened) == MOST


@pytest.mark.anyio
async def test_a_closed_connection_is_replaced_with_or_without_waiting_requests(server: Server) -> None:
    connections = await server.all()
    waiting = asyncio.create_task(server.connections.take())
    await turns()
    connections[0].closed = True
    server.connections.give(connections[0])
    assert (await waiting).number == MOST
    server.connections.give(connections[1])
    connections[1].closed = True
    assert (await server.connections.take()).number == MOST + 1


@pytest.mark.anyio
async def test_a_connection_that_was_idle_for_long_is_not_reused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await server.connections.take()
    server.connections.give(first)
    monkeypatch.setattr(pool, "LASTS", 0.0)
    assert (await server.connections.take()).number == 1
    assert first.closed


@pytest.mark.anyio
async def test_a_failed_connection_attempt_frees_its_place(server: Server) -> None:
    server.failing = True
    for _ in range(MOST + 1):
        with pytest.raises(ConnectionRefusedError):
            await server.connections.take()
    server.failing = False
    assert len(await server.all()) == MOST


@pytest.mark.anyio
async def test_a_waiting_request_fails_if_connecting_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FAILOVER", 0.1)
    connections = await server.all()
    server.failing = True
    waiting = [asyncio.create_task(server.connections.take()) for _ in range(3)]
    await turns()
    connections[0].closed = True
    server.connections.give(connections[0])
    assert {type(result) for result in await asyncio.gather(*waiting, return_exceptions=True)} == {ConnectionRefusedError}


@pytest.mark.parametrize("returned", [False, True], ids=["before", "at the same moment"])
@pytest.mark.anyio
async def test_a_cancelled_request_does_not_lose_a_connection(server: Server, returned: bool) -> None:
    connections = await server.all()
    first, second = (asyncio.create_task(server.connections.take()) for _ in range(2))
    await turns()
    if returned:
        server.connections.give(connections[0])
        first.cancel()
    else:
        first.cancel()
        await turns()
        server.connections.give(connections[0])
    assert await second is connections[0]
    assert first.cancelled()


@pytest.mark.anyio
async def test_waiting_times_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = await server.all()
    monkeypatch.setattr(pool, "PATIENCE", 0.01)
    with pytest.raises(TimeoutError):
        await server.connections.take()
    server.connections.give(connections[0])
    assert await server.connections.take() is connections[0]


@pytest.mark.anyio
async def test_closing_waits_for_connections_in_use(server: Server) -> None:
    connections = await server.all()
    for connection in connections[3:]:
        server.connections.give(connection)
    closing = asyncio.create_task(server.connections.close())
    await turns()
    assert [connection.closed for connection in connections] == [False] * 3 + [True] * (MOST - 3)
    connections[0].closed = True
    for connection in connections[:3]:
        server.connections.give(connection)
    await closing
    assert all(connection.closed for connection in connections)
    assert len(server.opened) == MOST


@pytest.mark.anyio
async def test_closing_ends_even_if_a_connection_is_not_returned(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 0.01)
    connections = await server.all()
    closing = asyncio.create_task(Pool(server.connections, "somewhere").close())
    await turns()
    server.connections.give(connections[0])
    await closing
    assert [connection.closed for connection in connections] == [True] + [False] * (MOST - 1)


@pytest.mark.anyio
async def test_a_query_cancelled_while_running_leaves_a_usable_connection(postgres: Postgres) -> None:
    opened = await connect(postgres.address())

    async def long() -> None:
        async with opened.connection() as db:
            await db.execute("SELECT pg_sleep(60)")

    async with asyncio.timeout(30):
        for _ in range(MOST + 2):
            asking = asyncio.create_task(long())
            await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.sleep(0)
            async with opened.connection() as db:
                assert await db.fetchval("SELECT 1") == 1
        await opened.close()


@pytest.mark.anyio
async def test_a_transaction_cancelled_while_running_is_rolled_back(postgres: Postgres) -> None:
    opened = await connect(postgres.address())

    async def long(db: Any) -> None:
        await db.execute("INSERT INTO meta VALUES ('half', '')")
        await db.execute("SELECT pg_sleep(60)")

    async with asyncio.timeout(30):
        for _ in range(MOST + 2):
            writing = asyncio.create_task(in_transaction(opened, "SELECT 1", long))
            await asyncio.sleep(0.02)
            writing.cancel()
            await asyncio.wait([writing])
            async with opened.connection() as db:
                assert not db.is_in_transaction()
                assert await db.fetchval("SELECT count(*) FROM meta WHERE name = 'half'") == 0
        await opened.close()
