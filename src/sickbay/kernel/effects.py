"""The interface to the clock, random numbers and the network. Tests and time travel replace it."""

from __future__ import annotations

import os
import time
from binascii import b2a_base64
from dataclasses import dataclass
from typing import Protocol

from sickbay.kernel import outbound
from sickbay.kernel.outbound import LIMIT, Fetched

_FOR_URLS = bytes.maketrans(b"+/", b"-_")


class Effects(Protocol):
    """The operations that pure code may not do itself."""

    def now(self) -> float:
        """Returns seconds since 1970 by Sickbay's clock, which /admin/clock moves."""
        ...

    def arrival(self) -> int:
        """Returns microseconds since 1970 by a clock that /admin/clock doesn't move, to keep the order of events."""
        ...

    def token(self, size: int = 32) -> str:
        """Returns `size` random bytes as base64url without padding."""
        ...

    async def fetch(self, url: str, *, loopback: bool = False, page: bool = False, limit: int = LIMIT) -> Fetched:
        """Sends a GET to a URL that a client chose. loopback: allows this machine's own addresses. Raises Unreachable.

        page: asks for HTML, as a browser does, and reads only the status and the headers. limit: the size of a body in bytes.
        """
        ...


@dataclass(slots=True)
class SystemEffects:
    """The real clock, random numbers and network. offset: seconds that are added to the clock (time travel).

    frozen_at: the time that the clock shows while it stands still; None while it runs.
    """

    offset: float = 0.0
    frozen_at: float | None = None

    def now(self) -> float:
        return time.time() + self.offset if self.frozen_at is None else self.frozen_at

    def arrival(self) -> int:
        return time.time_ns() // 1000

    def token(self, size: int = 32) -> str:
        return b2a_base64(os.urandom(size), newline=False).translate(_FOR_URLS).rstrip(b"=").decode()

    async def fetch(self, url: str, *, loopback: bool = False, page: bool = False, limit: int = LIMIT) -> Fetched:
        return await outbound.fetch(url, loopback=loopback, page=page, limit=limit)
