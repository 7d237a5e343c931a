"""The one door to clock, dice and network. A test, or time travel, replaces what comes through it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Protocol


class Effects(Protocol):
    """What a pure core may not do itself."""

    def now(self) -> float:
        """Seconds since 1970, moved by the offset of /admin/clock."""
        ...

    def token(self, size: int = 32) -> str:
        """`size` random bytes, base64url without padding."""
        ...


@dataclass(slots=True)
class SystemEffects:
    """The real ones. `offset` seconds are added to the clock: time travel."""

    offset: float = 0.0

    def now(self) -> float:
        return time.time() + self.offset

    def token(self, size: int = 32) -> str:
        return secrets.token_urlsafe(size)


@dataclass(slots=True)
class FixedEffects:
    """For tests and for bytes that must repeat: a clock that stands, tokens that count."""

    at: float = 1_764_000_000.0
    count: int = 0

    def now(self) -> float:
        return self.at

    def token(self, size: int = 32) -> str:
        self.count += 1
        return f"{self.count:0{size}d}"
