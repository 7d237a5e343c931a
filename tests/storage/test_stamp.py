"""The number by which a process knows that nothing was written since, on every engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace
from tests.postgres import ENGINES
from tests.storage.engines import open_engine
from tests.storage.making import SPACE, asked, observation, patient, where

from sickbay.fhir.search.query import ReferenceValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, Record, Step, Store, UseOnce
from sickbay.storage.postgres import store as postgres_store
from sickbay.storage.query.cache import StampedCache
from sickbay.storage.query.statement import SqlReader
from sickbay.storage.sqlite import reader
from sickbay.storage.sqlite.store import open_store


@pytest.fixture(autouse=True)
def caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """On, even if SICKBAY_CACHES=off: this is about what stamps say."""
    monkeypatch.setattr(reader, "CACHES", True)
    monkeypatch.setattr(postgres_store, "CACHES", True)


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' stores of one place."""
    first, second = await open_engine(request, tmp_path, 2)
    yield first, second
    await first.close()
    await second.close()


async def stamp(store: Store) -> int | None:
    await store.get("meta", "clock")
    return store.stamp()


@pytest.mark.anyio
async def test_the_stamp_stays_until_something_is_written_by_whomever(stores: tuple[Store, Store]) -> None:
    here, there = stores
    await here.transaction([Put(Record("code", "k", b"{}"))])
    first = await stamp(here)
    assert first is not None
    assert [await stamp(here) for _ in range(3)] == [first] * 3
    await there.transaction([UseOnce("code", "k", 20)])
    second = await stamp(here)
    assert second != first
    await here.transaction([Put(Record("code", "k", b"{}"))])
    assert await stamp(here) not in (first, second)


NOTE = Put(Record("exchange", "e", b"{}"), aside=True)
WRITES: list[Step] = [
    Put(Record("exchange", "e", b"{}")),
    UseOnce("code", "k", 20),
    Delete("code", "k"),
    DeleteFamily("f", ("code",)),
    Clear("code"),
    patient("p"),
]


@pytest.mark.anyio
async def test_a_note_aside_leaves_the_stamp_and_nothing_else_does(tmp_path: Path) -> None:
    here, there = open_store(tmp_path / "a.db"), open_store(tmp_path / "a.db")
    await here.transaction([Put(Record("code", "k", b"{}"))])
    first = await stamp(here)
    for store in (here, there):
        await store.transaction([NOTE])
        assert await stamp(here) == await stamp(there) == first
    found = await here.get("exchange", "e")
    assert found
    assert found.revision == 2
    seen = [first]
    for step in WRITES:
        await there.transaction([NOTE, step])
        seen.append(await stamp(here))
    await asyncio.gather(here.transaction([NOTE]), here.transaction([patient("q")]), here.transaction([NOTE]))
    seen.append(await stamp(here))
    await there.purge(0, 10)
    seen.append(await stamp(here))
    assert len(set(seen)) == len(seen)
    await here.close()
    await there.close()


@pytest.mark.anyio
async def test_a_new_token_leaves_the_stamp_and_any_other_change_of_tokens_does_not(tmp_path: Path) -> None:
    here, there = open_store(tmp_path / "a.db"), open_store(tmp_path / "a.db")
    await here.transaction([Put(Record("token", "first", b"{}", family="f"))])
    first = await stamp(here)
    for number, store in enumerate((here, there)):
        await store.transaction([Put(Record("token", f"new {number}", b"{}"), 0)])
        assert await stamp(here) == await stamp(there) == first
    with pytest.raises(Conflict):
        await there.transaction([Put(Record("token", "first", b"[]"), 0)])
    assert await stamp(here) == first
    seen = [first]
    changes: list[Step] = [
        Put(Record("token", "first", b"[]", family="f")),
        Put(Record("token", "new 0", b"[]"), 1),
        Put(Record("app", "new", b"{}"), 0),
        UseOnce("token", "first", 20),
        Delete("token", "new 1"),
        DeleteFamily("f", ("token",)),
        Clear("token"),
    ]
    for number, step in enumerate(changes):
        await there.transaction([Put(Record("token", f"another {number}", b"{}"), 0), step])
        seen.append(await stamp(here))
    assert len(set(seen)) == len(seen)
    await here.close()
    await there.close()


