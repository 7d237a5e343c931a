"""Tells listeners which exchanges were recorded, on every worker. Without listeners, it does nothing.

One task of each worker reads what was added to the journal, four times a second, and hands the rows to its
listeners. A listener that reads slowly keeps the newest rows and the number of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Final, NamedTuple

from sickbay.services.context import Runtime
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.queue import NOT_EXPLAINED
from sickbay.services.journal.write import EVERY, Journal
from sickbay.settings.database import Unavailable
from sickbay.storage.exchange_filter import ExchangeFilter, ExchangeRow, is_wanted
from sickbay.storage.interface import Store

LOOK_SECONDS: Final = 0.25
"""Seconds between two checks of the journal."""
SMALL_BATCH: Final = 64
"""Maximum number of waiting exchanges that are written at every check. Others wait for the journal, once a second."""
PAGE: Final = 1000
"""Number of rows that are read at once."""
RESUMED_ROWS: Final = 20_000
"""Maximum number of rows that are read to find missed exchanges."""
OVERLAP_NUMBERS: Final = 500
"""With several writers, a record may become visible after records with greater numbers, by at most this many."""
OVERLAP_LOOKS: Final = 20
"""For how many checks after the last new record those numbers are read again: as long as a transaction may take."""


LOG = logging.getLogger("sickbay")


class JournalPosition(NamedTuple):
    """The last exchange that a listener got: its number, and when it arrived."""

    number: int
    at: int

    def __str__(self) -> str:
        return f"{self.number}-{self.at}"


def parse_position(text: str) -> JournalPosition | None:
    """Parse the text form of a position; None for any other text."""
    number, _, at = text.partition("-")
    if not (number.isascii() and number.isdigit() and at.isascii() and at.isdigit()) or max(len(number), len(at)) > 18:
        return None
    return JournalPosition(int(number), int(at))


class News(NamedTuple):
    """rows: the newest exchanges, oldest first. more: wanted exchanges that aren't among them. unrecorded: exchanges of all
    apps that the journal dropped because there were too many.
    """

    rows: tuple[ExchangeRow, ...]
    more: int
    unrecorded: int
    position: JournalPosition


class Missed(NamedTuple):
    """The exchanges that a listener missed. exact: False if some were deleted, so that more may be missing than counted."""

    news: News
    exact: bool


class Listener:
    """Collects the news of one stream. limit: how many rows are kept until they are taken. position: of its last exchange."""

    def __init__(self, wanted: ExchangeFilter, limit: int, position: JournalPosition) -> None:
        self.position = position
        self._wanted = wanted
        self._rows: deque[ExchangeRow] = deque(maxlen=limit)
        self._limit = limit
        self._more = self._unrecorded = 0
        self._changed = asyncio.Event()

    def add(self, rows: Sequence[ExchangeRow], unrecorded: int) -> None:
        found = [row for row in rows if is_wanted(row, self._wanted)]
        self._more += max(0, len(self._rows) + len(found) - self._limit)
        self._rows.extend(found)
        self._unrecorded += unrecorded
        if rows:
            self.position = JournalPosition(rows[-1].number, rows[-1].at)
        if found or unrecorded:
            self._changed.set()

    def wake(self) -> None:
        self._changed.set()

    async def wait(self, seconds: float) -> News | None:
        """Returns the news since the last call; None if there is none within this time, or when the stream ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)
        self._changed.clear()
        if not (self._rows or self._more or self._unrecorded):
            return None
        news = News(tuple(self._rows), self._more, self._unrecorded, self.position)
        self._rows.clear()
        self._more = self._unrecorded = 0
        return news


