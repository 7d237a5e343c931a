"""Connections and who waits for one: on stand-ins that count, and at the end on real ones."""

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

    async def close(self, **asked: float) -> None:
        self.closed = True


class Server:
    """`failing`: connecting does not work."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.failing = False
        self.connections = Connections(self.connect)

    async def connect(self) -> Connection:
        await asyncio.sleep(0)
        if self.failing:
            raise ConnectionRefusedError
        self.made.append(Connection(len(self.made)))
        return self.made[-1]

    async def all(self) -> list[Connection]:
        return [await self.connections.take() for _ in range(MOST)]


@pytest.fixture
def server() -> Server:
    return Server()


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_a_connection_that_is_free_is_taken_again(server: Server) -> None:
    for _ in range(3):
        server.connections.give(await server.connections.take())
    assert len(server.made) == 1


@pytest.mark.anyio
async def test_no_more_are_made_than_there_are_places_and_who_waits_is_served_in_order(server: Server) -> None:
    held = await server.all()
    waiting = [asyncio.create_task(server.connections.take()) for _ in range(3)]
    await turns()
    assert not any(one.done() for one in waiting)
    for one in held[:3]:
        server.connections.give(one)
    assert await asyncio.gather(*waiting) == held[:3]
    assert len(server.made) == MOST


@pytest.mark.anyio
async def test_a_closed_connection_is_replaced_whether_somebody_waits_or_not(server: Server) -> None:
    held = await server.all()
    waiting = asyncio.create_task(server.connections.take())
    await turns()
    held[0].closed = True
    server.connections.give(held[0])
    assert (await waiting).number == MOST
    server.connections.give(held[1])
    held[1].closed = True
    assert (await server.connections.take()).number == MOST + 1


@pytest.mark.anyio
async def test_one_that_lay_idle_for_long_is_not_trusted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await server.connections.take()
    server.connections.give(first)
    monkeypatch.setattr(pool, "LASTS", 0.0)
    assert (await server.connections.take()).number == 1
    assert first.closed


@pytest.mark.anyio
async def test_where_connecting_fails_the_place_is_free_again(server: Server) -> None:
    server.failing = True
    for _ in range(MOST + 1):
        with pytest.raises(ConnectionRefusedError):
            await server.connections.take()
    server.failing = False
    assert len(await server.all()) == MOST


@pytest.mark.anyio
async def test_who_waits_for_a_place_is_told_when_connecting_fails(server: Server) -> None:
    held = await server.all()
    server.failing = True
    waiting = [asyncio.create_task(server.connections.take()) for _ in range(3)]
    await turns()
    held[0].closed = True
    server.connections.give(held[0])
    assert {type(one) for one in await asyncio.gather(*waiting, return_exceptions=True)} == {ConnectionRefusedError}


@pytest.mark.parametrize("given", [False, True], ids=["before", "in the same moment"])
@pytest.mark.anyio
async def test_who_stops_waiting_takes_nothing_along(server: Server, given: bool) -> None:
    held = await server.all()
    first, second = (asyncio.create_task(server.connections.take()) for _ in range(2))
    await turns()
    if given:
        server.connections.give(held[0])
        first.cancel()
    else:
        first.cancel()
        await turns()
        server.connections.give(held[0])
    assert await second is held[0]
    assert first.cancelled()


@pytest.mark.anyio
async def test_nobody_waits_for_ever(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    held = await server.all()
    monkeypatch.setattr(pool, "PATIENCE", 0.01)
    with pytest.raises(TimeoutError):
        await server.connections.take()
    server.connections.give(held[0])
    assert await server.connections.take() is held[0]


@pytest.mark.anyio
async def test_closing_waits_for_those_in_use(server: Server) -> None:
    held = await server.all()
    for one in held[3:]:
        server.connections.give(one)
    closing = asyncio.create_task(server.connections.close())
    await turns()
    assert [one.closed for one in held] == [False] * 3 + [True] * (MOST - 3)
    held[0].closed = True
    for one in held[:3]:
        server.connections.give(one)
    await closing
    assert all(one.closed for one in held)
    assert len(server.made) == MOST


@pytest.mark.anyio
async def test_closing_ends_though_one_does_not_come_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 0.01)
    held = await server.all()
    closing = asyncio.create_task(Pool(server.connections, "somewhere").close())
    await turns()
    server.connections.give(held[0])
    await closing
    assert [one.closed for one in held] == [True] + [False] * (MOST - 1)


@pytest.mark.anyio
async def test_who_goes_away_in_the_midst_of_a_question_leaves_a_connection_that_answers(postgres: Postgres) -> None:
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
async def test_who_goes_away_in_the_midst_of_a_transaction_leaves_nothing_of_it(postgres: Postgres) -> None:
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
