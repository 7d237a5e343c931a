"""Guessing is slow: who fails too often waits. Only failures count, so that nobody waits for being busy.

Counted by each worker for itself, in a table of bounded size: with N workers a guesser has N times as many tries.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["client", "person", "admin"]
WINDOW = 60
"""Seconds over which failures are counted."""
PASSWORDS = 10
"""Wrong passwords of one person from one address in that time."""
ADMIN_TOKENS = 10
"""Wrong admin tokens from one address in that time."""
MANY = 10_000
LONGEST = 200
"""Characters of a name that are told apart: nobody fills the memory by long ones."""


class ThrottleKey(NamedTuple):
    kind: Kind
    tenant: str
    name: str
    address: str


class Throttled(Exception):
    """Too many failures under this key: `seconds` until the next try."""

    def __init__(self, seconds: int, key: ThrottleKey) -> None:
        super().__init__(f"Too many failures: try again in {seconds} seconds")
        self.seconds = seconds
        self.key = key


class Throttle:
    """Failures by key: how many, and when the counting began. The oldest are forgotten when there are too many."""

    def __init__(self, clients: int) -> None:
        self._limits: dict[Kind, int] = {
            "client": clients,
            "person": PASSWORDS if clients else 0,
            "admin": ADMIN_TOKENS if clients else 0,
        }
        self._failures: OrderedDict[ThrottleKey, tuple[int, int]] = OrderedDict()

    def check(self, key: ThrottleKey, now: int) -> None:
        """Raises Throttled."""
        count, since = self._failures.get(_cut(key), (0, now))
        left = since + WINDOW - now
        if 0 < self._limits[key.kind] <= count and 0 < left <= WINDOW:
            raise Throttled(left, key)

    def failed(self, key: ThrottleKey, now: int) -> None:
        key = _cut(key)
        count, since = self._failures.pop(key, (0, now))
        current = 0 <= now - since < WINDOW
        self._failures[key] = (count + 1, since) if current else (1, now)
        if len(self._failures) > MANY:
            self._failures.popitem(last=False)


def _cut(key: ThrottleKey) -> ThrottleKey:
    return key if len(key.name) <= LONGEST else key._replace(name=key.name[:LONGEST])
