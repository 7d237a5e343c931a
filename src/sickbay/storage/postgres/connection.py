"""Opens the database: one pool per process, work that is repeated on a new connection, and time limits for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from types import TracebackType
from typing import Any, TypeVar

import asyncpg

from sickbay.settings.database import Busy, CannotOpen, Unavailable, UnknownOutcome, hide_password
from sickbay.storage.postgres.failures import ENDED, KNOWN_ERRORS, LOST, one_line, translate_error
from sickbay.storage.postgres.locks import hash_to_number
from sickbay.storage.postgres.migrations import migrate
from sickbay.storage.postgres.pool import Connections, Use
from sickbay.storage.postgres.servers import Servers, check_pooler, has_time_limits

OLDEST = 13
TRIES = 3
"""Maximum number of attempts for work that can be repeated. All connections are lost if the server is."""
TURN_SECONDS = 40.0
"""Maximum seconds that a piece of work may use a connection: more than a statement may run (servers.TIME_LIMITS). The
server doesn't end a statement if its disk hangs.
"""
UNLIMITED_TURN_SECONDS = 10.0
"""The same in seconds if the server has no time limits, because PgBouncer doesn't pass them on."""
SWEEP_SECONDS = 1.0
NOT_TAKEN: tuple[type[BaseException], ...] = (Busy, *KNOWN_ERRORS)
"""Errors that a pool raises if no connection is available."""
T = TypeVar("T")


class ConnectionLost(Unavailable):
    """The connection ended during the work, so the server undid everything that wasn't committed."""

    def __init__(self, named: Unavailable) -> None:
        """named: describes what happened."""
        super().__init__(str(named))
        self.title, self.detail, self.retry_after = named.title, named.detail, named.retry_after


class Pool:
    """A connection pool, and the database's name without its password, for messages.

    locks_hold: advisory locks work. CockroachDB accepts them and does nothing. limited: the server has the time limits of
    `servers.TIME_LIMITS` for each session; otherwise each transaction sets them.
    """

    def __init__(self, connections: Connections, name: str, locks_hold: bool = True, limited: bool = True) -> None:
        self.connections, self.name, self.locks_hold, self.limited = connections, name, locks_hold, limited
        self.turns: set[_Turn] = set()
        """Connections in use."""
        self._seconds = TURN_SECONDS if limited else UNLIMITED_TURN_SECONDS
        self.sweeping = False

    def connection(self, use: Use = Use.QUERY, *, patient: bool = False) -> _Turn:
        """Borrow a connection. Raises Unavailable if the database went away; the next connection is a new one.

        patient: the work may take longer than TURN_SECONDS.
        """
        return _Turn(self, use, patient)

    def waiting(self) -> int:
        """Return the number of requests of this process that wait for a connection."""
        return self.connections.waiting()

    @property
    def generation(self) -> int:
        """Return a number that increases with each new connection, because that may lead to another server."""
        return self.connections.opened

    async def repeat_if_lost(self, work: Callable[[Any], Awaitable[T]], use: Use = Use.QUERY) -> T:
        """Do work that may be done twice on a connection. If the connection is lost, repeat the work on a new one."""
        for _ in range(TRIES - 1):
            try:
                async with self.connection(use) as connection:
                    return await work(connection)
            except ConnectionLost:
                continue
        async with self.connection(use) as connection:
            return await work(connection)

    async def close(self) -> None:
        try:
            await self.connections.close()
        except LOST:
            self.connections.drop()

    def begin_sweeping(self) -> None:
        """Cancel work that uses a connection for too long. A single timer is used, because a timer per query would cost too
        much."""
        self.sweeping = True
        asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        until = monotonic() - self._seconds
        for turn in tuple(self.turns):
            if turn.began < until:
                turn.expire()
        self.sweeping = False
        if self.turns:
            self.begin_sweeping()


