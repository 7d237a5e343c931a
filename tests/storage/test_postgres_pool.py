"""The connection pool and its queue: with fake connections that count, and finally with real ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.postgres import Server as Postgres

from sickbay.settings.database import Busy
from sickbay.storage.postgres import pool
from sickbay.storage.postgres.connection import Pool, connect
from sickbay.storage.postgres.pool import LIMITS, MAX_CONNECTIONS, MAX_WRITES, Connections, Use
from sickbay.storage.postgres.writer import run_in_transaction

QUERIES = LIMITS[Use.QUERY]


class Connection:
    def __init__(self, number: int) -> None:
        self.number, self.closed, self.in_transaction = number, False, False

    def is_in_transaction(self) -> bool:
        return self.in_transaction

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
        """All connections that queries can have."""
        return [await self.connections.take() for _ in range(QUERIES)]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pool's clock, which only the test moves."""
    now = [1000.0]
    monkeypatch.setattr(pool, "monotonic", lambda: now[0])
    return now


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
        await turns()
    assert server.connections.waiting() == 0
    assert await asyncio.gather(*waiting) == connections[:3]
    assert len(server.opened) == QUERIES


@pytest.mark.anyio
async def test_writes_leave_connections_to_queries_and_queries_leave_one_to_look_ups(server: Server) -> None:
    take = server.connections.take
    for _ in range(MAX_WRITES):
        await take(Use.WRITE)
    write = asyncio.create_task(take(Use.WRITE))
    for _ in range(QUERIES - MAX_WRITES):
        await take(Use.QUERY)
    query = asyncio.create_task(take(Use.QUERY))
    await take(Use.LOOKUP)
    lookup = asyncio.create_task(take(Use.LOOKUP))
    await turns()
    assert not any(task.done() for task in (write, query, lookup))
    assert len(server.opened) == MAX_CONNECTIONS
    for task in (write, query, lookup):
        task.cancel()


@given(st.lists(st.tuples(st.sampled_from(Use), st.booleans()), max_size=60), st.randoms(use_true_random=False))
def test_no_place_is_lost_or_given_twice(takes: list[tuple[Use, bool]], random: Any) -> None:
    """Requests of any use come, wait, are cancelled and return their connection, in any order."""

    async def play() -> None:
        server = Server()
        waiting: list[tuple[Use, asyncio.Task[Connection]]] = []
        for use, cancelled in takes:
            waiting.append((use, asyncio.create_task(server.connections.take(use))))
            if random.random() < 0.5:
                await turns()
            if cancelled:
                random.choice(waiting)[1].cancel()
            await give_one(server, waiting)
        while waiting:
            await turns()
            await give_one(server, waiting)
        assert (server.connections._busy, server.connections._writes, server.connections.waiting()) == (0, 0, 0)
        assert sum(not connection.closed for connection in server.opened) <= MAX_CONNECTIONS

    async def give_one(server: Server, waiting: list[tuple[Use, asyncio.Task[Connection]]]) -> None:
        in_use = [use for use, task in waiting if task.done() and not task.cancelled()]
        assert len(in_use) <= MAX_CONNECTIONS
        assert in_use.count(Use.WRITE) <= MAX_WRITES
        done = [pair for pair in waiting if pair[1].done()]
        if done and (random.random() < 0.5 or len(done) == len(waiting) or len(in_use) >= MAX_WRITES):
            use, task = random.choice(done)
            waiting.remove((use, task))
            if not task.cancelled():
                connection = task.result()
                connection.closed = random.random() < 0.2
                server.connections.give(connection, use)

    asyncio.run(play())


@pytest.mark.anyio
async def test_a_closed_connection_is_replaced_with_or_without_waiting_requests(server: Server) -> None:
    connections = await server.all()
    waiting = asyncio.create_task(server.connections.take())
    await turns()
    connections[0].closed = True
    server.connections.give(connections[0])
    assert (await waiting).number == QUERIES
    server.connections.give(connections[1])
    connections[1].closed = True
    assert (await server.connections.take()).number == QUERIES + 1


@pytest.mark.anyio
async def test_a_connection_with_an_open_transaction_is_not_reused(server: Server) -> None:
    """Its user was cancelled while it rolled back."""
    connection = await server.connections.take()
    connection.in_transaction = True
    server.connections.give(connection)
    assert connection.closed
    assert (await server.connections.take()).number == 1


@pytest.mark.anyio
async def test_a_connection_that_was_idle_for_long_is_not_reused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await server.connections.take()
    server.connections.give(first)
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.0)
    assert (await server.connections.take()).number == 1
    assert first.closed


@pytest.mark.anyio
async def test_a_failed_connection_attempt_frees_its_place(server: Server) -> None:
    server.failing = True
    for _ in range(MAX_CONNECTIONS + 1):
        with pytest.raises(ConnectionRefusedError):
            await server.connections.take()
    server.failing = False
    assert len(await server.all()) == QUERIES


