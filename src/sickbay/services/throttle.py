"""Limits guessing: after too many failures a client has to wait. Only failures count, so a busy client never waits.

Each worker counts for itself, in a table of bounded size. With N workers, a guesser has N times as many tries.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["client", "person", "admin"]
WINDOW = 60
"""Seconds over which failures are counted."""
PASSWORDS = 10
"""Wrong passwords per user and address in that time."""
ADMIN_TOKENS = 10
"""Wrong admin tokens per address in that time."""
MANY = 10_000
LONGEST = 200
"""Characters of a name that are compared. The limit keeps long names from filling the memory."""


class ThrottleKey(NamedTuple):
    kind: Kind
    tenant: str
    name: str
    address: str


class Throttled(Exception):
    """Too many failures for this key. seconds: until the next try."""

    def __init__(self, seconds: int, key: ThrottleKey) -> None:
        super().__init__(f"Too many failures: try again in {seconds} seconds")
        self.seconds = seconds
        self.key = key


class Throttle:
    """Counts failures by key, with the time of the first. Drops the oldest keys if there are too many."""

    def __init__(self, clients: int) -> None:
        self._limits: dict[Kind, int] = {
            "client": clients,
            "person": PASSWORDS if clients else 0,
            "admin": ADMIN_TOKENS if clients else 0,
        }
        self.failures: OrderedDict[ThrottleKey, tuple[int, int]] = OrderedDict()
        """Empty until someone fails. Until then, no client has to wait."""

    def check(self, key: ThrottleKey, now: int) -> None:
        """Raises Throttled if the key has too many failures."""
        count, since = self.failures.get(_shortened(key), (0, now))
        seconds = since + WINDOW - now
        if 0 < self._limits[key.kind] <= count and 0 < seconds <= WINDOW:
            raise Throttled(seconds, key)

    def failed(self, key: ThrottleKey, now: int) -> None:
        key = _shortened(key)
        count, since = self.failures.pop(key, (0, now))
        in_window = 0 <= now - since < WINDOW
        self.failures[key] = (count + 1, since) if in_window else (1, now)
        if len(self.failures) > MANY:
            self.failures.popitem(last=False)


def _shortened(key: ThrottleKey) -> ThrottleKey:
    return key if len(key.name) <= LONGEST else key._replace(name=key.name[:LONGEST])
