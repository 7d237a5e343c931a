"""Reaching the database: one pool a process, sessions that plan as we wrote, and troubles said in one sentence."""

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
    "join_collapse_limit": "1",  # the order of joins is the text's
    "enable_seqscan": "off",  # every question has its index, whatever the statistics say of a table just filled
    "enable_hashjoin": "off",  # a page ends soon: each of its rows looks up what is asked of it, as on SQLite
    "enable_mergejoin": "off",
    "jit": "off",  # compiling costs more than any of our statements
    "max_parallel_workers_per_gather": "0",  # to start workers takes 5 ms, and the plans are made for values nobody knows
    "plan_cache_mode": "force_generic_plan",  # what is asked for says nothing of the way there: no plan is made twice
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
    """Connections, and the name by which the database may be told to people: without its password."""

    def __init__(self, connections: Connections, name: str) -> None:
        self._connections, self.name = connections, name

    def connection(self) -> _Turn:
        """One for a while. Raises Unavailable where the database went away; a later one is connected anew."""
        return _Turn(self._connections, self.name)

    async def close(self) -> None:
        try:
            await self._connections.close()
        except LOST:
            self._connections.drop()


class _Turn:
    """`async with`: a generator would cost as much as all the rest of it."""

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
    """A pool on a database with the newest schema. Raises CannotOpen, in one sentence."""
    name = shown(address)
    making = partial(
        asyncpg.connect,
        address,
        server_settings=SESSION,
        statement_cache_size=1000,
        timeout=PATIENCE,
        max_cached_statement_lifetime=0,
    )
    connections = Connections(making)
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
    return f"PostgreSQL at {name} does not answer: {_said(error)}"


def _why(error: BaseException, name: str) -> str:
    match error:
        case ValueError() | OverflowError():  # what it says may hold the address, and that the password
            return f"{name} is no address of a database; it looks like postgresql://user@host/database."
        case asyncpg.InvalidCatalogNameError():
            return f"There is no such database as {name}; make it with createdb."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL does not let {name} in: {_said(error)}"
        case _ if isinstance(error, LOST):
            return _away(error, name)
    return f"The tables cannot be made in {name}: {_said(error)}"


async def _suitable(connection: Any, name: str) -> None:
    version = connection.get_server_version().major
    if version < OLDEST:
        raise CannotOpen(f"Sickbay needs PostgreSQL {OLDEST} or newer; {name} is {version}.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise CannotOpen(f"Sickbay needs a database in UTF8; {name} is in {encoding}.")


def _said(error: BaseException) -> str:
    """In one line. PostgreSQL and asyncpg never repeat a password."""
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE:.0f} seconds"
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".") + "."
