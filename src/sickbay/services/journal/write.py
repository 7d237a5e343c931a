"""Writes the journal of exchanges: refusals immediately, granted exchanges in batches outside the request.

Everything is bounded: the exchanges waiting to be written (`Queue`), the refusals waiting for their commit (AT_ONCE), and the
stored journal (`Volume`, trimmed in slices after each batch). docs/running.md has the figures.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context

from sickbay.diagnosis.silence.progress import PREFLIGHT_SECONDS
from sickbay.kernel.memory import ResetScope
from sickbay.services import clock, runtime_settings
from sickbay.services.class_mode import progress
from sickbay.services.class_mode.attribution import add_student
from sickbay.services.context import LogLine, Runtime
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.queue import (
    NOT_EXPLAINED,
    Arrived,
    Queue,
    Queued,
    Unexplained,
    W,
    Waiting,
    is_wanted,
    measure_weight,
)
from sickbay.services.journal.record import Exchange as Exchange
from sickbay.services.journal.record import build_record, make_record, redact_refusal
from sickbay.services.recent_launches import RecentLaunch
from sickbay.services.redaction import live_secrets
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.redaction import RecordedRequest as RecordedRequest
from sickbay.services.redaction.redaction import RecordedResponse as RecordedResponse
from sickbay.services.request_metrics import METRICS
from sickbay.services.reset_revisions import ResetRevisions, compare_revisions, is_over
from sickbay.settings.database import Unavailable
from sickbay.storage.counts import Volume
from sickbay.storage.interface import Put, Record, Step
from sickbay.storage.resets import Revisions, WasReset, compare_with, current

EVERY = 1.0
"""Seconds between two checks of the queues."""
BATCH, LATEST = 192, 5
"""A single worker writes granted exchanges when this many wait, or after this many checks, because most of the cost is per
batch. Other workers can't see its queue, so with several workers, each writes at every check.
"""
GRANTED = 256
"""Granted exchanges per batch, so 256 a second. If there are more, the newest of each app are written.

One takes 0.16 to 0.2 ms of CPU to record: 1,000 a second would slow down a busy server by a fifth.
"""
GRANTED_WAITING = GRANTED + BATCH
"""Maximum number of waiting granted exchanges: a batch that isn't due yet, and those of one more second."""
SLICE = 16
"""Number of exchanges that are converted to records between two pauses."""
COMPARED = 64
"""Maximum number of exchanges, for each check since the previous batch, that are compared with the other dialects."""
AT_ONCE = 8
"""Maximum number of refusals that wait for their commit at the same time. Others are written with the next batch."""
UNEXPLAINED, UNEXPLAINED_BYTES = 256, 4_000_000
"""Refusals that may wait to be explained after their responses, and the maximum bytes of their requests and responses."""
SOON = 0.02
"""Seconds before such a refusal is explained, and as many more for each kilobyte: at most 50 a second, whatever arrives.

One takes 1 to 4 ms of CPU, depending on its size.
"""
REFUSALS, WAITING_BYTES = 1024, 8_000_000
"""Refusals that may wait for the next batch, and the maximum bytes in each queue."""
DEFAULT_LIMITS = Volume(20_000, 64_000_000)
"""The default limits of the journal."""
AT_A_TIME, PAUSE = 200, 0.01
"""Exchanges written or deleted per transaction, and seconds between two deletions, so that other writes get a turn."""
PURGED_EVERY = 3600
ID_CHARACTERS = 200
"""Maximum length of the ID of an exchange or a timeline, in characters."""
TOPIC = "write"
"""The topic of the question to other workers in `collect`."""
RESENT = "resent"
"""The terminal's label for a request that Sickbay sent again."""