class _Turn:
    """An `async with` block in which work uses a connection. A generator would cost twice as much."""

    began = 0.0
    is_committing = False
    _expired = False
    _connection: Any = None
    _task: asyncio.Task[Any] | None = None

    def __init__(self, pool: Pool, use: Use, patient: bool) -> None:
        self._pool, self._use, self._patient = pool, use, patient

    async def __aenter__(self) -> Any:
        pool = self._pool
        try:
            self._connection = await pool.connections.take(self._use)
        except NOT_TAKEN as error:
            raise translate_error(error, pool.name) from error
        if not self._patient:
            self.began, self._task = monotonic(), asyncio.current_task()
            pool.turns.add(self)
            if not pool.sweeping:
                pool.begin_sweeping()
        return self._connection

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.turns.discard(self)
        if error is not None:
            self._end_after(error)
        else:
            self._pool.connections.give(self._connection, self._use)

    def _end_after(self, error: BaseException) -> None:
        """Give the connection back, and raise the error by its name."""
        late = self._expired and isinstance(error, asyncio.CancelledError) and self._was_only_late()
        if late or isinstance(error, ENDED):
            self._connection.terminate()
        lost = isinstance(error, LOST) and self._connection.is_closed()
        self._pool.connections.give(self._connection, self._use)
        if late:
            raise self._timeout_error() from error
        if lost:
            self._pool.connections.drop()  # the others lead to the same server
        if isinstance(error, KNOWN_ERRORS):
            named = translate_error(error, self._pool.name, searching=self._use is Use.QUERY)
            raise (ConnectionLost(named) if lost else named) from error

    def _timeout_error(self) -> Unavailable:
        """Return the error for work that took too long."""
        if self.is_committing:
            return UnknownOutcome(f"PostgreSQL at {self._pool.name} didn't answer to a commit.")
        return translate_error(TimeoutError(f"no answer in {monotonic() - self.began:.0f} s"), self._pool.name)

    def expire(self) -> None:
        """Cancel the work."""
        if not self._expired and self._task is not None:
            self._expired = True
            self._task.cancel()

    def _was_only_late(self) -> bool:
        """Whether `expire` cancelled the work, and nothing else did, such as the end of the server."""
        assert self._task is not None
        return self._task.uncancel() == 0


async def connect(address: str) -> Pool:
    """Return a pool for a database with the newest schema. Raises CannotOpen with a one-sentence message."""
    name = hide_password(address)
    servers = Servers(address)
    connections = Connections(servers.connect, LOST)
    try:
        connection = await connections.take()
        try:
            await _check_database(connection, name)
            if servers.pooled:
                await check_pooler(connection, servers, name)
            limited = not servers.pooled or await has_time_limits(connection, name)
            locks_hold = await _locks_hold(connection)
            await migrate(connection, name)
        except BaseException:
            connection.terminate()
            raise
    except (ValueError, OverflowError, asyncpg.PostgresError, *LOST) as error:
        raise CannotOpen(_describe_error(error, name)) from error
    connections.give(connection)
    return Pool(connections, name, locks_hold, limited)


def _describe_error(error: BaseException, name: str) -> str:
    match error:
        case ValueError() | OverflowError():  # the message may contain the address with its password
            return f"{name} is not a database address. Use postgresql://user@host/database."
        case asyncpg.InvalidCatalogNameError():
            return f"Database {name} doesn't exist. Create it with createdb."
        case _ if isinstance(error, (*LOST, asyncpg.InvalidAuthorizationSpecificationError)):
            return str(translate_error(error, name))
    return f"Can't create the tables in {name}: {one_line(error)}"


async def _locks_hold(connection: Any) -> bool:
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock_shared({hash_to_number('probe')})")
        mine = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        return bool(await connection.fetchval(mine))


async def _check_database(connection: Any, name: str) -> None:
    version = connection.get_server_version().major
    if version < OLDEST:
        raise CannotOpen(f"Sickbay needs PostgreSQL {OLDEST} or newer; {name} runs {version}.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise CannotOpen(f"Sickbay needs a database with encoding UTF8; {name} uses {encoding}.")
