"""The journal of exchanges: refusals are written at once, granted ones in batches off the request path.

Everything here is bounded: what waits to be written (`Queue`), how many refusals wait for their commit (AT_ONCE), and what is
kept (`Volume`, trimmed in slices after each batch). docs/running.md has the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress

from sickbay.diagnosis.stages import FHIR
from sickbay.operations import journal_metrics
from sickbay.operations.context import Line, World
from sickbay.operations.exchange import Answered as Answered
from sickbay.operations.exchange import Exchange as Exchange
from sickbay.operations.exchange import Wire as Wire
from sickbay.operations.exchange_record import Masked, record, stored
from sickbay.operations.journal_queue import Queue
from sickbay.operations.live import Live, hashes
from sickbay.settings.database import Unavailable
from sickbay.storage.store import Put, Record, Step, Volume

EVERY = 1.0
"""Seconds between two batches."""
KEPT = 256
"""Granted exchanges a batch keeps, of FHIR and of all other kinds: under load the newest."""
CROWD, MOMENTS = 4 * KEPT, 5
"""Requests in each of so many moments of which hardly one is kept: then a batch is written after the last of them."""
SLICE = 16
"""Exchanges that are made into records without a pause."""
COMPARED = 64
"""Exchanges of a batch up to which each is compared with the other dialects."""
ONE_IN = 32
"""Of a crowd of FHIR requests so many are looked at; of these the newest are kept."""
AT_ONCE = 8
"""Refusals that wait for their commit at the same time; those that come meanwhile are written with the next batch."""
REFUSALS, WAITING_BYTES = 1024, 8_000_000
"""Refusals that may wait for the next batch, and the bytes that each queue may hold."""
MOST = Volume(20_000, 64_000_000)
"""What is kept unless it is configured otherwise."""
AT_A_TIME, PAUSE = 200, 0.01
"""Refusals that one transaction of a batch writes, or exchanges that one deletes, and seconds between two deletions: requests
are written in between."""
PURGED_EVERY = 3600


class Journal:
    """Holds what waits to be written. `flush` is called by a task that `run` keeps, and by every reader first.

    most: what is kept; the store is trimmed to it after each batch.
    """

    def __init__(self, world: World, most: Volume = MOST) -> None:
        self.world = world
        self.most = most
        self._waiting: Queue[Exchange] = Queue(KEPT, WAITING_BYTES)
        self._kept: Queue[Exchange] = Queue(KEPT, WAITING_BYTES)
        self._refused: Queue[Record] = Queue(REFUSALS, WAITING_BYTES)
        self._at_once = 0
        self._came = {True: 0, False: 0}
        """Since the last batch: of FHIR, and of all other kinds."""
        self._sampled = self._reported = 0
        self._writing = asyncio.Lock()

    async def write(self, one: Exchange, shown: Masked | None = None) -> None:
        """A refusal is on the disk when this returns, unless so many come at once that it waits for the next batch.

        shown: the exchange as it was masked for its own response.
        """
        if not one.refused:
            self.hold(one)
            return
        self._say(one)
        made = await stored(self.world, one, shown)
        if self._at_once >= AT_ONCE or len(self._refused):
            self._refused.add(made, made.owner, len(made.value))
            return
        self._at_once += 1
        try:
            await self.world.store.transaction([Put(made, aside=True)])
        finally:
            self._at_once -= 1

    def passes_over(self) -> bool:
        """Whether the next granted FHIR request need not come here: where so many come, hardly one of them is kept."""
        came = self._came[True]
        if came < CROWD or came % ONE_IN == 0 or self.world.say is not None:
            return False
        self._came[True] = came + 1
        self._sampled += 1
        return True

    def hold(self, one: Exchange) -> None:
        """A granted one: it is written soon."""
        if self.world.say is not None:
            self._say(one)
        fhir = one.stage == FHIR.name
        (self._waiting if fhir else self._kept).add(one, one.client_id, weight(one))
        self._came[fhir] += 1

    async def flush(self) -> None:
        """Write what waits: granted ones in one transaction, refusals in slices.

        A reader who comes while it is written waits for it, to read it then.
        """
        async with self._writing:
            kept, waiting, refused = self._kept.items(), self._waiting.items(), self._refused.items()
            for queue in (self._kept, self._waiting, self._refused):
                queue.clear()
            self._came = {True: 0, False: 0}
            if kept or waiting or refused:
                try:
                    granted = [one for one, _, _ in (*kept, *waiting)]
                    await self.world.store.transaction(await _puts(granted, await hashes(self.world)))
                    for start in range(0, len(refused), AT_A_TIME):
                        made = [Put(one, aside=True) for one, _, _ in refused[start : start + AT_A_TIME]]
                        await self.world.store.transaction(made)
                except (
                    Unavailable,
                    asyncio.CancelledError,
                ):  # perhaps it is written: once more under its id changes nothing
                    self._kept.put_back(kept)
                    self._waiting.put_back(waiting)
                    self._refused.put_back(refused)
                    raise

    async def run(self) -> None:
        """Until cancelled; then what waits is written."""
        purged = 0.0
        try:
            while True:
                await self._wait()
                with suppress(Unavailable):  # what waits is written when the database is back
                    await self.flush()
                    self._report()
                    await self.trim()
                    if self.world.effects.now() - purged > PURGED_EVERY:
                        purged = self.world.effects.now()
                        await self._purge(int(purged))
        finally:
            with suppress(Unavailable):
                await self.flush()

    async def trim(self) -> None:
        """Delete the oldest of what is too much, a slice at a time."""
        while deleted := await self.world.store.trim_journal(self.most, AT_A_TIME):
            journal_metrics.dropped("size", deleted)
            await asyncio.sleep(PAUSE)

    async def _purge(self, now: int) -> None:
        """Delete what expired, a slice at a time."""
        while deleted := await self.world.store.purge(now, AT_A_TIME):
            journal_metrics.dropped("expired", deleted)
            await asyncio.sleep(PAUSE)

    def _report(self) -> None:
        """Tell the metrics what was dropped since the last time; a request only counts."""
        dropped = sum(queue.dropped for queue in (self._kept, self._waiting, self._refused))
        journal_metrics.dropped("queue", dropped - self._reported)
        journal_metrics.dropped("sampled", self._sampled)
        self._reported, self._sampled = dropped, 0

    async def _wait(self) -> None:
        """A moment; some moments where nothing waits but a few of a crowd."""
        for moments in range(1, MOMENTS + 1):
            await asyncio.sleep(EVERY)
            came = [count for count in self._came.values() if count]
            if len(self._refused) or min(came, default=0) < CROWD * moments:
                return

    def _say(self, one: Exchange) -> None:
        if self.world.say is None:
            return
        finding = one.explanation.findings[0].id if one.explanation and one.explanation.findings else ""
        self.world.say(Line(one.at, one.tenant, one.stage, one.client_id, one.answer.status, finding, one.id))


def weight(one: Exchange) -> int:
    """About the bytes that it takes while it waits: what was sent and answered; the rest is small."""
    sent = getattr(one.decision.request, "body", "") if one.decision else ""
    return len(one.wire.url) + len(one.wire.body) + len(one.answer.body or "") + len(sent or "")


async def _puts(batch: Sequence[Exchange], known: Collection[str]) -> list[Step]:
    """Requests are answered between its slices: all of a full batch takes as long as thirty of them. During a slice nothing
    becomes secret, so that what is the same in all its exchanges is looked through once. Of a large batch the answers of
    the other dialects are left out: finding them takes as long as all the rest of a record.
    """
    steps: list[Step] = []
    compare = len(batch) <= COMPARED
    for start in range(0, len(batch), SLICE):
        live = Live(known, strict=True)
        steps += [Put(record(one, live, compare=compare), aside=True) for one in batch[start : start + SLICE]]
        await asyncio.sleep(0)
    return steps