@pytest.mark.anyio
async def test_a_waiting_request_fails_if_connecting_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FAILOVER_SECONDS", 0.1)
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


async def patience(server: Server, clock: list[float], use: Use, returned: list[float]) -> float:
    """How long a request waits while connections are returned to others at these seconds."""
    began = clock[0]
    connections = server.connections
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    while not turn.done():
        clock[0] += 0.5
        if returned and clock[0] - began >= returned[0]:
            returned.pop(0)
            connections._returned = connections._written = clock[0]
        connections._end_hopeless_wait(turn, use, began, 0.0)
    assert isinstance(turn.exception(), Busy)
    return clock[0] - began


@pytest.mark.anyio
async def test_a_request_waits_as_long_as_connections_are_returned_and_not_for_ever(server: Server, clock: list[float]) -> None:
    assert await patience(server, clock, Use.QUERY, []) == pool.STALLED_SECONDS
    assert await patience(server, clock, Use.QUERY, [2.0]) == 2.0 + pool.STALLED_SECONDS
    assert await patience(server, clock, Use.WRITE, [second * 1.0 for second in range(60)]) == pool.WAIT_SECONDS


@pytest.mark.anyio
async def test_a_write_waits_only_as_long_as_writes_end(server: Server, clock: list[float]) -> None:
    connections, began = server.connections, clock[0]
    clock[0] += pool.STALLED_SECONDS
    connections._returned = clock[0]
    assert connections._seconds_to_wait(Use.QUERY, began, 0.0) == pool.STALLED_SECONDS
    assert connections._seconds_to_wait(Use.WRITE, began, 0.0) == 0


@pytest.mark.anyio
async def test_waiting_ends_with_an_error_and_leaves_the_queue(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = await server.all()
    monkeypatch.setattr(pool, "STALLED_SECONDS", 0.01)
    with pytest.raises(Busy, match=f"of {QUERIES} write"):
        await server.connections.take()
    assert server.connections.waiting() == 0
    server.connections.give(connections[0])
    assert await server.connections.take() is connections[0]


@pytest.mark.anyio
async def test_the_time_that_a_request_waits_is_limited_in_total(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request needs several connections, one after the other."""
    monkeypatch.setattr(pool, "WAIT_SECONDS", 0.2)
    connections = await server.all()

    async def request() -> int:
        for count in range(100):
            given = asyncio.get_running_loop().call_later(0.05, server.connections.give, connections[0])
            try:
                await server.connections.take()
            except Busy:
                given.cancel()
                return count
        return 100

    assert 0 < await asyncio.create_task(request()) <= 5
    assert await asyncio.create_task(request()) > 0  # the next request has its own time


@pytest.mark.anyio
async def test_a_request_that_waits_while_the_server_is_lost_waits_for_the_next_one(server: Server, clock: list[float]) -> None:
    connections = server.connections
    connections.opened, connections._away_since = 1, clock[0]
    clock[0] += pool.STALLED_SECONDS + 1
    assert connections._seconds_to_wait(Use.QUERY, clock[0] - 5, 0.0) == pool.FAILOVER_SECONDS - pool.STALLED_SECONDS - 1


@pytest.mark.anyio
async def test_closing_waits_for_connections_in_use(server: Server) -> None:
    connections = await server.all()
    for connection in connections[3:]:
        server.connections.give(connection)
    closing = asyncio.create_task(server.connections.close())
    await turns()
    assert not closing.done()
    connections[0].closed = True
    for connection in connections[:3]:
        server.connections.give(connection)
    await closing
    assert all(connection.closed for connection in connections)
    assert len(server.opened) == QUERIES


@pytest.mark.anyio
async def test_closing_ends_even_if_a_connection_is_not_returned(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CLOSE_SECONDS", 0.01)
    connections = await server.all()
    server.connections.give(connections[0])
    await Pool(server.connections, "somewhere").close()
    assert [connection.closed for connection in connections] == [True] + [False] * (QUERIES - 1)


@pytest.mark.anyio
async def test_a_query_cancelled_while_running_leaves_a_usable_connection(postgres: Postgres) -> None:
    opened = await connect(postgres.address())

    async def long() -> None:
        async with opened.connection() as db:
            await db.execute("SELECT pg_sleep(60)")

    async with asyncio.timeout(30):
        for _ in range(MAX_CONNECTIONS + 2):
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
        for _ in range(MAX_CONNECTIONS + 2):
            writing = asyncio.create_task(run_in_transaction(opened, "SELECT 1", long))
            await asyncio.sleep(0.02)
            writing.cancel()
            await asyncio.wait([writing])
            async with opened.connection() as db:
                assert not db.is_in_transaction()
                assert await db.fetchval("SELECT count(*) FROM meta WHERE name = 'half'") == 0
        await opened.close()