class LiveExchanges:
    """`listen` for as long as a block lasts. overlap: whether several processes write at the same time (PostgreSQL)."""

    def __init__(self, runtime: Runtime, journal: Journal, *, overlap: bool = False) -> None:
        self._runtime, self._journal = runtime, journal
        self._reader = _JournalReader(runtime.store, OVERLAP_NUMBERS if overlap else 0)
        self._listeners: list[Listener] = []
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._dropped = 0
        self._written = 0.0
        """The last time at which waiting exchanges were written, whatever their number."""
        self.streams: Counter[str] = Counter()
        """The open streams of this worker, by the address of their readers."""
        self.stopped = False
        """The server is stopping, so streams end."""

    async def begin(self) -> None:
        """Start to read the journal, unless a task already reads it. What was recorded before isn't reported."""
        async with self._beginning:
            if self._task is None or self._task.done():
                await self._journal.collect()
                await self._reader.begin()
                self._dropped = journal_metrics.read_dropped_exchanges()
                self._task = asyncio.get_running_loop().create_task(self._deliver_new_exchanges(), context=Context())

    @contextmanager
    def listen(self, wanted: ExchangeFilter, limit: int) -> Iterator[Listener]:
        """Listen for as long as the block lasts. Call `begin` right before."""
        listener = Listener(wanted, limit, self._reader.last)
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)

    async def read_missed_exchanges(self, wanted: ExchangeFilter, limit: int, since: JournalPosition) -> Missed:
        """Return the exchanges recorded after a position, up to where this worker has read."""
        store, until = self._runtime.store, self._reader.number
        exact = await is_stored(store, since)
        rows: deque[ExchangeRow] = deque(maxlen=limit)
        number, at, found, read = since.number, since.at, 0, 0
        while read < RESUMED_ROWS:
            page = await (store.read_exchanges_since(number, PAGE) if exact else store.read_exchanges_after(at, PAGE))
            missed = [row for row in page if row.number <= until and is_wanted(row, wanted)]
            rows.extend(missed)
            found, read = found + len(missed), read + len(page)
            if len(page) < PAGE:
                break
            number, at = page[-1].number, page[-1].at
        last = JournalPosition(rows[-1].number, rows[-1].at) if rows else since
        return Missed(News(tuple(rows), found - len(rows), 0, last), exact and read < RESUMED_ROWS)

    def stop(self) -> None:
        self.stopped = True
        for listener in self._listeners:
            listener.wake()
        if self._task is not None:
            self._task.cancel()

    async def _deliver_new_exchanges(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._listeners:
                return
            try:
                await self._look_for_news()
            except Unavailable:
                continue
            except Exception:
                LOG.exception("new exchanges can't be read; streams continue with the next look")

    async def _look_for_news(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._journal.waiting() <= SMALL_BATCH or now - self._written >= EVERY:
            await self._journal.flush(NOT_EXPLAINED)
            self._written = now
        rows = await self._reader.read()
        self._journal.report_dropped_exchanges()
        dropped = journal_metrics.read_dropped_exchanges() if rows else self._dropped
        unrecorded, self._dropped = max(0, dropped - self._dropped), dropped
        if rows or unrecorded:
            for listener in self._listeners:
                listener.add(rows, unrecorded)


class _JournalReader:
    """Reads the exchanges that were added since the last call. overlap: how many numbers are read again.

    The number of a deleted record can be given again. So as soon as the last exchange isn't stored any more, new ones are found
    by the time of their arrival.
    """

    def __init__(self, store: Store, overlap: int) -> None:
        self._store, self._overlap = store, overlap
        self.number, self.last = 0, JournalPosition(0, 0)
        """The greatest number of all exchanges that were read, and the position of the last one."""
        self._newest = JournalPosition(0, 0)
        self._newest_at = 0
        self._by_time = False
        self._seen: deque[int] = deque(maxlen=2 * PAGE)
        """Numbers of exchanges that were read, and may be read again."""
        self._quiet_looks = 0

    async def begin(self) -> None:
        self._newest = self.last = JournalPosition(*await self._store.newest_exchange())
        self.number, self._by_time, self._quiet_looks = self.last.number, False, 0
        stored = await self._store.find("exchange", limit=1)
        self._newest_at = stored[0].at if stored else 0
        again = await self._store.read_exchanges_since(max(0, self.number - self._overlap), PAGE) if self._overlap else []
        self._seen = deque((row.number for row in again), maxlen=2 * PAGE)

    async def read(self) -> list[ExchangeRow]:
        newest = JournalPosition(*await self._store.newest_exchange())
        self._quiet_looks = 0 if newest != self._newest or self._by_time else self._quiet_looks + 1
        self._newest = newest
        if self._quiet_looks > (OVERLAP_LOOKS if self._overlap else 0):
            return []
        if self._by_time or not await is_stored(self._store, self.last):
            self._seen.clear()
            page = await self._store.read_exchanges_after(self._newest_at, PAGE)
            self._by_time = len(page) == PAGE
            self.number = max((row.number for row in page), default=0)
            return self._select_unread(page)
        page = await self._store.read_exchanges_since(max(0, self.number - self._overlap), PAGE)
        self.number = max(self.number, page[-1].number if page else 0)
        return self._select_unread(page)

    def _select_unread(self, page: list[ExchangeRow]) -> list[ExchangeRow]:
        """The exchanges that weren't read before."""
        if self._overlap:
            seen = {*self._seen}
            page = [row for row in page if row.number not in seen]
            self._seen.extend(row.number for row in page)
        if page:
            self.last = JournalPosition(page[-1].number, page[-1].at)
            self._newest_at = max(self._newest_at, *(row.at for row in page))
        return page


async def is_stored(store: Store, position: JournalPosition) -> bool:
    """Whether the exchange of a position is still there, so that those after it have greater numbers. 0: there was none."""
    if position.number == 0:
        return True
    found = await store.read_exchanges_since(position.number - 1, 1)
    return bool(found) and (found[0].number, found[0].at) == position
