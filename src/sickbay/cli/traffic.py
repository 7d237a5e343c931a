"""Counts the connections of a worker process and their memory, and closes some if there are too many."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from uvicorn import Config
from uvicorn.server import ServerState

from sickbay.authorization.administration import is_trusted_proxy
from sickbay.cli.limits import HEALTH, Limits
from sickbay.kernel.budget import HELD
from sickbay.web import counting

Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
BATCH = 20
"""When the limit is reached, one of this many idle connections is closed."""
BUSY = b"Sickbay has too many connections or unread responses at the moment. Try again.\n"
RETRY = b"5"
"""Seconds for Retry-After."""
LOOPBACK_PREFIX = "127."
"""Prefix of this machine's addresses, which have no `per_address` limit."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class LimitedConnection(Protocol):
    """The interface of a connection, implemented by `connection.Connection`."""

    client: tuple[str, int] | None
    seconds: float
    """Seconds since the current state began."""

    def unsent_bytes(self) -> int: ...

    def incoming_bytes(self) -> int: ...

    def waits(self) -> bool: ...

    def sweep(self, limits: Limits) -> None: ...

    def end(self, reason: str, status: int | None = None) -> None: ...


class Traffic:
    """The connections of a worker. Each connection calls `register` and `unregister`; the event loop calls `sweep`."""

    def __init__(self, limits: Limits, app: Asgi, loop: asyncio.AbstractEventLoop) -> None:
        self.limits, self.app, self.loop = limits, app, loop
        self.connections: set[LimitedConnection] = set()
        self.refused: set[LimitedConnection] = set()
        self.unread: set[LimitedConnection] = set()
        """Connections whose clients read more slowly than responses are written."""
        self.received = 0
        self.unsent_bytes = 0
        """Bytes in the buffers of those connections, as of the last sweep or change."""
        self._addresses: Counter[str] = Counter()
        self._working = False
        self._began = 0.0
        loop.call_later(limits.sweep, self._sweep_again)

    def register(self, connection: LimitedConnection) -> None:
        """Adds a connection. Closes others to make room, or marks it as refused."""
        self.connections.add(connection)
        address = self._find_limited_address(connection)
        if address:
            self._addresses[address] += 1
        if address and self._addresses[address] > self.limits.per_address:
            same = {other for other in self.connections if self._find_limited_address(other) == address}
            self._limit_connections(self.limits.per_address, same, connection, "address_limit")
        if connection not in self.refused:
            self._limit_connections(self.limits.connections, self.connections, connection, "connection_limit")

    def unregister(self, connection: LimitedConnection) -> None:
        if connection in self.connections:
            self.connections.discard(connection)
            address = self._find_limited_address(connection)
            if address:
                self._addresses[address] -= 1
                if not self._addresses[address]:
                    del self._addresses[address]
        self.refused.discard(connection)
        if connection in self.unread:
            self.unread.discard(connection)
            self.measure()

    def gate(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Calls the application; later if the event loop has worked for a slice of time or clients have too much to read."""
        if scope["path"] in HEALTH:
            return self.app(scope, receive, send)
        if self.is_full() or not self._may_begin():
            return self._call_later(scope, receive, send)
        return self.app(scope, receive, send)

    def _may_begin(self) -> bool:
        """Whether a request may start now. Between two polls for input, requests start only for a slice of time."""
        if not self._working:
            self._working, self._began = True, monotonic()
            self.loop.call_soon(self._turn_over)
            return True
        return monotonic() - self._began < self.limits.slice

    def _turn_over(self) -> None:
        self._working = False

    async def _call_later(self, scope: Any, receive: Any, send: Any) -> None:
        until = monotonic() + self.limits.wait
        while self.is_full() or not self._may_begin():
            if self.is_full() and monotonic() > until:
                counting.REQUESTS_REFUSED.labels("unsent").inc()
                return await refuse_as_busy(scope, receive, send)
            await asyncio.sleep(self.limits.slice if self.is_full() else 0)
        return await self.app(scope, receive, send)

    def relieve(self) -> None:
        """If clients have too much to read in total, closes half of those that stopped reading."""
        if self.is_full():
            stalled = [connection for connection in self.unread if connection.seconds >= 2 * self.limits.sweep]
            stalled.sort(key=lambda connection: connection.seconds, reverse=True)
            for connection in stalled[: (len(stalled) + 1) // 2]:
                connection.end("unsent_limit")

    def measure(self) -> None:
        self.unsent_bytes = sum(connection.unsent_bytes() for connection in self.unread)

    def is_full(self) -> bool:
        """Whether responses that wait for clients or for a thread use more memory than the limit."""
        return HELD.total + self.unsent_bytes > self.limits.unsent

    def take(self, size: int) -> None:
        """Counts received bytes of a body. If the total is above the limit, refuses the largest incomplete bodies."""
        self.received += size
        if self.received > self.limits.received:
            most = self.limits.received * 7 // 8  # refuse several at once, so that this is rare
            for connection in sorted(self.connections, key=lambda connection: connection.incoming_bytes(), reverse=True):
                if self.received <= most or not connection.incoming_bytes():
                    break
                connection.end("body_limit", 503)

    def sweep(self) -> None:
        for connection in tuple(self.connections):
            connection.sweep(self.limits)
        self.measure()
        self.relieve()
        counting.CONNECTIONS.set(len(self.connections))
        counting.UNSENT.set(self.unsent_bytes + HELD.total)
        counting.RECEIVED.set(self.received)
        counting.MEMORY.set(measure_memory())

    def _sweep_again(self) -> None:
        self.loop.call_later(self.limits.sweep, self._sweep_again)
        self.sweep()

    def _find_limited_address(self, connection: LimitedConnection) -> str:
        """The client's address if its connections are limited, else ""."""
        if not self.limits.per_address or connection.client is None:
            return ""
        address = connection.client[0]
        exempt = is_trusted_proxy(self.limits.exempt, address) or address == "::1" or address.startswith(LOOPBACK_PREFIX)
        return "" if exempt else address

    def _limit_connections(self, most: int, among: set[LimitedConnection], newest: LimitedConnection, reason: str) -> None:
        """Keeps at most `most` connections among these that aren't refused."""
        if len(among) <= most or len(among - self.refused) <= most:
            return
        if not self._close_idle(among - self.refused, newest, reason):
            self._refuse_connection(newest, reason)

    def _close_idle(self, among: Iterable[LimitedConnection], newest: LimitedConnection, reason: str) -> bool:
        """Closes the connections that have been idle longest. False if none is idle."""
        idle = [connection for connection in among if connection is not newest and connection.waits()]
        idle.sort(key=lambda connection: connection.seconds, reverse=True)
        for connection in idle[: 1 + len(idle) // BATCH]:
            connection.end(reason)
            self.unregister(connection)
        return bool(idle)

    def _refuse_connection(self, connection: LimitedConnection, reason: str) -> None:
        if len(self.refused) >= self.limits.reserve and not self._close_idle(tuple(self.refused), connection, reason):
            connection.end(reason)
        else:
            self.refused.add(connection)


_TRAFFIC: WeakKeyDictionary[ServerState, Traffic] = WeakKeyDictionary()


def make_traffic(config: Config, state: ServerState, loop: asyncio.AbstractEventLoop) -> Traffic:
    """The `Traffic` of this server, created on the first call."""
    existing = _TRAFFIC.get(state)
    if existing is None:
        limits: Limits = getattr(config, "limits", None) or Limits()
        existing = _TRAFFIC[state] = Traffic(limits, config.loaded_app, loop)
    return existing


async def refuse_as_busy(scope: Any, receive: Any, send: Any) -> None:
    """Responds with 503 and closes the connection."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(BUSY)).encode()),
        (b"retry-after", RETRY),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": BUSY})


def measure_memory() -> int:
    """Memory of this process in bytes; 0 if the system doesn't report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0
