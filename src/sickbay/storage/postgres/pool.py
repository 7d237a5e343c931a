"""Connections of one process, and who waits for one.

A request takes a connection twice and asks one question with it. asyncpg's own pool puts a timer, a task and a shield around
each turn, which cost our CPU more than the question did (25 of 36 µs); here a turn of a free connection is a list's pop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeAlias

Connect: TypeAlias = Callable[[], Awaitable[Any]]
PATIENCE = 15.0
"""Seconds that connecting, or waiting for a free connection, may take."""
MOST = 10
"""Connections of one process."""
LASTS = 300.0
"""Seconds for which an idle connection is trusted: what lies between may have forgotten it."""


class Connections:
    """`take` one, and `give` it back whatever became of it; those that wait are served in their order."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._places = MOST

    async def take(self) -> Any:
        """An open connection, new where none is free and there is a place. Raises TimeoutError, and what connecting raises."""
        while self._idle:
            connection, since = self._idle.pop()
            if not connection.is_closed() and monotonic() - since < LASTS:
                return connection
            connection.terminate()
            self._places += 1
        if self._places:
            self._places -= 1
            return await self._made()
        return await self._waited() or await self._made()

    def give(self, connection: Any | None) -> None:
        """To whoever waits longest, else it is kept. A closed one, or None, leaves its place to a new one."""
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

    async def close(self) -> None:
        """Each as it comes back. Raises TimeoutError where one does not."""
        while self._places < MOST:
            connection = self._idle.pop()[0] if self._idle else await self._waited()
            if connection is not None:
                await connection.close(timeout=PATIENCE)
            self._places += 1

    def drop(self) -> None:
        """Those that nobody uses, without a word to the server."""
        while self._idle:
            self._idle.pop()[0].terminate()

    async def _made(self) -> Any:
        try:
            return await self._connect()
        except BaseException:
            self.give(None)
            raise

    async def _waited(self) -> Any | None:
        """None: a place."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        ending = loop.call_later(PATIENCE, _end, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and not turn.exception():  # given in the same moment
                self.give(turn.result())
            raise
        finally:
            ending.cancel()


def _end(turn: asyncio.Future[Any]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
