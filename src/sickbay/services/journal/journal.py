"""The journal of exchanges: writes refusals at once, and granted exchanges in batches outside the request.

Everything is bounded: what waits to be written (`Queue`), how many refusals wait for their commit (AT_ONCE), and what is kept
(`Volume`, trimmed in slices after each batch). docs/running.md has the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress

from sickbay.services.context import LogLine, Runtime
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.exchange import Exchange as Exchange
from sickbay.services.journal.exchange import RecordedRequest as RecordedRequest
from sickbay.services.journal.exchange import RecordedResponse as RecordedResponse
from sickbay.services.journal.exchange_record import Masked, record, stored
from sickbay.services.journal.live_secrets import LiveSecrets, hashes
from sickbay.services.journal.write_queue import Queue
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import Put, Record, Step, Volume

EVERY = 1.0
"""Seconds between two batches."""
GRANTED = 1000
"""Granted exchanges that a batch writes, so 1,000 a second. If there are more, the newest of each app are written."""
SLICE = 16
"""Exchanges that are made into records without a pause."""
COMPARED = 64
"""Largest batch in which each exchange is compared with the other dialects."""
AT_ONCE = 8
"""Refusals that wait for their commit at the same time. Others that arrive meanwhile are written with the next batch."""
REFUSALS, WAITING_BYTES = 1024, 8_000_000
"""Refusals that may wait for the next batch, and the bytes that each queue may hold."""
MOST = Volume(20_000, 64_000_000)
"""What the journal keeps by default."""
AT_A_TIME, PAUSE = 200, 0.01
"""Exchanges that one transaction writes or deletes, and seconds between two deletions, so that other writes get their turn."""
PURGED_EVERY = 3600


class Journal:
    """Holds what waits to be written. `flush` is called by a task that `run` keeps, and by every reader first.

    most: what is kept; the store is trimmed to it after each batch.
    """

    def __init__(self, runtime: Runtime, most: Volume = MOST) -> None:
        self.runtime = runtime
        self.most = most
        self._granted: Queue[Exchange] = Queue(GRANTED, WAITING_BYTES)
        self._refused: Queue[Record] = Queue(REFUSALS, WAITING_BYTES)
        self._at_once = 0
        self._reported = 0
        self._writing = asyncio.Lock()

    async def write(self, one: Exchange, shown: Masked | None = None) -> None:
        """A refusal is on the disk when this returns, unless so many come at once that it waits for the next batch.

        shown: the exchange as it was masked for its own response.
        """
        if not one.refused:
            self.hold(one)
            return
        self._say(one)
        made = await stored(self.runtime, one, shown)
        if self._at_once >= AT_ONCE or len(self._refused):
            self._refused.add(made, made.owner, len(made.value))
            return
        self._at_once += 1
        try:
            await self.runtime.store.transaction([Put(made, aside=True)])
        finally:
            self._at_once -= 1

    def hold(self, one: Exchange) -> None:
        """Queue a granted exchange for the next batch. An app's many FHIR requests don't displace its other exchanges."""
        if self.runtime.say is not None:
            self._say(one)
        self._granted.add(one, f"{one.stage} {one.client_id}", weight(one))

    async def flush(self) -> None:
        """Write what waits: granted ones in one transaction, refusals in slices.

        A reader who comes while it is written waits for it, to read it then.
        """
        async with self._writing:
            granted, refused = self._granted.items(), self._refused.items()
            self._granted.clear()
            self._refused.clear()
            if granted or refused:
                try:
                    puts = await _puts([one for one, _, _ in granted], await hashes(self.runtime))
                    for start in range(0, len(puts), AT_A_TIME):
                        await self.runtime.store.transaction(puts[start : start + AT_A_TIME])
                    for start in range(0, len(refused), AT_A_TIME):
                        made = [Put(one, aside=True) for one, _, _ in refused[start : start + AT_A_TIME]]
                        await self.runtime.store.transaction(made)
                except (
                    Unavailable,
                    asyncio.CancelledError,
                ):  # perhaps it is written: once more under its id changes nothing
                    self._granted.put_back(granted)
                    self._refused.put_back(refused)
                    raise

    async def run(self) -> None:
        """Until cancelled; then what waits is written."""
        purged = 0.0
        try:
            while True:
                await asyncio.sleep(EVERY)
                with suppress(Unavailable):  # what waits is written when the database is back
                    await self.flush()
                    self._report()
                    await self.trim()
                    if self.runtime.effects.now() - purged > PURGED_EVERY:
                        purged = self.runtime.effects.now()
                        await self._purge(int(purged))
        finally:
            with suppress(Unavailable):
                await self.flush()

    async def trim(self) -> None:
        """Delete the oldest of what is too much, a slice at a time."""
        while deleted := await self.runtime.store.trim_journal(self.most, AT_A_TIME):
            journal_metrics.dropped("size", deleted)
            await asyncio.sleep(PAUSE)

    async def _purge(self, now: int) -> None:
        """Delete what expired, a slice at a time."""
        while deleted := await self.runtime.store.purge(now, AT_A_TIME):
            journal_metrics.dropped("expired", deleted)
            await asyncio.sleep(PAUSE)

    def _report(self) -> None:
        """Tell the metrics what was dropped since the last time; a request only counts."""
        dropped = self._granted.dropped + self._refused.dropped
        journal_metrics.dropped("queue", dropped - self._reported)
        self._reported = dropped

    def _say(self, one: Exchange) -> None:
        if self.runtime.say is None:
            return
        finding = one.explanation.findings[0].id if one.explanation and one.explanation.findings else ""
        self.runtime.say(LogLine(one.at, one.tenant, one.stage, one.client_id, one.answer.status, finding, one.id))


def weight(one: Exchange) -> int:
    """About the bytes that it takes while it waits: what was sent and answered; the rest is small."""
    sent = getattr(one.decision.request, "body", "") if one.decision else ""
    return len(one.wire.url) + len(one.wire.body) + len(one.answer.body or "") + len(sent or "")


async def _puts(batch: Sequence[Exchange], known: Collection[str]) -> list[Step]:
    """The records of a batch. Requests are answered between its slices. No new secret can appear during a slice, so what its
    exchanges have in common is searched for secrets only once. A large batch leaves out what the other dialects would answer:
    that takes as long as the rest of a record.
    """
    steps: list[Step] = []
    compare = len(batch) <= COMPARED
    for start in range(0, len(batch), SLICE):
        live = LiveSecrets(known, strict=True)
        steps += [Put(record(one, live, compare=compare), aside=True) for one in batch[start : start + SLICE]]
        await asyncio.sleep(0)
    return steps
