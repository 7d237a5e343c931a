"""Writes the journal of exchanges: refusals immediately, granted exchanges in batches outside the request.

Everything is bounded: the exchanges waiting to be written (`Queue`), the refusals waiting for their commit (AT_ONCE), and the
stored journal (`Volume`, trimmed in slices after each batch). docs/running.md has the figures.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from sickbay.services.context import LogLine, Runtime
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.exchange_record import Exchange as Exchange
from sickbay.services.journal.exchange_record import Masked, record, stored
from sickbay.services.journal.live_secrets import LiveSecrets, hashes
from sickbay.services.journal.redaction import RecordedRequest as RecordedRequest
from sickbay.services.journal.redaction import RecordedResponse as RecordedResponse
from sickbay.services.request_metrics import METRICS
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import Put, Record, Step, Volume

EVERY = 1.0
"""Seconds between two batches."""
GRANTED = 256
"""Granted exchanges per batch, so 256 a second. If there are more, the newest of each app are written.

One takes 0.16 to 0.2 ms of CPU to record: 1,000 a second would slow down a busy server by a fifth.
"""
SLICE = 16
"""Exchanges that are turned into records without a pause."""
COMPARED = 64
"""The largest batch whose exchanges are compared with the other dialects."""
AT_ONCE = 8
"""Refusals that wait for their commit at the same time. Later ones are written with the next batch."""
REFUSALS, WAITING_BYTES = 1024, 8_000_000
"""Refusals that may wait for the next batch, and the maximum bytes in each queue."""
MOST = Volume(20_000, 64_000_000)
"""The default limits of the journal."""
AT_A_TIME, PAUSE = 200, 0.01
"""Exchanges written or deleted per transaction, and seconds between two deletions, so that other writes get a turn."""
PURGED_EVERY = 3600
T = TypeVar("T")


class Arrived(NamedTuple):
    """A queued exchange. arrival: its place in the order of all exchanges (`Effects.arrival`)."""

    arrival: int
    exchange: Exchange


class Journal:
    """Queues exchanges until they are written. The task of `run` calls `flush`, and so does every reader before it reads.

    most: the limits to which the store is trimmed after each batch.
    """

    def __init__(self, runtime: Runtime, most: Volume = MOST) -> None:
        self.runtime = runtime
        self.most = most
        self._granted: Queue[Arrived] = Queue(GRANTED, WAITING_BYTES)
        self._refused: Queue[Record] = Queue(REFUSALS, WAITING_BYTES)
        self._at_once = 0
        self._reported = 0
        self._arrival = 0
        self._writing = asyncio.Lock()

    async def write(self, exchange: Exchange, shown: Masked | None = None) -> None:
        """Writes an exchange. A refusal is on disk when this returns; if too many arrive at once, it joins the next batch.

        shown: the exchange as it was masked for its own response.
        """
        if not exchange.refused:
            self.hold(exchange)
            return
        METRICS.decided(exchange)
        self._say(exchange)
        refusal_record = await stored(self.runtime, exchange, self._next_arrival(), shown)
        if self._at_once >= AT_ONCE or len(self._refused):
            self._refused.add(refusal_record, refusal_record.owner, len(refusal_record.value))
            return
        self._at_once += 1
        try:
            await self.runtime.store.transaction([Put(refusal_record, aside=True)])
        finally:
            self._at_once -= 1

    def hold(self, exchange: Exchange) -> None:
        """Queues a granted exchange for the next batch. Many FHIR requests of an app don't displace its other exchanges."""
        METRICS.decided(exchange)
        if self.runtime.on_exchange is not None:
            self._say(exchange)
        arrived = Arrived(self._next_arrival(), exchange)
        self._granted.add(arrived, f"{exchange.stage} {exchange.client_id}", weight(exchange))

    def _next_arrival(self) -> int:
        """The current microsecond, or a later one if another exchange of this worker has it."""
        self._arrival = max(self._arrival + 1, self.runtime.effects.arrival())
        return self._arrival

    async def flush(self) -> None:
        """Writes all queued exchanges, in slices.

        Readers that arrive in the meantime wait until they are written.
        """
        async with self._writing:
            granted, refused = self._granted.items(), self._refused.items()
            self._granted.clear()
            self._refused.clear()
            if granted or refused:
                try:
                    puts = await _puts([arrived for arrived, _, _ in granted], await hashes(self.runtime))
                    for start in range(0, len(puts), AT_A_TIME):
                        await self.runtime.store.transaction(puts[start : start + AT_A_TIME])
                    for start in range(0, len(refused), AT_A_TIME):
                        refusals = [Put(record, aside=True) for record, _, _ in refused[start : start + AT_A_TIME]]
                        await self.runtime.store.transaction(refusals)
                except (
                    Unavailable,
                    asyncio.CancelledError,
                ):  # they may have been written; writing them again under the same ids changes nothing
                    self._granted.put_back(granted)
                    self._refused.put_back(refused)
                    raise

    async def run(self) -> None:
        """Flushes and trims until cancelled, then flushes once more."""
        purged = 0.0
        try:
            while True:
                await asyncio.sleep(EVERY)
                METRICS.publish()
                with suppress(Unavailable):  # the queues are written once the database is back
                    await self.flush()
                    self._report()
                    await self.trim()
                    if self.runtime.effects.now() - purged > PURGED_EVERY:
                        purged = self.runtime.effects.now()
                        await self._purge(int(purged))
        finally:
            METRICS.publish()
            with suppress(Unavailable):
                await self.flush()

    async def trim(self) -> None:
        """Deletes the oldest exchanges over the limit, a slice at a time."""
        while deleted := await self.runtime.store.trim_journal(self.most, AT_A_TIME):
            journal_metrics.dropped("size", deleted)
            await asyncio.sleep(PAUSE)

    async def _purge(self, now: int) -> None:
        """Deletes expired records, a slice at a time."""
        while deleted := await self.runtime.store.purge(now, AT_A_TIME):
            journal_metrics.dropped("expired", deleted)
            await asyncio.sleep(PAUSE)

    def _report(self) -> None:
        """Reports to the metrics what was dropped since the last report. A request only counts."""
        dropped = self._granted.dropped + self._refused.dropped
        journal_metrics.dropped("queue", dropped - self._reported)
        self._reported = dropped

    def _say(self, exchange: Exchange) -> None:
        if self.runtime.on_exchange is None:
            return
        findings = exchange.explanation.findings if exchange.explanation else ()
        finding = next((finding.id for finding in findings if finding.severity != "info"), "")
        self.runtime.on_exchange(
            LogLine(
                exchange.at, exchange.tenant, exchange.stage, exchange.client_id, exchange.response.status, finding, exchange.id
            )
        )


