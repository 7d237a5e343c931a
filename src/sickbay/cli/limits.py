"""The bounds of connections. docs/running.md lists them."""

from __future__ import annotations

from typing import Final, NamedTuple

from sickbay.settings import Settings

HEALTH: Final = frozenset(("/healthz", "/readyz", "/metrics"))
"""Paths that are answered at every limit."""


class Limits(NamedTuple):
    """Of one worker process. Times are in seconds; they are counted by a sweep every `sweep` seconds."""

    connections: int = 1000
    per_address: int = 0
    """Connections from one address; 0: no limit."""
    exempt: frozenset[str] = frozenset()
    """Addresses without a limit of their own: trusted proxies."""
    head: float = 10.0
    """From the first byte of a request, or from the connection, to the end of the headers."""
    idle: float = 30.0
    """Between two requests."""
    slow: float = 30.0
    """A request body may be received at less than `rate` for so long in all."""
    stalled: float = 60.0
    """A client may read an answer at less than `rate` for so long in all."""
    rate: int = 8_192
    """Bytes a second."""
    unsent: int = 64_000_000
    """Bytes of answers that clients have not read. Above, new requests wait, and clients that stopped reading are closed."""
    received: int = 48_000_000
    """Bytes of request bodies. Above, the largest that is incomplete is refused."""
    pipelined: int = 100
    """Requests that a connection may send before the first of them is answered."""
    reserve: int = 64
    """Connections above the limit that are answered 503, or their health check; for a further one the oldest is closed."""
    refusal: float = 2.0
    """How long such a connection may take to send its headers."""
    wait: float = 5.0
    """How long a request waits for clients to read, before it is answered 503."""
    slice: float = 0.01
    """After so much work, new requests wait until the event loop has looked for input."""
    sweep: float = 1.0


def limits(settings: Settings) -> Limits:
    """As the settings have them."""
    per_address = 0 if settings.loopback else settings.max_connections_per_address
    return Limits(connections=settings.max_connections, per_address=per_address, exempt=frozenset(settings.trusted_proxies))
