"""Reaching the database: one pool a process, sessions that plan as we wrote, and troubles said in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from sickbay.settings.database import CannotOpen, Unavailable, shown
from sickbay.storage.postgres.migrations import migrate

OLDEST = 13
PATIENCE = 15.0
"""Seconds that connecting, or waiting for a free connection, may take."""
MOST = 10
"""Connections of one process."""
SESSION = {
    "application_name": "sickbay",
    "join_collapse_limit": "1",  # the order of joins is the text's
    "enable_seqscan": "off",  # every question has its index, whatever the statistics say of a table just filled
    "jit": "off",  # compiling costs more than any of our statements
}
LOST = (
    OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)  # fmt: skip


class Pool:
    """Connections, and the name by which the database may be told to people: without its password."""

    def __init__(self, pool: asyncpg.Pool, name: str) -> None:
        self._pool, self.name = pool, name

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """One for a while. Raises Unavailable where the database went away; a later one is connected anew."""
        try:
            async with self._pool.acquire(timeout=PATIENCE) as connection:
                yield connection
        except LOST as error:
            raise Unavailable(f"PostgreSQL at {self.name} does not answer: {_said(error)}") from error

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._pool.close(), PATIENCE)
        except LOST:
            self._pool.terminate()


async def connect(address: str) -> Pool:
    """A pool on a database with the newest schema. Raises CannotOpen, in one sentence."""
    name = shown(address)
    try:
        pool = await asyncpg.create_pool(
            address, min_size=0, max_size=MOST, server_settings=SESSION, statement_cache_size=1000, timeout=PATIENCE,
            max_cached_statement_lifetime=0, max_queries=10**9, reset=_kept,
        )  # fmt: skip
        try:
            async with pool.acquire() as connection:
                await _suitable(connection, name)
                await migrate(connection, name)
        except BaseException:
            pool.terminate()
            raise
    except (ValueError, asyncpg.PostgresError, *LOST) as error:
        raise CannotOpen(_why(error, name)) from error
    return Pool(pool, name)


def _why(error: BaseException, name: str) -> str:
    match error:
        case ValueError():  # what it says may hold the address, and that the password
            return f"{name} is no address of a database; it looks like postgresql://user@host/database."
        case asyncpg.InvalidCatalogNameError():
            return f"There is no such database as {name}; make it with createdb."
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL does not let {name} in: {_said(error)}"
        case _ if isinstance(error, LOST):
            return f"PostgreSQL at {name} does not answer: {_said(error)}"
    return f"The tables cannot be made in {name}: {_said(error)}"


async def _suitable(connection: Any, name: str) -> None:
    version = connection.get_server_version().major
    if version < OLDEST:
        raise CannotOpen(f"Sickbay needs PostgreSQL {OLDEST} or newer; {name} is {version}.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise CannotOpen(f"Sickbay needs a database in UTF8; {name} is in {encoding}.")


async def _kept(connection: Any) -> None:
    """Nothing of a session is ever changed, so nothing is to be reset: a round trip less for each statement."""


def _said(error: BaseException) -> str:
    """In one line. PostgreSQL and asyncpg never repeat a password."""
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE:.0f} seconds"
    text = " ".join(str(error).split()) or type(error).__name__
    return text.rstrip(".") + "."