def weight(exchange: Exchange) -> int:
    """The approximate size of a queued exchange in bytes: request and response; everything else is small."""
    sent = getattr(exchange.decision.request, "body", "") if exchange.decision else ""
    return len(exchange.request.url) + len(exchange.request.body) + len(exchange.response.body or "") + len(sent or "")


async def _puts(batch: Sequence[Arrived], known: Collection[str]) -> list[Step]:
    """The records of a batch. Pauses between slices so that requests are served.

    Texts that its exchanges share are searched for secrets only once. A large batch leaves out the comparison with other
    dialects, which takes a quarter of the time of a record.
    """
    steps: list[Step] = []
    compare, live = len(batch) <= COMPARED, LiveSecrets(known, strict=True)
    for start in range(0, len(batch), SLICE):
        steps += [
            Put(record(exchange, arrival, live, compare=compare), aside=True)
            for arrival, exchange in batch[start : start + SLICE]
        ]
        await asyncio.sleep(0)
    return steps


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
        """Number of waiting items -> the apps that have so many, so that the largest is found without looking at all apps."""
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
            self._drop_oldest(waiting)  # as _drop would: no other app has as many
        else:
            self._moved(owner, len(waiting) - 1, len(waiting))
            self._largest = max(self._largest, len(waiting))
        while self._count > self.most or self._bytes > self.most_bytes:
            self._drop()

    def items(self) -> tuple[tuple[T, str, int], ...]:
        """Each item with its app and weight, oldest first within each app."""
        return tuple((item, owner, weight) for owner, waiting in self._waiting.items() for item, weight in waiting)

    def clear(self) -> None:
        self._waiting.clear()
        self._owners.clear()
        self._largest = self._count = self._bytes = 0

    def put_back(self, items: Iterable[tuple[T, str, int]]) -> None:
        """Puts items that were taken out back, before those added since."""
        later = self.items()
        self.clear()
        for item, owner, weight in (*items, *later):
            self.add(item, owner, weight)

    def _drop(self) -> None:
        if self._count > self.most:
            owner = next(iter(self._owners[self._largest]))
        else:
            owner = max(self._waiting, key=lambda name: sum(weight for _, weight in self._waiting[name]))
        waiting = self._waiting[owner]
        self._drop_oldest(waiting)
        self._moved(owner, len(waiting) + 1, len(waiting))
        if not self._owners.get(self._largest):
            self._largest -= 1
        if not waiting:
            del self._waiting[owner]

    def _drop_oldest(self, waiting: deque[tuple[T, int]]) -> None:
        self._bytes -= waiting.popleft()[1]
        self._count -= 1
        self.dropped += 1

    def _moved(self, owner: str, before: int, now: int) -> None:
        """Notes that an app has `now` waiting items and no longer `before`."""
        if before:
            del self._owners[before][owner]
        if now:
            self._owners.setdefault(now, {})[owner] = None