class Journal:
    """Queues exchanges until they are written. The task of `run` calls `flush`, and a reader calls `collect` before it reads.

    most: the limits to which the store is trimmed after each batch.
    """

    def __init__(self, runtime: Runtime, most: Volume = DEFAULT_LIMITS) -> None:
        self.runtime = runtime
        self.most = most
        self.unreachable_seconds = 0.0
        """How long workers that can't be asked may hold an exchange."""
        self._granted: Queue[Waiting[Arrived]] = Queue(GRANTED_WAITING, WAITING_BYTES)
        self._refused: Queue[Waiting[Record]] = Queue(REFUSALS, WAITING_BYTES)
        self._unexplained: Queue[Waiting[Unexplained]] = Queue(UNEXPLAINED, UNEXPLAINED_BYTES)
        self._explaining: asyncio.Task[None] | None = None
        self._at_once = 0
        self._reported = 0
        self._arrival = 0
        self._looks = 0
        """Number of checks since the previous batch."""
        self._writing = asyncio.Lock()
        runtime.memory.register("exchanges to be written", self)

    async def write(self, exchange: Exchange) -> None:
        """Writes an exchange: a refusal immediately, a granted exchange with the next batch."""
        if exchange.decision is None or exchange.decision.refusal is None:
            self.hold(exchange)
        else:
            await self.record(exchange)

    async def record(self, exchange: Exchange) -> bytes:
        """Writes a refusal and returns its redacted JSON. It is on disk when this returns; if too many arrive at once, it
        joins the next batch.
        """
        METRICS.count_exchange(exchange)
        self._report_exchange(exchange)
        if self.runtime.class_mode:
            exchange = await add_student(self.runtime, exchange)
        arrival = self._next_arrival()
        redacted = await redact_refusal(self.runtime, exchange)
        await self._write_refusal(exchange, make_record(exchange, arrival, redacted))
        return redacted.text

    def _storing_steps(self, stored: Sequence[Record]) -> list[Step]:
        """The steps that store these records and, in class mode, the progress of students."""
        noted = progress.list_steps(stored) if self.runtime.class_mode else ()
        return [*(Put(entry, aside=True) for entry in stored), *noted]

    async def _write_refusal(self, exchange: Exchange, refusal_record: Record) -> None:
        if self._was_reset(exchange.tenant):
            return
        if self._at_once >= AT_ONCE or len(self._refused):
            waiting = refusal_record, _revisions_of(self.runtime.resets, exchange.tenant)
            self._refused.add(waiting, refusal_record.owner, len(refusal_record.value))
            return
        self._at_once += 1
        try:
            with suppress(WasReset):
                await self.runtime.store.transaction(self._storing_steps([refusal_record]))
        finally:
            self._at_once -= 1

    def write_later(self, exchange: Exchange, explained: Callable[[Exchange], Exchange]) -> None:
        """Writes a refusal after its response was sent: its sender isn't known, so its request must not cost much.

        exchange: explained as far as the response needs it. explained: adds what is to be written.
        """
        METRICS.count_exchange(exchange)
        self._report_exchange(exchange)
        if self._was_reset(exchange.tenant):
            return
        waiting = Unexplained(self._next_arrival(), exchange, explained), _revisions_of(self.runtime.resets, exchange.tenant)
        self._unexplained.add(waiting, f"{exchange.stage} {exchange.client_id}", measure_weight(exchange))
        if self._explaining is None or self._explaining.done():
            self._explaining = asyncio.get_running_loop().create_task(self._explain_refusals(), context=Context())

    async def _explain_refusals(self) -> None:
        """Explains and writes one refusal after the other until none waits."""
        while len(self._unexplained):
            await asyncio.sleep(SOON * (1 + self._unexplained.bytes // len(self._unexplained) // 1000))
            with suppress(Unavailable):
                async with self._writing:
                    if len(self._unexplained) and not await self._write_explanations([self._unexplained.take()]):
                        await runtime_settings.refresh_settings(self.runtime)

    async def _write_explanations(self, refusals: Sequence[Queued[Unexplained]]) -> bool:
        """False, like `_write_queues`, if they have to be written again. Puts them back if the database is unavailable."""
        known = self.runtime.resets
        try:
            with compare_with(known.all):
                explained: list[Record] = []
                for waiting in self._drop_reset_items(refusals):
                    whole = waiting.explained(waiting.exchange)
                    if self.runtime.class_mode:
                        whole = await add_student(self.runtime, whole)
                    redacted = await redact_refusal(self.runtime, whole)
                    explained.append(make_record(whole, waiting.arrival, redacted))
                    await asyncio.sleep(0)
                if explained:
                    await self.runtime.store.transaction(self._storing_steps(explained))
        except (Unavailable, asyncio.CancelledError) as error:
            self._put_back(self._unexplained, refusals, known)
            if isinstance(error, WasReset):
                return False
            raise
        return True

    def hold(self, exchange: Exchange) -> None:
        """Queues a granted exchange for the next batch. Many FHIR requests from an app don't displace its other exchanges."""
        METRICS.count_exchange(exchange)
        if self.runtime.on_exchange is not None:
            self._report_exchange(exchange)
        if not self._was_reset(exchange.tenant):
            waiting = Arrived(self._next_arrival(), exchange), _revisions_of(self.runtime.resets, exchange.tenant)
            self._granted.add(waiting, f"{exchange.stage} {exchange.client_id}", measure_weight(exchange))

    def _next_arrival(self) -> int:
        """The current microsecond, or a later one if another exchange of this worker has it."""
        now = self.runtime.effects.arrival()
        self._arrival = now if now > self._arrival else self._arrival + 1
        return self._arrival

    async def collect(self, wanted: str | None = None) -> None:
        """Flushes, here and at the other workers, so that every exchange that was answered before can be read."""
        await self.flush(wanted)
        if self.runtime.channel is not None and len(wanted or "") <= ID_CHARACTERS:
            await self.runtime.channel.ask(TOPIC, json.dumps(wanted).encode())

    async def flush_for_worker(self, wanted: bytes) -> bytes:
        """Flushes on behalf of another worker's `collect`."""
        with suppress(Unavailable):
            await self.flush(json.loads(wanted))
        return b""

    async def flush(self, wanted: str | None = None) -> None:
        """Writes all queued exchanges, in slices.

        Readers that arrive in the meantime wait until they are written. wanted: which of the refusals that wait to be
        explained: all, or those with this ID of an exchange or a timeline. Anyone may read one exchange, so that must not
        explain all.
        """
        async with self._writing:
            while not await self._write_explanations(
                self._unexplained.remove(lambda waiting: is_wanted(waiting[0].exchange, wanted))
            ):
                await runtime_settings.refresh_settings(self.runtime)
            while not await self._write_queues():
                await runtime_settings.refresh_settings(self.runtime)
        await self.runtime.given_advice.share(self.runtime.channel)

    async def _write_queues(self) -> bool:
        """Returns False if another worker has reset a hospital, so that some of these exchanges belong to deleted data."""
        granted, refused = self._granted.items(), self._refused.items()
        self._granted.clear()
        self._refused.clear()
        compare = len(granted) <= COMPARED * max(self._looks, 1)
        self._looks = 0
        known = self.runtime.resets
        try:
            with compare_with(known.all):
                await self._write_records(self._drop_reset_items(granted), self._drop_reset_items(refused), compare)
        except (
            Unavailable,
            asyncio.CancelledError,
        ) as error:  # they may have been written; writing them again under the same ids changes nothing
            self._put_back(self._granted, granted, known)
            self._put_back(self._refused, refused, known)
            if isinstance(error, WasReset):
                return False
            raise
        return True

    async def _write_records(self, granted: list[Arrived], refused: list[Record], compare: bool) -> None:
        if not granted and not refused:
            return
        live = await live_secrets.load_strict(self.runtime)
        stored = await _build_records(self.runtime, granted, live, compare) + refused
        for start in range(0, len(stored), AT_A_TIME):
            await self.runtime.store.transaction(self._storing_steps(stored[start : start + AT_A_TIME]))

    def _drop_reset_items(self, items: Iterable[Queued[W]]) -> list[W]:
        """Returns the items without those of requests that began before a reset."""
        return [item for (item, began), _, _ in items if began == _revisions_of(self.runtime.resets, item.tenant)]

    def _was_reset(self, tenant: str) -> bool:
        """Whether the hospital was reset since the current request began."""
        return current().revisions is not _revisions_of(self.runtime.resets, tenant) and is_over(self.runtime.resets)

    def _put_back(self, queue: Queue[Waiting[W]], items: Iterable[Queued[W]], known: ResetRevisions) -> None:
        """Puts back what couldn't be written. known: the resets that this worker knew when it took the items.

        `forget` doesn't reach items that are being written, so the resets that were noticed since then are considered here.
        """
        items = [item for item in items if item[0][1] == _revisions_of(known, item[0][0].tenant)]
        for reset in compare_revisions(known, self.runtime.resets):
            items = self._select_unaffected(items, reset)
        queue.put_back(items)

    def forget(self, reset: ResetScope) -> None:
        """Drops the exchanges that wait to be written. `flush` leaves out the ones that it is writing. If a snapshot is
        restored, they are kept.
        """
        for queue in (self._granted, self._refused, self._unexplained):
            queue.replace(lambda items: self._select_unaffected(items, reset))

    def _select_unaffected(self, items: Iterable[Queued[W]], reset: ResetScope) -> list[Queued[W]]:
        """What a reset leaves of these items. A restore leaves all, as if their requests had ended after it."""
        if reset.restored:
            return [
                ((item, _revisions_of(self.runtime.resets, item.tenant)), owner, weight) for (item, _), owner, weight in items
            ]
        return [item for item in items if reset.tenant not in (None, item[0][0].tenant)]

    async def run(self) -> None:
        """Flushes and trims until cancelled, then flushes once more."""
        purged = 0
        try:
            while True:
                await asyncio.sleep(EVERY)
                self._looks += 1
                if not self._is_due():
                    continue
                METRICS.publish()
                with suppress(Unavailable):  # the queues are written once the database is back
                    await runtime_settings.refresh_settings(self.runtime)
                    await self.flush(NOT_EXPLAINED)  # the others are explained at their own pace
                    self.report_dropped_exchanges()
                    await self.trim()
                    if self.runtime.effects.arrival() - purged > PURGED_EVERY * 1_000_000:
                        purged = self.runtime.effects.arrival()
                        await self.purge()
        finally:
            if self._explaining is not None:
                self._explaining.cancel()
            METRICS.publish()
            with suppress(Unavailable):
                await self.flush()

    def _is_due(self) -> bool:
        """Whether it is time to write the waiting exchanges."""
        waits = len(self._granted) >= BATCH or self._granted.bytes >= WAITING_BYTES // 2 or len(self._refused) > 0
        return waits or self._looks >= LATEST or self.runtime.shared

    async def trim(self) -> None:
        """Deletes the oldest exchanges over the limit, a slice at a time."""
        while deleted := await self.runtime.store.trim_journal(self.most, AT_A_TIME):
            journal_metrics.count_dropped_exchanges("size", deleted)
            await asyncio.sleep(PAUSE)

    async def purge(self) -> None:
        """Deletes expired records, a slice at a time. Moving the clock deletes nothing."""
        before = await clock.purge_time(self.runtime)
        while deleted := await self.runtime.store.purge(before, AT_A_TIME):
            journal_metrics.count_dropped_exchanges("expired", deleted)
            await asyncio.sleep(PAUSE)

    def waiting(self) -> int:
        """Returns how many exchanges wait to be written, except those that wait to be explained."""
        return len(self._granted) + len(self._refused)

    def report_dropped_exchanges(self) -> None:
        """Reports the number of exchanges dropped since the last report to the metrics."""
        dropped = self._granted.dropped + self._refused.dropped + self._unexplained.dropped
        journal_metrics.count_dropped_exchanges("queue", dropped - self._reported)
        self._reported = dropped

    def _report_exchange(self, exchange: Exchange) -> None:
        if self.runtime.on_exchange is None:
            return
        if exchange.timeline:
            due = self.runtime.effects.arrival() / 1e6 + PREFLIGHT_SECONDS
            self.runtime.recent_launches.note_request(exchange.timeline, RecentLaunch(exchange.tenant, exchange.id, due))
        findings = exchange.explanation.findings if exchange.explanation else ()
        finding = next((finding.id for finding in findings if finding.severity != "info"), "")
        finding = f"injected fault: {exchange.fault.kind}" if exchange.fault else finding
        self.runtime.on_exchange(
            LogLine(
                exchange.at,
                exchange.tenant,
                exchange.stage,
                exchange.client_id,
                exchange.response.status,
                finding,
                exchange.id,
                RESENT if exchange.resent_from else "",
            )
        )


def _revisions_of(known: ResetRevisions, tenant: str) -> Revisions:
    return known.of.get(tenant) or known.of[""]


async def _build_records(runtime: Runtime, batch: Sequence[Arrived], live: LiveSecrets, compare: bool) -> list[Record]:
    """The records of a batch. Pauses between slices so that requests are served.

    Texts that its exchanges share are searched for secrets only once. compare: with other dialects, which takes a third of the
    time of a record.
    """
    redacted: list[Record] = []
    for number, arrived in enumerate(batch, 1):
        exchange = await add_student(runtime, arrived.exchange) if runtime.class_mode else arrived.exchange
        redacted.append(
            make_record(exchange, arrived.arrival, build_record(exchange, live, runtime.given_advice, compare=compare))
        )
        if number % SLICE == 0 or number == len(batch):
            await asyncio.sleep(0)
    return redacted
