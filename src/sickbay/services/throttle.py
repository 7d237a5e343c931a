"""Limits guessing: after too many failures a client has to wait. What is limited, and what a worker remembers of it."""

from __future__ import annotations

import hmac
from typing import Final, Literal, NamedTuple, TypeAlias

from sickbay.kernel.memory import ResetScope
from sickbay.storage.counts import Failures

Kind: TypeAlias = Literal["client", "person", "admin", "class"]
WINDOW: Final = 60
"""Seconds over which failures are counted."""
WRONG_PASSWORDS: Final = 10
"""Wrong passwords per user and address in that time."""
WRONG_ADMIN_TOKENS: Final = 10
"""Wrong admin tokens per address in that time."""
WRONG_CLASS_CODES: Final = 60
"""Wrong codes of a class or a student per address in that time. All students of a room may have the same address."""
ANNOUNCED: Final = 2 * WINDOW
"""Seconds for which all workers look for failures after someone had too many."""


class ThrottleKey(NamedTuple):
    kind: Kind
    tenant: str
    name: str
    address: str

    def digest(self, secret: bytes) -> str:
        """The key under which failures are stored. Names and addresses can't be read from it."""
        text = "\0".join(("throttle", *self))
        return hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()


class Throttled(Exception):
    """Too many failures for this key. seconds: until the next try."""

    def __init__(self, seconds: int, key: ThrottleKey) -> None:
        super().__init__(f"Too many failures: try again in {seconds} seconds")
        self.seconds = seconds
        self.key = key


class Throttle:
    """until: before this time, by Sickbay's clock, failures are looked up; 0 if no sender had too many."""

    def __init__(self, clients: int) -> None:
        """clients: how many wrong secrets an app may send; 0 switches all limits off."""
        self._limits: dict[Kind, int] = {
            "client": clients,
            "person": WRONG_PASSWORDS if clients else 0,
            "admin": WRONG_ADMIN_TOKENS if clients else 0,
            "class": WRONG_CLASS_CODES if clients else 0,
        }
        self.until = 0

    def limit(self, kind: Kind) -> int:
        """How many failures are allowed in a window; 0 for any number."""
        return self._limits[kind]

    def is_active(self, now: int) -> bool:
        """Whether someone may have to wait. If the clock was moved back, the announcement is no longer valid."""
        return 0 < self.until - now <= ANNOUNCED

    def wait(self, kind: Kind, failures: Failures, now: int) -> int:
        """Seconds until the next try after these failures; 0 if it is allowed now."""
        seconds = failures.since + WINDOW - now
        return seconds if 0 < self._limits[kind] <= failures.number and 0 < seconds <= WINDOW else 0

    def forget(self, reset: ResetScope) -> None:
        if reset.tenant is None:
            self.until = 0
