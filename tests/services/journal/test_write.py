"""Which exchanges the journal writes and when, and how many can be queued. A flood from one app drops only its own."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs
from tests.services.fixed_effects import FixedEffects

from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.stages import TOKEN
from sickbay.kernel.checks import Checked, Examination, Refusal
from sickbay.kernel.memory import Memory, ResetScope
from sickbay.services.context import Runtime, Secrets
from sickbay.services.decision import Decision
from sickbay.services.given_advice import GivenAdvice
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal import write as journal
from sickbay.services.journal.record import Redacted
from sickbay.services.journal.write import Exchange, Journal, RecordedRequest, RecordedResponse
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.reset_revisions import make_revisions
from sickbay.services.used_passwords import UsedPasswords
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import Put, Record


def exchange(stage: str) -> Exchange:
    return Exchange("id", 0.0, "general", stage, "", "", RecordedRequest("GET", "http://x/", {}), RecordedResponse(200, {}))


def runtime(store: Any) -> Runtime:
    members: dict[str, Any] = {
        "on_exchange": None,
        "secret_hashes": {},
        "secrets": Secrets(1),
        "settings_revision": 0,
        "class_mode": False,
    }
    of_resets = {"memory": Memory(), "resets": make_revisions(("general", "epic")), "tenants": {"general": None, "epic": None}}
    own = {"passwords": UsedPasswords(), "effects": FixedEffects(), "given_advice": GivenAdvice(), "channel": None}
    return cast(Runtime, SimpleNamespace(store=store, **own, **members, **of_resets))


class Store:
    """A store that counts the puts of each key. `away` makes it fail, and `stuck` makes it wait."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.arrivals: list[int] = []
        self.away = False
        self.stuck: asyncio.Event | None = None

    def stamp(self) -> int:
        return 1

    async def find(self, kind: str, *, limit: int) -> list[Record]:
        return []

    async def get(self, kind: str, key: str) -> None:
        return None

    async def transaction(self, steps: list[Put]) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        if self.away:
            raise Unavailable("The database is away")
        for step in steps:
            self.kept[step.record.key] = self.kept.get(step.record.key, 0) + 1
            self.arrivals.append(step.record.at)


