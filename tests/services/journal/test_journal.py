"""Which exchanges the journal writes, when, and how many may wait."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.stages import TOKEN
from sickbay.kernel.checks import Checked, Examination, Refusal
from sickbay.services.context import Runtime, Secrets
from sickbay.services.decision import Decision
from sickbay.services.journal import journal
from sickbay.services.journal import metrics as journal_metrics
from sickbay.services.journal.journal import Exchange, Journal, RecordedRequest, RecordedResponse
from sickbay.services.journal.live_secrets import LiveSecrets
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import Put, Record


def exchange(stage: str) -> Exchange:
    return Exchange("id", 0.0, "general", stage, "", "", RecordedRequest("GET", "http://x/", {}), RecordedResponse(200, {}))


def runtime(store: Any) -> Runtime:
    return cast(Runtime, SimpleNamespace(say=None, store=store, hidden=frozenset(), secrets=Secrets(1)))


class Store:
    """Keeps what it is given by key, or is away, or does not come to an end."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.away = False
        self.stuck: asyncio.Event | None = None

    def stamp(self) -> int:
        return 1

    async def find(self, kind: str, *, limit: int) -> list[Record]:
        return []

    async def transaction(self, steps: list[Put]) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        if self.away:
            raise Unavailable("The database is away")
        for step in steps:
            self.kept[step.record.key] = self.kept.get(step.record.key, 0) + 1


def full(store: Store) -> Journal:
    """A journal in which as much waits as a batch may hold, of both kinds."""
    ours = Journal(runtime(store))
    for number in range(journal.GRANTED // 2):
        ours.hold(exchange("access")._replace(id=f"a{number}"))
        ours.hold(exchange("token")._replace(id=f"t{number}"))
    return ours


def every(*more: str) -> dict[str, int]:
    return {f"{kind}{number}": 1 for kind in "at" for number in range(journal.GRANTED // 2)} | dict.fromkeys(more, 1)


def test_others_have_their_turn_while_a_full_batch_is_made() -> None:
    async def steps() -> None:
        store, turns = Store(), 0
        writing = asyncio.create_task(full(store).flush())
        while not writing.done():
            turns += 1
            await asyncio.sleep(0)
        assert turns > journal.GRANTED / journal.SLICE
        assert store.kept == every()

    asyncio.run(steps())


@pytest.mark.parametrize("turns", [1, 2, 20, 100])
def test_who_is_cancelled_while_writing_loses_and_doubles_nothing(turns: int) -> None:
    """At each place: while the records are made, and while they are stored."""

    async def steps() -> None:
        store = Store()
        store.stuck = asyncio.Event()
        ours = full(store)
        writing = asyncio.create_task(ours.flush())
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert store.kept == {}
        store.stuck.set()
        await ours.flush()
        await ours.flush()
        assert store.kept == every()

    asyncio.run(steps())


def test_a_task_that_ends_writes_what_waits_once() -> None:
    async def steps() -> None:
        store = Store()
        ours = full(store)
        writing = asyncio.create_task(ours.run())
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert store.kept == every()

    asyncio.run(steps())


def test_while_the_database_is_away_both_kinds_wait_and_the_newest_stay() -> None:
    async def steps() -> None:
        store = Store()
        ours = full(store)
        store.away = True
        writing = asyncio.create_task(ours.flush())
        await asyncio.sleep(0)
        ours.hold(exchange("token")._replace(id="new"))
        with pytest.raises(Unavailable):
            await writing
        store.away = False
        await ours.flush()
        assert store.kept == {key: 1 for key in every("new") if key != "t0"}

    asyncio.run(steps())


def refused(id: str, client: str = "app") -> Exchange:
    no = Refusal("code-unknown", "invalid_grant", {})
    decision = Decision(TOKEN, None, None, Examination((Checked("code_is_known", "refused", no),)), no)
    said = Explanation((), None)
    return exchange("token")._replace(id=id, client_id=client, decision=decision, explanation=said)


def test_few_refusals_are_on_the_disk_at_once_and_of_a_flood_none_waits_long() -> None:
    """Beyond AT_ONCE nobody waits for a commit: the next batch writes it."""

    async def steps() -> None:
        store = Store()
        ours = Journal(runtime(store))
        await ours.write(refused("alone"))
        assert store.kept == {"alone": 1}
        store.stuck = asyncio.Event()
        waiting = [asyncio.create_task(ours.write(refused(f"r{number}"))) for number in range(3 * journal.AT_ONCE)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert sum(task.done() for task in waiting) == 2 * journal.AT_ONCE
        store.stuck.set()
        await asyncio.gather(*waiting)
        await ours.flush()
        assert store.kept == {"alone": 1} | {f"r{number}": 1 for number in range(3 * journal.AT_ONCE)}

    asyncio.run(steps())


def test_a_flood_that_the_database_does_not_take_is_bounded_and_leaves_the_others_their_place() -> None:
    async def steps() -> None:
        store = Store()
        ours = Journal(runtime(store))
        ours._at_once = journal.AT_ONCE
        await ours.write(refused("quiet", "quiet"))
        for number in range(journal.REFUSALS + 50):
            await ours.write(refused(f"r{number}"))
        assert len(ours._refused) == journal.REFUSALS
        assert ours._refused.dropped == 51
        await ours.flush()
        assert "quiet" in store.kept
        assert len(store.kept) == journal.REFUSALS

    asyncio.run(steps())


def test_what_a_held_exchange_weighs_is_bounded_too() -> None:
    """1,000 requests of a megabyte each would be a gigabyte."""
    ours = Journal(cast(Runtime, SimpleNamespace(say=None)))
    large = exchange("access")._replace(wire=RecordedRequest("POST", "http://x/", {}, "x" * 1_000_000))
    for _ in range(journal.GRANTED):
        ours.hold(large)
    assert ours._granted.bytes <= journal.WAITING_BYTES
    assert ours._granted.dropped > 0


def test_many_fhir_requests_of_an_app_do_not_displace_its_token_exchange() -> None:
    async def steps() -> None:
        store = Store()
        ours = Journal(runtime(store))
        ours.hold(exchange("token")._replace(id="token", client_id="app"))
        for number in range(journal.GRANTED + 50):
            ours.hold(exchange("access")._replace(id=f"a{number}", client_id="app"))
        await ours.flush()
        assert len(store.kept) == journal.GRANTED
        assert "token" in store.kept

    asyncio.run(steps())


def test_exchanges_that_the_journal_does_not_keep_are_counted() -> None:
    def counted() -> float:
        return journal_metrics.DROPPED.labels("queue")._value.get()

    before, ours = counted(), Journal(runtime(Store()))
    for number in range(journal.GRANTED + 50):
        ours.hold(exchange("access")._replace(id=f"a{number}"))
    cast(Any, ours)._report()
    assert counted() == before + 50
    cast(Any, ours)._report()
    assert counted() == before + 50


@pytest.mark.parametrize(("count", "compared"), [(journal.COMPARED, True), (journal.COMPARED + 1, False)])
def test_only_exchanges_of_a_small_batch_are_compared_with_other_dialects(
    monkeypatch: pytest.MonkeyPatch, count: int, compared: bool
) -> None:
    asked: list[bool] = []

    def made(one: Exchange, live: LiveSecrets, *, compare: bool) -> Record:
        asked.append(compare)
        return Record("exchange", one.id, b"")

    monkeypatch.setattr(journal, "record", made)
    asyncio.run(cast(Any, journal._puts([exchange("token")] * count, ())))
    assert asked == [compared] * count
