"""The journal of exchanges: refusals are written at once, granted ones in batches off the request path."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress

from sickbay.operations.context import Line, World
from sickbay.operations.exchange import Answered as Answered
from sickbay.operations.exchange import Exchange as Exchange
from sickbay.operations.exchange import Wire as Wire
from sickbay.operations.exchange_record import record, stored
from sickbay.operations.live import Live, hashes
from sickbay.settings.database import Unavailable
from sickbay.storage.store import Put, Step

EVERY = 1.0
"""Seconds between two batches."""
KEPT = 256
"""Granted exchanges a batch keeps, of FHIR and of all other kinds: under load the newest."""
CROWD, MOMENTS = 4 * KEPT, 5
"""Requests in each of so many moments of which hardly one is kept: then a batch is written after the last of them."""
SLICE = 16
"""Exchanges that are made into records without a pause."""
ONE_IN = 32
"""Of a crowd of FHIR requests so many are looked at; of these the newest are kept."""
PURGED_EVERY = 3600


class Journal:
    """Holds what waits to be written. `flush` is called by a task that `run` keeps, and by every reader first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._waiting: deque[Exchange] = deque(maxlen=KEPT)
        self._kept: deque[Exchange] = deque(maxlen=KEPT)
        self._came = {True: 0, False: 0}
        """Since the last batch: of FHIR, and of all other kinds."""
        self._writing = asyncio.Lock()

    async def write(self, one: Exchange) -> None:
        """A refusal is on the disk when this returns; a granted one soon."""
        if not one.refused:
            self.hold(one)
            return
        self._say(one)
        await self.world.store.transaction([Put(await stored(self.world, one), aside=True)])

    def passes_over(self) -> bool:
        """Whether the next granted FHIR request need not come here: where so many come, hardly one of them is kept."""
        came = self._came[True]
        if came < CROWD or came % ONE_IN == 0 or self.world.say is not None:
            return False
        self._came[True] = came + 1
        return True

    def hold(self, one: Exchange) -> None:
        """A granted one: it is written soon."""
        if self.world.say is not None:
            self._say(one)
        fhir = one.stage == "access"
        (self._waiting if fhir else self._kept).append(one)
        self._came[fhir] += 1

    async def flush(self) -> None:
        """Write what waits, in one transaction. Whoever comes while it is written waits for it, to read it then."""
        async with self._writing:
            kept, waiting = tuple(self._kept), tuple(self._waiting)
            self._kept.clear()
            self._waiting.clear()
            self._came = {True: 0, False: 0}
            if kept or waiting:
                try:
                    await self.world.store.transaction(await _puts((*kept, *waiting), await hashes(self.world)))
                except (
                    Unavailable,
                    asyncio.CancelledError,
                ):  # perhaps it is written: once more under its id changes nothing
                    self._kept = _before(kept, self._kept)
                    self._waiting = _before(waiting, self._waiting)
                    raise

    async def run(self) -> None:
        """Until cancelled; then what waits is written."""
        purged = 0.0
        try:
            while True:
                await self._wait()
                with suppress(Unavailable):  # what waits is written when the database is back
                    await self.flush()
                    if self.world.effects.now() - purged > PURGED_EVERY:
                        purged = self.world.effects.now()
                        await self.world.store.purge(int(purged))
        finally:
            with suppress(Unavailable):
                await self.flush()

    async def _wait(self) -> None:
        """A moment; some moments where nothing waits but a few of a crowd."""
        for moments in range(1, MOMENTS + 1):
            await asyncio.sleep(EVERY)
            came = [count for count in self._came.values() if count]
            if min(came, default=0) < CROWD * moments:
                return

    def _say(self, one: Exchange) -> None:
        if self.world.say is None:
            return
        finding = one.explanation.findings[0].id if one.explanation and one.explanation.findings else ""
        self.world.say(Line(one.at, one.tenant, one.stage, one.client_id, one.answer.status, finding, one.id))


def _before(old: Sequence[Exchange], new: deque[Exchange]) -> deque[Exchange]:
    return deque((*old, *new), maxlen=new.maxlen)


async def _puts(batch: Sequence[Exchange], known: Collection[str]) -> list[Step]:
    """Requests are answered between its slices: all of a full batch takes as long as thirty of them."""
    steps: list[Step] = []
    for start in range(0, len(batch), SLICE):
        steps += [Put(record(one, Live(known, strict=True)), aside=True) for one in batch[start : start + SLICE]]
        await asyncio.sleep(0)
    return steps
