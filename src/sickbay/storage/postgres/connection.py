"""Opens the database: one pool per process, work that is repeated on a new connection, and errors in one sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar

import asyncpg

from sickbay.settings.database import CannotOpen, Unavailable, shown
from sickbay.storage.postgres.locks import number
from sickbay.storage.postgres.migrations import migrate
from sickbay.storage.postgres.pool import PATIENCE, Connections
from sickbay.storage.postgres.servers import ENDED, LOST, Servers, check_pooler

OLDEST = 13
TRIES = 3
"""How often work that can be repeated is started. Each connection may be lost when the server is."""
T = TypeVar("T")


class ConnectionLost(Unavailable):
    """The connection ended during the work, so the server undid everything that wasn't committed."""


class Pool:
    """A connection pool, and the database's name without its password, for messages.

    locks_hold: advisory locks work. CockroachDB accepts them and does nothing.
    """

    def __init__(self, connections: Connections, name: str, locks_hold: bool = True) -> None:
        self._connections, self.name, self.locks_hold = connections, name, locks_hold

    def connection(self) -> _Turn:
        """Borrow a connection. Raises Unavailable if the database went away; the next connection is a new one."""
        return _Turn(self._connections, self.name)

    def waiting(self) -> int:
        """The number of requests of this process that wait for a connection."""
        return self._connections.waiting()

    @property
    def generation(self) -> int:
        """A number that is higher after each new connection, which may lead to another server."""
        return self._connections.opened

    async def repeatable(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Do work that may be done twice on a connection. If the connection is lost, repeat the work on a new one."""
        for _ in range(TRIES - 1):
            try:
                async with self.connection() as connection:
                    return await work(connection)
            except ConnectionLost:
                continue
        async with self.connection() as connection:
            return await work(connection)

    async def close(self) -> None:
        try:
            await self._connections.close()
        except LOST:
            self._connections.drop()


class _Turn:
    """An `async with` block. Using a generator would double its cost."""

    __slots__ = ("_connection", "_connections", "_name")

    def __init__(self, connections: Connections, name: str) -> None:
        self._connections, self._name = connections, name
        self._connection: Any = None

    async def __aenter__(self) -> Any:
        try:
            self._connection = await self._connections.take()
        except LOST as error:
            raise Unavailable(_away(error, self._name)) from error
        return self._connection

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, ENDED):
            self._connection.terminate()
        lost = isinstance(error, LOST) and self._connection.is_closed()
        self._connections.give(self._connection)
        if lost:
            self._connections.drop()  # the others lead to the same server
        if isinstance(error, LOST):
            raise (ConnectionLost if lost else Unavailable)(_away(error, self._name)) from error


async def connect(address: str) -> Pool:
    """Return a pool for a database with the newest schema. Raises CannotOpen with a one-sentence message."""
    name = shown(address)
    servers = Servers(address)
    connections = Connections(servers.connect, LOST)
    try:
        connection = await connections.take()
        try:
            await _suitable(connection, name)
            if servers.pooled:
                await check_pooler(connection, servers, name)
            locks_hold = await _locks_hold(connection)
            await migrate(connection, name)
        except BaseException:
            connection.terminate()
            raise
    except (ValueError, OverflowError, asyncpg.PostgresError, *LOST) as error:
        raise CannotOpen(_why(error, name)) from error
    connections.give(connection)
    return Pool(connections, name, locks_hold)


def _away(error: BaseException, name: str) -> str:
    return f"PostgreSQL at {name} does not answer: {_one_line(error)}"


def _why(error: BaseException, name: str) -> str:
    match error:
        case ValueError() | OverflowError():  # the message may contain the address with its password
            return f"{name} is not a database address. Use postgresql://user@host/database."
        case asyncpg.InvalidCatalogNameError():
            return f"Database {name} doesn't exist. Create it with createdb."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL rejected the connection to {name}: {_one_line(error)}"
        case _ if isinstance(error, LOST):
            return _away(error, name)
    return f"Can't create the tables in {name}: {_one_line(error)}"


async def _locks_hold(connection: Any) -> bool:
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock_shared({number('probe')})")
        mine = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        return bool(await connection.fetchval(mine))


async def _suitable(connection: Any, name: str) -> None:
    version = connection.get_server_version().major
    if version < OLDEST:
        raise CannotOpen(f"Sickbay needs PostgreSQL {OLDEST} or newer; {name} runs {version}.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise CannotOpen(f"Sickbay needs a database with encoding UTF8; {name} uses {encoding}.")


def _one_line(error: BaseException) -> str:
    """Return the error on one line. PostgreSQL and asyncpg never repeat a password."""
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE:.0f} seconds"
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return "none of the servers accepts writes."
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".") + "."
