"""Limits how many bytes are processed at the same time, and how long a task may block the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Final
from weakref import WeakValueDictionary

SLICE: Final = 0.01
"""Seconds of work after which `pause` lets other tasks run."""


class Budget:
    """Limits the bytes that are processed at the same time. A task that would exceed the limit waits."""

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        size = min(size, self._most)
        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            self._free += size
            async with self._changed:
                self._changed.notify_all()


class FairSlots:
    """Limits the tasks at a time, and runs only one of each owner, so that an owner with many tasks doesn't stop the others."""

    def __init__(self, most: int) -> None:
        self._slots = asyncio.Semaphore(most)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, owner: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(owner, asyncio.Lock())
        async with turn, self._slots:
            yield


class UnsentBytes:
    """Counts the bytes of responses that are ready but not sent, for example because a thread still writes them as XML."""

    def __init__(self) -> None:
        self.total = 0

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        self.total += size
        try:
            yield
        finally:
            self.total -= size


HELD: Final = UnsentBytes()
"""The counter of this process."""
_last_pause = 0.0


async def yield_if_slice_is_over() -> None:
    """Lets other tasks run if the last pause was more than SLICE seconds ago. Call it between the steps of long work."""
    global _last_pause
    if monotonic() - _last_pause > SLICE:
        await asyncio.sleep(0)
        _last_pause = monotonic()
