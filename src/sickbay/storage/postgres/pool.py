"""The connections of one process, and the queue of requests that wait for one.

A request borrows a connection two or three times and runs one query with it. For each time, asyncpg's own pool needs 17 µs of
our CPU, or 27 with a time limit, because it uses a timer, a task and a shield; a query needs 50. Here it is 1.3. And asyncpg's
pool can't keep connections for reads while writes wait for a lock.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from enum import IntEnum
from time import monotonic
from typing import Any, Final, TypeAlias

from sickbay.settings.database import Busy

Connect: TypeAlias = Callable[[], Awaitable[Any]]
CONNECT_SECONDS = 5.0
"""Maximum time for connecting to the only server."""
WAIT_SECONDS = 10.0
"""Maximum time that a request waits for free connections, in total."""
STALLED_SECONDS = 3.0
"""If no connection was returned for this long, something holds all of them up, and a request no longer waits."""
CLOSE_SECONDS = 0.5
"""Maximum time that closing waits for connections in use."""
FAILOVER_SECONDS = 10.0
"""Seconds that requests wait for a replacement of a lost server. After that, they fail at once."""
IDLE_SECONDS = 300.0
"""After this time an idle connection is no longer used: a firewall or proxy may have dropped it."""
MAX_CONNECTIONS: Final = 10
"""Maximum connections of one process."""


class Use(IntEnum):
    """The purpose of a connection. LOOKUP: read one record, as every request and readiness check does first."""

    LOOKUP = 0
    QUERY = 1
    WRITE = 2


LIMITS: Final = (MAX_CONNECTIONS, MAX_CONNECTIONS - 1, MAX_CONNECTIONS - 1)
"""For each use, the maximum number of connections in use including its own. Queries that wait for a lock leave one to
look-ups."""
MAX_WRITES: Final = 6
"""Maximum connections that write. Writes that wait for a lock leave the others to reads."""
_waited: ContextVar[float] = ContextVar("waited", default=0.0)
"""How long this request has waited for connections so far."""


class Connections:
    """`take` a connection, and always `give` it back. Waiting requests with the same use are served in order."""

    def __init__(self, connect: Connect, lost: tuple[type[Exception], ...] = (OSError,)) -> None:
        """lost: errors of `connect` after which a server may be available again."""
        self._connect, self._lost = connect, lost
        self._away_since: float | None = None
        self.opened = 0
        self._idle: list[tuple[Any, float]] = []
        self._waiting: dict[asyncio.Future[None], Use] = {}
        self._busy = self._writes = 0
        """Number of places in use, and of those used by writes. A place has at most one connection."""
        self._returned = self._written = 0.0
        """Times when a place, and a place used by a write, last became free."""
        self._emptied: asyncio.Event | None = None

    async def take(self, use: Use = Use.QUERY) -> Any:
        """Return an open connection, a new one if none is free and the limit allows it. Raises Busy and connection errors."""
        if self._has_place(use):
            self._busy += 1
            self._writes += use is Use.WRITE
        else:
            await self._wait_for_place(use)
        try:
            return self._pop_idle() or await self._connect_or_wait()
        except BaseException:
            self._release_connection(use, monotonic())
            raise

    def give(self, connection: Any, use: Use = Use.QUERY) -> None:
        """Take the connection back, and give its place to the longest-waiting request that is allowed to use it."""
        now = monotonic()
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()  # its user was cancelled before the rollback
        elif not connection.is_closed():
            self._idle.append((connection, now))
        self._release_connection(use, now)

    def waiting(self) -> int:
        return len(self._waiting)

    async def close(self) -> None:
        """Close each connection once it is returned, and give up those that aren't returned soon."""
        if self._busy:
            self._emptied = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), CLOSE_SECONDS)
        for connection, _ in self._idle:
            await connection.close(timeout=CLOSE_SECONDS)
        self._idle.clear()

    def drop(self) -> None:
        """Terminate all idle connections without notifying the server."""
        while self._idle:
            self._idle.pop()[0].terminate()

    def _has_place(self, use: Use) -> bool:
        return self._busy < LIMITS[use] and (use is not Use.WRITE or self._writes < MAX_WRITES)

    def _release_connection(self, use: Use, now: float) -> None:
        self._busy -= 1
        self._returned = now
        if use is Use.WRITE:
            self._writes -= 1
            self._written = now
        if self._waiting:
            self._grant_places()
        elif self._emptied is not None and not self._busy:
            self._emptied.set()

    def _grant_places(self) -> None:
        """Give free places to the requests that have waited longest."""
        for turn, use in tuple(self._waiting.items()):
            if self._has_place(use) and not turn.done():
                self._busy += 1
                self._writes += use is Use.WRITE
                del self._waiting[turn]
                turn.set_result(None)
            if self._busy == MAX_CONNECTIONS:
                return

    def _pop_idle(self) -> Any | None:
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.is_closed() and monotonic() - since < IDLE_SECONDS:
                return connection
            connection.terminate()
        return None

    async def _connect_or_wait(self) -> Any:
        while True:
            try:
                connection = await self._connect()
            except self._lost:
                if self._has_given_up():
                    raise
                await asyncio.sleep(random.uniform(0.1, 0.3))
            else:
                self._away_since = None
                self.opened += 1
                return connection

    def _has_given_up(self) -> bool:
        """Whether there was never a connection, or there has been none for too long."""
        if self._away_since is None:
            self._away_since = monotonic()
        return not self.opened or monotonic() - self._away_since >= FAILOVER_SECONDS

    async def _wait_for_place(self, use: Use) -> None:
        """Wait for a place. Raises Busy."""
        loop, began, before = asyncio.get_running_loop(), monotonic(), _waited.get()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting[turn] = use
        timer = loop.call_later(self._seconds_to_wait(use, began, before), self._end_hopeless_wait, turn, use, began, before)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:  # it got a place at the same moment
                self._release_connection(use, monotonic())
            raise
        finally:
            timer.cancel()
            self._waiting.pop(turn, None)
            _waited.set(before + monotonic() - began)

    def _seconds_to_wait(self, use: Use, began: float, before: float) -> float:
        """Seconds until a request that has waited since `began`, and so long before, gives up, as far as is known now."""
        if self._away_since is not None:  # it waits for the next server
            return self._away_since + FAILOVER_SECONDS - monotonic()
        moved = max(began, self._written if use is Use.WRITE else self._returned)
        return min(moved + STALLED_SECONDS, began + WAIT_SECONDS - before) - monotonic()

    def _end_hopeless_wait(self, turn: asyncio.Future[None], use: Use, began: float, before: float) -> None:
        """Stops making a request wait, unless a connection may still become free."""
        if turn.done():
            return
        patience = self._seconds_to_wait(use, began, before)
        if patience <= 0:
            waited = before + monotonic() - began
            turn.set_exception(Busy(f"no connection became free in {waited:.1f} s; {self._writes} of {self._busy} write"))
        else:
            asyncio.get_running_loop().call_later(patience, self._end_hopeless_wait, turn, use, began, before)
