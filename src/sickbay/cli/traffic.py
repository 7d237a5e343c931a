"""All connections of a worker process: how many there are, what they hold in memory, and which ones are closed for it."""

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

from sickbay.cli.limits import HEALTH, Limits
from sickbay.kernel.budget import HELD
from sickbay.web import counting

Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
BATCH = 20
"""Of the connections that wait for a request, one in so many is closed when the limit is reached."""
BUSY = b"Sickbay has too many connections or unread answers at the moment. Try again.\n"
RETRY = b"5"
"""Seconds."""
OWN = "127."
"""This machine's addresses begin so; they have no limit of their own."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class LimitedConnection(Protocol):
    """What is known of a connection here: `connection.Connection` implements it."""

    client: tuple[str, int] | None
    seconds: float
    """How long its state has lasted."""

    def unsent(self) -> int: ...

    def incoming(self) -> int: ...

    def waits(self) -> bool: ...

    def sweep(self, limits: Limits) -> None: ...

    def end(self, reason: str, status: int | None = None) -> None: ...


class Traffic:
    """`opened` and `closed` are called by each connection, `sweep` by the event loop."""

    def __init__(self, limits: Limits, app: Asgi, loop: asyncio.AbstractEventLoop) -> None:
        self.limits, self.app, self.loop = limits, app, loop
        self.connections: set[LimitedConnection] = set()
        self.refused: set[LimitedConnection] = set()
        self.unread: set[LimitedConnection] = set()
        """Connections whose clients don't read as fast as they are answered."""
        self.received = 0
        self.unsent = 0
        """Bytes in the buffers of those connections, as of the last sweep or change."""
        self._addresses: Counter[str] = Counter()
        self._working = False
        self._began = 0.0
        loop.call_later(limits.sweep, self._sweep_again)

    def opened(self, one: LimitedConnection) -> None:
        """Makes room for a connection, or marks it as refused."""
        self.connections.add(one)
        address = self._counted(one)
        if address:
            self._addresses[address] += 1
        if address and self._addresses[address] > self.limits.per_address:
            own = {each for each in self.connections if self._counted(each) == address}
            self._keep(self.limits.per_address, own, one, "address_limit")
        if one not in self.refused:
            self._keep(self.limits.connections, self.connections, one, "connection_limit")

    def closed(self, one: LimitedConnection) -> None:
        if one in self.connections:
            self.connections.discard(one)
            address = self._counted(one)
            if address:
                self._addresses[address] -= 1
                if not self._addresses[address]:
                    del self._addresses[address]
        self.refused.discard(one)
        if one in self.unread:
            self.unread.discard(one)
            self.measure()

    def gate(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """The application; later if the event loop has worked long enough, or if clients have much to read."""
        if scope["path"] in HEALTH:
            return self.app(scope, receive, send)
        if self.is_full() or not self._may_begin():
            return self._later(scope, receive, send)
        return self.app(scope, receive, send)

    def _may_begin(self) -> bool:
        """Between two looks for input, requests are begun for a slice of time only: others are heard soon."""
        if not self._working:
            self._working, self._began = True, monotonic()
            self.loop.call_soon(self._turn_over)
            return True
        return monotonic() - self._began < self.limits.slice

    def _turn_over(self) -> None:
        self._working = False

    async def _later(self, scope: Any, receive: Any, send: Any) -> None:
        until = monotonic() + self.limits.wait
        while self.is_full() or not self._may_begin():
            if self.is_full() and monotonic() > until:
                counting.REQUESTS_REFUSED.labels("unsent").inc()
                return await busy(scope, receive, send)
            await asyncio.sleep(self.limits.slice if self.is_full() else 0)
        return await self.app(scope, receive, send)

    def relieve(self) -> None:
        """If clients have too much to read in all, closes half of those that stopped reading."""
        if self.is_full():
            stalled = [one for one in self.unread if one.seconds >= 2 * self.limits.sweep]
            stalled.sort(key=lambda one: one.seconds, reverse=True)
            for one in stalled[: (len(stalled) + 1) // 2]:
                one.end("unsent_limit")

    def measure(self) -> None:
        self.unsent = sum(one.unsent() for one in self.unread)

    def is_full(self) -> bool:
        """Whether answers wait for clients, or for a thread, in more memory than they may take."""
        return HELD.total + self.unsent > self.limits.unsent

    def take(self, size: int) -> None:
        """So many bytes of a body have come. If that is too much in all, the largest incomplete bodies are refused."""
        self.received += size
        if self.received > self.limits.received:
            most = self.limits.received * 7 // 8  # a few at once, so that this is rare
            for one in sorted(self.connections, key=lambda each: each.incoming(), reverse=True):
                if self.received <= most or not one.incoming():
                    break
                one.end("body_limit", 503)

    def sweep(self) -> None:
        for one in tuple(self.connections):
            one.sweep(self.limits)
        self.measure()
        self.relieve()
        counting.CONNECTIONS.set(len(self.connections))
        counting.UNSENT.set(self.unsent + HELD.total)
        counting.RECEIVED.set(self.received)
        counting.MEMORY.set(resident())

    def _sweep_again(self) -> None:
        self.loop.call_later(self.limits.sweep, self._sweep_again)
        self.sweep()

    def _counted(self, one: LimitedConnection) -> str:
        """The address, if its connections are limited."""
        if not self.limits.per_address or one.client is None:
            return ""
        address = one.client[0]
        exempt = address in self.limits.exempt or address == "::1" or address.startswith(OWN)
        return "" if exempt else address

    def _keep(self, most: int, among: set[LimitedConnection], newest: LimitedConnection, reason: str) -> None:
        """At most so many that are not refused."""
        if len(among) <= most or len(among - self.refused) <= most:
            return
        if not self._evict(among - self.refused, newest, reason):
            self._refuse(newest, reason)

    def _evict(self, among: Iterable[LimitedConnection], newest: LimitedConnection, reason: str) -> bool:
        """Closes those that have waited for a request longest. False if there is none."""
        waiting = [one for one in among if one is not newest and one.waits()]
        waiting.sort(key=lambda one: one.seconds, reverse=True)
        for one in waiting[: 1 + len(waiting) // BATCH]:
            one.end(reason)
            self.closed(one)
        return bool(waiting)

    def _refuse(self, one: LimitedConnection, reason: str) -> None:
        if len(self.refused) >= self.limits.reserve and not self._evict(tuple(self.refused), one, reason):
            one.end(reason)
        else:
            self.refused.add(one)


_TRAFFIC: WeakKeyDictionary[ServerState, Traffic] = WeakKeyDictionary()


def traffic(config: Config, state: ServerState, loop: asyncio.AbstractEventLoop) -> Traffic:
    """The one of this server."""
    found = _TRAFFIC.get(state)
    if found is None:
        chosen: Limits = getattr(config, "limits", None) or Limits()
        found = _TRAFFIC[state] = Traffic(chosen, config.loaded_app, loop)
    return found


async def busy(scope: Any, receive: Any, send: Any) -> None:
    """503, and the connection is closed."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(BUSY)).encode()),
        (b"retry-after", RETRY),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": BUSY})


def resident() -> int:
    """Bytes of memory that this process uses; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0