@pytest.mark.anyio
async def test_a_folder_that_knows_no_revision_yet_has_a_stamp_too(tmp_path: Path) -> None:
    first = open_store(tmp_path / "a.db")
    before = await stamp(first)
    await first.transaction([NOTE])
    assert before is not None
    assert await stamp(first) != before
    await first.close()


@pytest.mark.anyio
async def test_what_was_looked_up_is_looked_up_anew_once_anybody_wrote(stores: tuple[Store, Store]) -> None:
    here, there = stores
    of_p = asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
    coded = asked("Observation", where("Observation", "code", TokenValue(None, "x")))
    searches = (of_p, coded)
    await here.transaction([patient("other")])
    assert [len((await here.search(SPACE, one, EVERYTHING)).matches) for one in searches] == [0, 0]
    await there.transaction([observation("o1", "p", code="x")])
    await stamp(here)
    assert [len((await here.search(SPACE, one, EVERYTHING)).matches) for one in searches] == [1, 1]
    await there.transaction([Clear("resources", SPACE.tenant)])
    await there.transaction([observation("o2", "p", code="x"), observation("o3", "p", code="x")])
    await stamp(here)
    assert [len((await here.search(SPACE, one, EVERYTHING)).matches) for one in searches] == [2, 2]
    await here.transaction([Clear("resources", SPACE.tenant)])
    await here.transaction([observation("o4", "p", code="x")])
    assert [len((await here.search(SPACE, one, EVERYTHING)).matches) for one in searches] == [1, 1]


@pytest.mark.anyio
async def test_a_search_that_is_remembered_counts_anew_once_anybody_wrote(stores: tuple[Store, Store]) -> None:
    here, there = stores
    few = replace(
        asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p"))), count=1, remembered=True
    )

    async def found() -> tuple[int, int | None, bool]:
        await stamp(here)
        page = await here.search(SPACE, few, EVERYTHING)
        return len(page.matches), page.total, page.next is not None

    await here.transaction([patient("p"), observation("o1", "p", code="x")])
    assert [await found() for _ in range(2)] == [(1, 1, False)] * 2
    await there.transaction([observation("o2", "p", code="x")])
    assert [await found() for _ in range(2)] == [(1, 2, True)] * 2
    await here.transaction([observation("o3", "p", code="x")])
    assert [await found() for _ in range(2)] == [(1, 3, True)] * 2
    await there.transaction([Clear("resources", SPACE.tenant)])
    assert [await found() for _ in range(2)] == [(0, 0, False)] * 2


@pytest.mark.anyio
async def test_with_caches_off_there_is_no_stamp_and_searches_say_the_same(
    stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = stores
    query = replace(asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p"))), remembered=True)
    await here.transaction([patient("p"), observation("o1", "p", code="x")])
    before = [await here.search(SPACE, query, EVERYTHING) for _ in range(2)]
    monkeypatch.setattr(reader, "CACHES", False)
    monkeypatch.setattr(postgres_store, "CACHES", False)
    assert await stamp(here) is None
    assert [await here.search(SPACE, query, EVERYTHING) for _ in range(2)] == before


def test_what_was_looked_up_while_somebody_wrote_is_not_kept() -> None:
    class Clock:
        number = 1

        def stamp(self) -> int:
            return self.number

    clock = Clock()
    remembered = StampedCache[str, int](cast(SqlReader, clock))

    def long() -> int:
        clock.number += 1
        assert remembered.get("other", lambda: 5) == 5
        return -1

    assert remembered.get("key", long) == -1
    assert remembered.get("key", lambda: 7) == 7
    assert remembered.get("key", lambda: 8) == 7
    assert remembered.get("other", lambda: 6) == 5
