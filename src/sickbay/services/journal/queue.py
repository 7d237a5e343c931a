"""The queue of exchanges and records to be written to the journal. It is limited, and shared fairly among the apps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct

from sickbay.services.journal.record import Exchange
from sickbay.storage.interface import Record
from sickbay.storage.resets import Revisions

T = TypeVar("T")
NOT_EXPLAINED = ""
"""Marks an exchange that has no refusal to explain."""


class Arrived(Struct, frozen=True, gc=False):
    """A queued exchange. arrival: its place in the order of all exchanges (`Effects.arrival`)."""

    arrival: int
    exchange: Exchange

    @property
    def tenant(self) -> str:
        return self.exchange.tenant


class Unexplained(Struct, frozen=True):
    """A refusal that waits to be explained, with the function that explains it."""

    arrival: int
    exchange: Exchange
    explained: Callable[[Exchange], Exchange]

    @property
    def tenant(self) -> str:
        return self.exchange.tenant


W = TypeVar("W", Arrived, Record, Unexplained)
Waiting: TypeAlias = tuple[W, Revisions]
"""A queued exchange or its record, and the resets of its hospital when its request ended."""
Queued: TypeAlias = tuple[Waiting[W], str, int]
"""The same with its app and weight."""


def is_wanted(exchange: Exchange, wanted: str | None) -> bool:
    """Whether a refusal is among those that `Journal.flush` explains."""
    return wanted is None or (wanted != NOT_EXPLAINED and wanted in (exchange.id, exchange.timeline))


def measure_weight(exchange: Exchange) -> int:
    """Returns the approximate size of a queued exchange in bytes. Only request and response count; everything else is small."""
    sent = getattr(exchange.decision.request, "body", "") if exchange.decision else ""
    return len(exchange.request.url) + len(exchange.request.body) + len(exchange.response.body or "") + len(sent or "")


class Queue(Generic[T]):
    """Exchanges waiting to be written, bounded in number and size, and shared fairly among the apps.

    If the queue is full, drops the oldest item of the app with the most waiting items.

    most: maximum number of items. most_bytes: maximum total weight. A single item with a greater weight is dropped too.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.dropped = 0
        """The number of dropped items so far."""
        self._waiting: dict[str, deque[tuple[T, int]]] = {}
        self._owners: dict[int, dict[str, None]] = {}
        """Number of waiting items -> the apps that have this many, so that the largest is found without looking at all apps."""
        self._largest = 0
        self._count = self._bytes = 0

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        return self._bytes

    def add(self, item: T, owner: str, weight: int) -> None:
        waiting = self._waiting.setdefault(owner, deque())
        waiting.append((item, weight))
        self._count += 1
        self._bytes += weight
        if self._count > self.most and len(waiting) > self._largest > 0:
            self._drop_oldest(waiting)  # as _drop_from_fullest would: no other app has as many
        else:
            self._count_move(owner, len(waiting) - 1, len(waiting))
            self._largest = max(self._largest, len(waiting))
        while self._count > self.most or self._bytes > self.most_bytes:
            self._drop_from_fullest()

    def items(self) -> tuple[tuple[T, str, int], ...]:
        """Each item with its app and weight, oldest first within each app."""
        return tuple((item, owner, weight) for owner, waiting in self._waiting.items() for item, weight in waiting)

    def clear(self) -> None:
        self._waiting.clear()
        self._owners.clear()
        self._largest = self._count = self._bytes = 0

    def take(self) -> tuple[T, str, int]:
        """Removes and returns the oldest item of the app whose turn it is. The queue must not be empty."""
        owner, waiting = next(iter(self._waiting.items()))
        item, weight = waiting.popleft()
        self._count -= 1
        self._bytes -= weight
        self._count_move(owner, len(waiting) + 1, len(waiting))
        if not self._owners.get(self._largest):
            self._largest -= 1
        del self._waiting[owner]
        if waiting:
            self._waiting[owner] = waiting
        if not self._count:
            self.clear()
        return item, owner, weight

    def remove(self, is_wanted: Callable[[T], bool]) -> list[tuple[T, str, int]]:
        """Removes and returns all items for which `is_wanted` is true."""
        removed = [item for item in self.items() if is_wanted(item[0])]
        if removed:
            self.replace(lambda items: [item for item in items if not is_wanted(item[0])])
        return removed

    def replace(self, change: Callable[[Iterable[tuple[T, str, int]]], Iterable[tuple[T, str, int]]]) -> None:
        """Replaces the items by others. Those that are left out don't count as dropped."""
        changed = change(self.items())
        self.clear()
        self.put_back(changed)

    def put_back(self, items: Iterable[tuple[T, str, int]]) -> None:
        """Puts removed items back, before the items added since."""
        later = self.items()
        self.clear()
        for item, owner, weight in (*items, *later):
            self.add(item, owner, weight)

    def _drop_from_fullest(self) -> None:
        if self._count > self.most:
            owner = next(iter(self._owners[self._largest]))
        else:
            owner = max(self._waiting, key=lambda name: sum(weight for _, weight in self._waiting[name]))
        waiting = self._waiting[owner]
        self._drop_oldest(waiting)
        self._count_move(owner, len(waiting) + 1, len(waiting))
        if not self._owners.get(self._largest):
            self._largest -= 1
        if not waiting:
            del self._waiting[owner]

    def _drop_oldest(self, waiting: deque[tuple[T, int]]) -> None:
        self._bytes -= waiting.popleft()[1]
        self._count -= 1
        self.dropped += 1

    def _count_move(self, owner: str, before: int, now: int) -> None:
        """Notes that an app has `now` waiting items and no longer `before`."""
        if before:
            del self._owners[before][owner]
        if now:
            self._owners.setdefault(now, {})[owner] = None