def fill_queue(store: Store) -> Journal:
    """A journal whose queue is full, with exchanges of both kinds."""
    writer = Journal(runtime(store))
    for number in range(journal.GRANTED_WAITING // 2):
        writer.hold(structs.replace(exchange("access"), id=f"a{number}"))
        writer.hold(structs.replace(exchange("token"), id=f"t{number}"))
    return writer


def all_counts(*extra_ids: str) -> dict[str, int]:
    return {f"{kind}{number}": 1 for kind in "at" for number in range(journal.GRANTED_WAITING // 2)} | dict.fromkeys(
        extra_ids, 1
    )


def test_other_tasks_run_while_a_full_batch_is_built() -> None:
    async def steps() -> None:
        store, turns = Store(), 0
        writing = asyncio.create_task(fill_queue(store).flush())
        while not writing.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > journal.GRANTED_WAITING / journal.SLICE
        assert store.kept == all_counts()

    asyncio.run(steps())


@pytest.mark.parametrize("turns", [1, 2, 20, 100])
def test_cancelling_a_flush_neither_loses_nor_duplicates_exchanges(turns: int) -> None:
    """At each step: while the records are built, and while they are stored."""

    async def steps() -> None:
        store = Store()
        store.stuck = asyncio.Event()
        writer = fill_queue(store)
        writing = asyncio.create_task(writer.flush())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert store.kept == {}
        store.stuck.set()
        await writer.flush()
        await writer.flush()
        assert store.kept == all_counts()

    asyncio.run(steps())


def test_a_cancelled_task_writes_the_queue_once() -> None:
    async def steps() -> None:
        store = Store()
        writer = fill_queue(store)
        writing = asyncio.create_task(writer.run())
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert store.kept == all_counts()

    asyncio.run(steps())


def test_while_the_database_is_unavailable_the_newest_exchanges_stay_queued() -> None:
    async def steps() -> None:
        store = Store()
        writer = fill_queue(store)
        store.away = True
        writing = asyncio.create_task(writer.flush())
        await asyncio.sleep(0)
        writer.hold(structs.replace(exchange("token"), id="new"))
        with pytest.raises(Unavailable):
            await writing
        store.away = False
        await writer.flush()
        assert store.kept == {key: 1 for key in all_counts("new") if key != "t0"}

    asyncio.run(steps())


def make_refused(id: str, client: str = "app") -> Exchange:
    refusal = Refusal("code-unknown", "invalid_grant", {})
    decision: Decision[Any, Any] = Decision(
        TOKEN, None, None, Examination((Checked("code_is_known", "refused", refusal),)), refusal
    )
    explanation = Explanation((), None)
    return structs.replace(exchange("token"), id=id, client_id=client, decision=decision, explanation=explanation)


def test_each_exchange_gets_a_later_arrival_although_the_clock_stands_still() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        for number in range(6):
            if number % 3:
                writer.hold(structs.replace(exchange("access"), id=str(number)))
            else:
                await writer.write(make_refused(str(number)))
        await writer.flush()
        order = [id for _, id in sorted(zip(store.arrivals, store.kept, strict=True))]
        assert order == list("012345")
        assert len({*store.arrivals}) == 6

    asyncio.run(steps())


def test_a_few_refusals_are_written_immediately_and_a_flood_does_not_wait() -> None:
    """If AT_ONCE commits are in progress, a refusal joins the next batch and doesn't wait for its own commit."""

    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        await writer.write(make_refused("alone"))
        assert store.kept == {"alone": 1}
        store.stuck = asyncio.Event()
        waiting = [asyncio.create_task(writer.write(make_refused(f"r{number}"))) for number in range(3 * journal.AT_ONCE)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert sum(task.done() for task in waiting) == 2 * journal.AT_ONCE
        store.stuck.set()
        await asyncio.gather(*waiting)
        await writer.flush()
        assert store.kept == {"alone": 1} | {f"r{number}": 1 for number in range(3 * journal.AT_ONCE)}

    asyncio.run(steps())


def test_a_flood_of_refusals_is_bounded_and_does_not_displace_other_apps() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        writer._at_once = journal.AT_ONCE
        await writer.write(make_refused("quiet", "quiet"))
        for number in range(journal.REFUSALS + 50):
            await writer.write(make_refused(f"r{number}"))
        assert len(writer._refused) == journal.REFUSALS
        assert writer._refused.dropped == 51
        await writer.flush()
        assert "quiet" in store.kept
        assert len(store.kept) == journal.REFUSALS

    asyncio.run(steps())


def test_the_size_of_queued_exchanges_is_bounded_too() -> None:
    """1,000 requests of a megabyte each would be a gigabyte."""
    writer = Journal(runtime(Store()))
    large = structs.replace(exchange("access"), request=RecordedRequest("POST", "http://x/", {}, "x" * 1_000_000))
    for _ in range(journal.GRANTED):
        writer.hold(large)
    assert writer._granted.bytes <= journal.WAITING_BYTES
    assert writer._granted.dropped > 0


def test_many_fhir_requests_of_an_app_do_not_displace_its_token_exchange() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        writer.hold(structs.replace(exchange("token"), id="token", client_id="app"))
        for number in range(journal.GRANTED_WAITING + 50):
            writer.hold(structs.replace(exchange("access"), id=f"a{number}", client_id="app"))
        await writer.flush()
        assert len(store.kept) == journal.GRANTED_WAITING
        assert "token" in store.kept

    asyncio.run(steps())


def test_dropped_exchanges_are_counted() -> None:
    def count_dropped() -> float:
        return float(journal_metrics.DROPPED.labels("queue")._value.get())

    before, writer = count_dropped(), Journal(runtime(Store()))
    for number in range(journal.GRANTED_WAITING + 50):
        writer.hold(structs.replace(exchange("access"), id=f"a{number}"))
    writer.report_dropped_exchanges()
    assert count_dropped() == before + 50
    writer.report_dropped_exchanges()
    assert count_dropped() == before + 50


@pytest.mark.parametrize("looks", [1, 3])
@pytest.mark.parametrize(("more", "compared"), [(0, True), (1, False)])
def test_only_exchanges_of_a_small_batch_are_compared_with_other_dialects(
    monkeypatch: pytest.MonkeyPatch, looks: int, more: int, compared: bool
) -> None:
    """As many as often the journal has looked since the batch before."""
    compare_arguments: list[bool] = []

    def fake_redact(exchange_to_record: Exchange, live: LiveSecrets, given: GivenAdvice, *, compare: bool) -> Redacted:
        compare_arguments.append(compare)
        return Redacted(b"", "")

    monkeypatch.setattr(journal, "build_record", fake_redact)
    writer, count = Journal(runtime(Store())), journal.COMPARED * looks + more
    for number in range(count):
        writer.hold(structs.replace(exchange("token"), id=f"t{number}"))
    writer._looks = looks
    asyncio.run(writer.flush())
    assert compare_arguments == [compared] * count


@pytest.mark.parametrize(
    ("shared", "granted", "bytes", "refused", "looks", "due"),
    [
        pytest.param(False, 0, 0, 0, 1, False, id="nothing waits"),
        pytest.param(False, journal.BATCH - 1, 1, 0, journal.LATEST - 1, False, id="a few granted exchanges wait"),
        pytest.param(False, journal.BATCH, 1, 0, 1, True, id="a batch waits"),
        pytest.param(False, 8, journal.WAITING_BYTES // 16, 0, 1, True, id="large ones wait"),
        pytest.param(False, 1, 1, 0, journal.LATEST, True, id="one has waited long enough"),
        pytest.param(False, 0, 0, 1, 1, True, id="a refusal waits"),
        pytest.param(True, 1, 1, 0, 1, True, id="another worker may look for it"),
    ],
)
def test_granted_exchanges_are_written_in_batches_but_soon(
    shared: bool, granted: int, bytes: int, refused: int, looks: int, due: bool
) -> None:
    writer = Journal(cast(Runtime, SimpleNamespace(memory=Memory(), shared=shared)))
    for number in range(granted):
        writer._granted.add(cast(Any, number), "app", bytes)
    for number in range(refused):
        writer._refused.add(cast(Any, number), "app", 1)
    writer._looks = looks
    assert writer._is_due() is due


def test_an_exchange_of_a_quiet_server_is_written_at_the_latest_look(monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps() -> None:
        store, slept = Store(), 0
        writer = Journal(cast(Runtime, SimpleNamespace(**vars(runtime(store)), shared=False)))
        writer.hold(exchange("access"))

        async def sleep(seconds: float) -> None:
            nonlocal slept
            slept += seconds == journal.EVERY

        async def end() -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(writer, "trim", end)
        monkeypatch.setattr(journal, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
        with pytest.raises(asyncio.CancelledError):
            await writer.run()
        assert slept == journal.LATEST
        assert store.kept == {"id": 1}

    asyncio.run(steps())


def test_a_reset_drops_what_waits_to_be_written_of_its_hospital() -> None:
    async def steps() -> None:
        store = Store()
        writer = Journal(runtime(store))
        writer._at_once = journal.AT_ONCE
        for name in ("general", "epic"):
            writer.hold(structs.replace(exchange("access"), id=f"granted-{name}", tenant=name))
            await writer.write(structs.replace(make_refused(f"refused-{name}"), tenant=name))
            writer.write_later(structs.replace(make_refused(f"unexplained-{name}"), tenant=name), lambda waiting: waiting)
        writer.runtime.memory.forget(ResetScope("epic"))
        await writer.flush()
        assert store.kept == {"granted-general": 1, "refused-general": 1, "unexplained-general": 1}
        writer.hold(exchange("access"))
        writer.runtime.memory.forget(ResetScope())
        await writer.flush()
        assert "id" not in store.kept

    asyncio.run(steps())
