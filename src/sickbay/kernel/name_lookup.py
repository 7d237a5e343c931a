"""Resolves host names in separate threads, and limits the number of concurrent lookups and fetches for each domain.

Anyone can register a name whose name server takes half a minute to respond. The event loop has only two threads for lookups,
so a few such names would delay all others.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections import Counter
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

MAXIMUM_RUNNING = 200
MAXIMUM_RUNNING_OF_A_DOMAIN = 50


class RunningFetches:
    """The number of fetches and lookups that are running, by domain: the last two parts of a host name."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, host: str) -> bool:
        """Whether one more may run. If so, it is counted until `free`."""
        domain = _domain_of(host)
        with self._lock:
            if self._counts[domain] >= MAXIMUM_RUNNING_OF_A_DOMAIN or self._counts.total() >= MAXIMUM_RUNNING:
                return False
            self._counts[domain] += 1
            return True

    def free(self, host: str) -> None:
        domain = _domain_of(host)
        with self._lock:
            self._counts[domain] -= 1
            if not self._counts[domain]:
                del self._counts[domain]


def _domain_of(host: str) -> str:
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


async def resolve_host(host: str, port: int, running: RunningFetches) -> list[str] | None:
    """Returns the addresses of a name: none if it has none. Returns None if too many lookups are running.

    A lookup can't be cancelled, so its thread keeps its place until it ends. It doesn't keep Sickbay from stopping.
    """
    if host.rstrip(".").lower() == "localhost":
        return ["::1", "127.0.0.1"]
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    if not running.take(host):
        return None
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            addresses = _look_up(host, port)
        finally:
            running.free(host)
        with suppress(InvalidStateError):  # the caller has given up
            found.set_result(addresses)

    try:
        threading.Thread(target=look_up, name="sickbay-lookup", daemon=True).start()
    except RuntimeError:  # the system has no thread left
        running.free(host)
        return None
    return await asyncio.wrap_future(found)


def _look_up(host: str, port: int) -> list[str]:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # an unknown name; one that can't be encoded
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))
