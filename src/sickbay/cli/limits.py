"""Limits of connections, as listed in docs/running.md."""

from __future__ import annotations

from typing import Final, NamedTuple

from sickbay.settings import Settings

HEALTH: Final = frozenset(("/healthz", "/readyz", "/metrics"))
"""Paths that respond even if a limit is reached."""


class Limits(NamedTuple):
    """Limits of a worker process. Times are in seconds, and checked every `sweep` seconds."""

    connections: int = 1000
    per_address: int = 0
    """Connections from one address; 0 for no limit."""
    exempt: frozenset[str] = frozenset()
    """Addresses to which `per_address` doesn't apply: trusted proxies."""
    head: float = 10.0
    """Maximum seconds from the first byte of a request, or from the connection, to the end of the headers."""
    idle: float = 30.0
    """Maximum seconds between two requests."""
    slow: float = 30.0
    """Total time for which a request body may arrive at less than `rate`."""
    stalled: float = 60.0
    """Total time for which a client may read a response at less than `rate`."""
    rate: int = 8_192
    """Minimum rate of reading and writing, in bytes per second."""
    unsent: int = 64_000_000
    """Bytes of responses that clients haven't read. Above this, new requests wait, and stalled connections are closed."""
    received: int = 48_000_000
    """Bytes of request bodies. Above this, the largest incomplete body is refused."""
    pipelined: int = 100
    """Requests that a connection may send before it gets the first response."""
    reserve: int = 64
    """Connections above the limit that get 503, or a response to a health check. For each further one, the oldest is closed."""
    refusal: float = 2.0
    """How long such a connection may take to send its headers."""
    wait: float = 5.0
    """How long a request waits for other clients to read before it gets 503."""
    slice: float = 0.01
    """After the loop has worked this long, new requests wait until it has polled for input."""
    sweep: float = 1.0
    grace: float = 0.8
    """How long running requests may take after the server has begun to stop. Then they get 503."""


def make_limits(settings: Settings) -> Limits:
    per_address = 0 if settings.loopback else settings.max_connections_per_address
    return Limits(connections=settings.max_connections, per_address=per_address, exempt=frozenset(settings.trusted_proxies))
