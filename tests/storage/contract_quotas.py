"""The contract for quotas, failures and resets that every store must meet. One file per engine runs it and defines `store`."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from sickbay.storage import quotas
from sickbay.storage.counts import Failures
from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, Record, Step, Store, UseOnce
from sickbay.storage.quotas import ANONYMOUS, FAILURES, Quota
from sickbay.storage.resets import WasReset, compare_with

DAY = 86_400
KINDS = ("code", "pending", "session")
RESET = Put(Record("meta", "resets", b"{}"))
RESET_OF_EPIC = Put(Record("meta", "resets/epic", b"{}"))
SMALL = {ANONYMOUS: Quota(8, 200), FAILURES: Quota(5, 100)}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "QUOTAS", SMALL)


def of_kind(kind: str, key: str, label: str = "", size: int = 10, at: int = 0, family: str = "") -> Record:
    """Only anonymous sessions, authorizations and codes expire, so that a test can tell what the quota deletes."""
    expires_at = at + DAY if label and kind in KINDS else None
    return Record(kind, key, b"x" * size, "general", "app", family, label, at, expires_at)


def random_step(dice: random.Random, turn: int) -> Step:
    kind, key, size = dice.choice(KINDS), f"k{dice.randrange(15)}", dice.randrange(60)
    family = f"f{dice.randrange(4)}"
    steps: tuple[Step, ...] = (
        Put(of_kind(kind, key, ANONYMOUS, size, turn, family)),
        Put(of_kind(kind, f"own-{key}", "", size, turn)),
        Put(of_kind(kind, key, "", size, turn)),
        Delete(kind, key),
        DeleteFamily(family, KINDS),
        Put(of_kind(dice.choice(("consent", "exchange")), key, ANONYMOUS, 500, turn)),
    )
    return dice.choices(steps, (12, 3, 2, 2, 1, 2))[0]


def follow(own: set[tuple[str, str]], step: Step) -> None:
    """Keep track of the records that no quota may delete."""
    if isinstance(step, Put):
        is_own = step.record.kind not in KINDS or not step.record.label
        (own.add if is_own else own.discard)((step.record.kind, step.record.key))
    elif isinstance(step, Delete):
        own.discard((step.kind, step.key))


async def read_stored(store: Store, label: str) -> list[Record]:
    found = [record for kind in (*KINDS, "failure") for record in await store.find(kind, limit=1000)]
    return [record for record in found if record.label == label]


@pytest.mark.anyio
@pytest.mark.usefixtures("small")
class QuotasContract:
    async def test_any_sequence_of_steps_keeps_anonymous_records_within_the_quota_and_all_others(self, store: Store) -> None:
        dice, own = random.Random(11), set[tuple[str, str]]()
        for turn in range(200):
            steps = [random_step(dice, turn) for _ in range(dice.randrange(1, 4))]
            await store.transaction(steps)
            for step in steps:
                follow(own, step)
            if dice.random() < 0.1:
                await store.purge(turn + 2 * DAY - dice.randrange(20), dice.randrange(1, 4))
            anonymous = await read_stored(store, ANONYMOUS)
            assert len(anonymous) <= SMALL[ANONYMOUS].records
            assert sum(len(record.value) for record in anonymous) <= SMALL[ANONYMOUS].bytes
            for kind, key in own:
                assert await store.get(kind, key)
        assert {kind for kind, _ in own} == {*KINDS, "consent", "exchange"}

    async def test_the_oldest_are_deleted_first_and_never_those_of_a_user(self, store: Store) -> None:
        await store.transaction([Put(of_kind("session", "own", at=0))])
        for number in range(12):
            await store.transaction([Put(of_kind("pending", f"p{number}", ANONYMOUS, at=number))])
        assert {record.key for record in await read_stored(store, ANONYMOUS)} == {f"p{number}" for number in range(4, 12)}
        assert await store.get("session", "own")

    async def test_one_large_record_displaces_as_many_small_ones_as_necessary(self, store: Store) -> None:
        for number in range(8):
            await store.transaction([Put(of_kind("session", f"s{number}", ANONYMOUS, 20, number))])
        await store.transaction([Put(of_kind("pending", "large", ANONYMOUS, 150, 100))])
        assert {record.key for record in await read_stored(store, ANONYMOUS)} == {"large", "s6", "s7"}

    async def test_a_record_that_someone_signs_in_with_or_uses_no_longer_counts(self, store: Store) -> None:
        await store.transaction([Put(of_kind("session", "s", ANONYMOUS)), Put(of_kind("code", "c", ANONYMOUS))])
        await store.transaction([Put(of_kind("session", "s")), UseOnce("code", "c", 5)])
        for number in range(20):
            await store.transaction([Put(of_kind("pending", f"p{number}", ANONYMOUS, at=number))])
        assert await store.get("session", "s")
        assert await store.get("code", "c")
        with pytest.raises(Conflict):
            await store.transaction([UseOnce("code", "c", 6)])

    async def test_concurrent_writers_stay_within_the_quota(self, store: Store) -> None:
        writes = (
            store.transaction([Put(of_kind(kind, f"{kind}{number}", ANONYMOUS, number, number))])
            for number in range(30)
            for kind in KINDS
        )
        await asyncio.gather(*writes)
        anonymous = await read_stored(store, ANONYMOUS)
        assert len(anonymous) <= SMALL[ANONYMOUS].records
        assert sum(len(record.value) for record in anonymous) <= SMALL[ANONYMOUS].bytes

    async def test_clearing_gives_the_room_back(self, store: Store) -> None:
        for number in range(8):
            await store.transaction([Put(of_kind("pending", f"p{number}", ANONYMOUS))])
        await store.transaction([Clear("pending")])
        for number in range(8):
            await store.transaction([Put(of_kind("session", f"s{number}", ANONYMOUS))])
        assert len(await read_stored(store, ANONYMOUS)) == 8

    async def test_failures_are_counted_in_windows(self, store: Store) -> None:
        times = (100, 100, 159, 160, 161, 90, 149)
        counted = [await store.count_failure("k", "general", now, 60) for now in times]
        assert [failures.number for failures in counted] == [1, 2, 3, 1, 2, 1, 2]
        assert counted[-1] == Failures(2, 90)
        record = await store.get("failure", "k")
        assert record is not None
        assert (record.revision, record.at, record.expires_at, record.tenant) == (2, 90, 150, "general")

    async def test_concurrent_failures_are_all_counted(self, store: Store) -> None:
        counted = await asyncio.gather(*(store.count_failure("k", "general", 100, 60) for _ in range(40)))
        assert sorted(failures.number for failures in counted) == list(range(1, 41))

    async def test_counters_of_failures_have_their_own_quota(self, store: Store) -> None:
        for number in range(8):
            await store.count_failure(f"k{number}", "general", number, 60)
        for number in range(20):
            await store.transaction([Put(of_kind("pending", f"p{number}", ANONYMOUS, at=number))])
        assert {record.key for record in await read_stored(store, FAILURES)} == {f"k{number}" for number in range(3, 8)}
        assert len(await read_stored(store, ANONYMOUS)) == 8


async def writes(store: Store, revisions: dict[str, int]) -> bool:
    """Whether a transaction that began with these revisions is applied."""
    with compare_with(revisions):
        try:
            await store.transaction([Put(of_kind("token", "t", size=1)), Put(of_kind("launch", "l", size=1))])
        except WasReset:
            return False
    return True


@pytest.mark.anyio
class ResetsContract:
    async def test_what_began_before_a_reset_changes_nothing(self, store: Store) -> None:
        before = {"resets": 0, "resets/epic": 0}
        assert await writes(store, before)
        await store.transaction([RESET, Clear("token"), Clear("launch")])
        assert not await writes(store, before)
        assert not await writes(store, {"resets": 0})
        assert await store.get("token", "t") is None
        with compare_with(before):
            with pytest.raises(WasReset):
                await store.count_failure("k", "general", 1, 60)
            with pytest.raises(WasReset):
                await store.transaction([UseOnce("code", "absent", 1), Put(of_kind("token", "t"))])
        assert await store.get("failure", "k") is None
        assert await writes(store, {"resets": 1, "resets/epic": 0})
        assert await writes(store, {})

    async def test_a_reset_of_one_hospital_affects_only_what_names_it(self, store: Store) -> None:
        await store.transaction([RESET, RESET_OF_EPIC])
        assert await writes(store, {"resets": 1})
        assert await writes(store, {"resets": 1, "resets/general": 0})
        assert not await writes(store, {"resets": 1, "resets/epic": 0})
        await store.transaction([RESET_OF_EPIC])
        assert await writes(store, {"resets": 1})
        assert not await writes(store, {"resets": 1, "resets/epic": 1})

    async def test_writes_that_wait_while_a_reset_is_written_change_nothing(self, store: Store) -> None:
        """They are in one commit with the reset, or wait for its locks."""

        async def write(number: int) -> Any:
            with compare_with({"resets": 0}):
                await store.transaction([Put(of_kind("token", f"t{number}"))])

        early, late = [write(number) for number in range(10)], [write(number) for number in range(10, 40)]
        await asyncio.gather(*early, store.transaction([RESET, Clear("token")]), *late, return_exceptions=True)
        assert await store.find("token") == []
