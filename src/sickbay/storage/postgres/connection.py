"""Connects to the database: one pool per process, session settings that keep our plans, and errors in one sentence."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any

import asyncpg

from sickbay.settings.database import CannotOpen, Unavailable, shown
from sickbay.storage.postgres.migrations import migrate
from sickbay.storage.postgres.pool import PATIENCE, Connections

OLDEST = 13
SESSION = {
    "application_name": "sickbay",
    "join_collapse_limit": "1",  # join in the order of the text
    "enable_seqscan": "off",  # every query has an index, whatever the statistics of a table that was just filled say
    "enable_hashjoin": "off",  # a page ends soon, so looking up each of its rows is cheapest, as on SQLite
    "enable_mergejoin": "off",
    "jit": "off",  # compiling costs more than any of our statements
    "max_parallel_workers_per_gather": "0",  # starting workers takes 5 ms, and generic plans can't tell when it would pay
    "plan_cache_mode": "force_generic_plan",  # the plan doesn't depend on the values, so it is made only once
}
LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


class Pool:
    """A connection pool, and the database's name without its password, for messages."""

    def __init__(self, connections: Connections, name: str) -> None:
        self._connections, self.name = connections, name

    def connection(self) -> _Turn:
        """Borrow a connection. Raises Unavailable if the database went away; the next connection is a new one."""
        return _Turn(self._connections, self.name)

    def waiting(self) -> int:
        """The number of requests of this process that wait for a connection."""
        return self._connections.waiting()

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
        self._connections.give(self._connection)
        if isinstance(error, LOST):
            raise Unavailable(_away(error, self._name)) from error


async def connect(address: str) -> Pool:
    """Return a pool for a database with the newest schema. Raises CannotOpen with a one-sentence message."""
    name = shown(address)
    make_connection = partial(
        asyncpg.connect,
        address,
        server_settings=SESSION,
        statement_cache_size=1000,
        timeout=PATIENCE,
        max_cached_statement_lifetime=0,
    )
    connections = Connections(make_connection)
    try:
        connection = await connections.take()
        try:
            await _suitable(connection, name)
            await migrate(connection, name)
        except BaseException:
            connection.terminate()
            raise
    except (ValueError, OverflowError, asyncpg.PostgresError, *LOST) as error:
        raise CannotOpen(_why(error, name)) from error
    connections.give(connection)
    return Pool(connections, name)


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
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".") + "."
