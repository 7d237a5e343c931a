"""The connections of one process, and the queue of requests that wait for one.

A request borrows a connection twice and runs one query with it. asyncpg's own pool uses a timer, a task and a shield for each
use, which cost more of our CPU than the query (25 of 36 µs). Here, borrowing a free connection pops it from a list.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeAlias

Connect: TypeAlias = Callable[[], Awaitable[Any]]
PATIENCE = 15.0
"""Maximum seconds for connecting, or for waiting for a free connection."""
MOST = 10
"""Maximum connections of one process."""
FAILOVER = 10.0
"""Seconds during which a lost server may be replaced by another one. Requests wait so long, and fail at once afterwards."""
LASTS = 300.0
"""Seconds after which an idle connection is no longer used: a firewall or proxy may have dropped it."""


class Connections:
    """`take` a connection, and always `give` it back. Waiting requests are served in order."""

    def __init__(self, connect: Connect, lost: tuple[type[Exception], ...] = (OSError,)) -> None:
        """lost: the errors of `connect` after which a server may come back."""
        self._connect, self._lost = connect, lost
        self._away_since: float | None = None
        self.opened = 0
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._places = MOST

    async def take(self) -> Any:
        """Return an open connection, a new one if none is free and the limit allows it. Raises TimeoutError and connection
        errors.
        """
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.is_closed() and monotonic() - since < LASTS:
                return connection
            connection.terminate()
            self._places += 1
        if self._places:
            self._places -= 1
            return await self._connect_new()
        return await self._wait() or await self._connect_new()

    def give(self, connection: Any | None) -> None:
        """Pass the connection to the longest-waiting request, or keep it. None or a closed connection frees its place for a new
        one.
        """
        if connection is not None and connection.is_closed():
            connection = None
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(connection)
                return
        if connection is None:
            self._places += 1
        else:
            self._idle.append((connection, monotonic()))

    def waiting(self) -> int:
        return len(self._waiting)

    async def close(self) -> None:
        """Close each connection when it is returned. Raises TimeoutError if one isn't."""
        while self._places < MOST:
            connection = self._idle.pop()[0] if self._idle else await self._wait()
            if connection is not None:
                await connection.close(timeout=PATIENCE)
            self._places += 1

    def drop(self) -> None:
        """Terminate all idle connections without notifying the server."""
        while self._idle:
            self._idle.pop()[0].terminate()
            self._places += 1

    async def _connect_new(self) -> Any:
        try:
            connection = await self._connect_patiently()
        except BaseException:
            self.give(None)
            raise
        self._away_since = None
        self.opened += 1
        return connection

    async def _connect_patiently(self) -> Any:
        while True:
            try:
                return await self._connect()
            except self._lost:
                if self._given_up():
                    raise
                await asyncio.sleep(random.uniform(0.1, 0.3))

    def _given_up(self) -> bool:
        """Whether there was never a connection, or there has been none for too long."""
        if self._away_since is None:
            self._away_since = monotonic()
        return not self.opened or monotonic() - self._away_since >= FAILOVER

    async def _wait(self) -> Any | None:
        """Wait for a connection. None means that there is a place for a new one."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        timeout = loop.call_later(PATIENCE, _end, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if (
                turn.done() and not turn.cancelled() and not turn.exception()
            ):  # a connection was passed on at the moment of cancellation
                self.give(turn.result())
            raise
        finally:
            timeout.cancel()


def _end(turn: asyncio.Future[Any]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
