"""The stamp, by which a process knows that nothing was written since, on every engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.postgres import ENGINES
from tests.storage.engines import open_engine
from tests.storage.making import SPACE, find, observation, patient, query_for, where

from sickbay.fhir.search.query import ReferenceValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, Record, Step, Store, UseOnce
from sickbay.storage.postgres import store as postgres_store
from sickbay.storage.query import queries as queries_module
from sickbay.storage.query.queries import StoreQueries
from sickbay.storage.query.statement import Row, SqlReader
from sickbay.storage.sqlite import reader
from sickbay.storage.sqlite.store import open_store


@pytest.fixture(autouse=True)
def caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn caches on even if SICKBAY_CACHES=off, because stamps need them."""
    monkeypatch.setattr(reader, "CACHES", True)
    monkeypatch.setattr(postgres_store, "CACHES", True)


@pytest.fixture(params=ENGINES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """The stores of two processes on one database."""
    first, second = await open_engine(request, tmp_path, 2)
    yield first, second
    await first.close()
    await second.close()


async def stamp(store: Store) -> int | None:
    await store.get("meta", "clock")
    return store.stamp()


@pytest.mark.anyio
async def test_the_stamp_changes_only_when_any_process_writes(stores: tuple[Store, Store]) -> None:
    own, other = stores
    await own.transaction([Put(Record("code", "k", b"{}"))])
    first = await stamp(own)
    assert first is not None
    assert [await stamp(own) for _ in range(3)] == [first] * 3
    await other.transaction([UseOnce("code", "k", 20)])
    second = await stamp(own)
    assert second != first
    await own.transaction([Put(Record("code", "k", b"{}"))])
    assert await stamp(own) not in (first, second)


BOOKKEEPING = Put(Record("exchange", "e", b"{}"), aside=True)
WRITES: list[Step] = [
    Put(Record("exchange", "e", b"{}")),
    UseOnce("code", "k", 20),
    Delete("code", "k"),
    DeleteFamily("f", ("code",)),
    Clear("code"),
    patient("p"),
]


@pytest.mark.anyio
async def test_only_bookkeeping_leaves_the_stamp_unchanged(tmp_path: Path) -> None:
    own, other = open_store(tmp_path / "a.db"), open_store(tmp_path / "a.db")
    await own.transaction([Put(Record("code", "k", b"{}"))])
    first = await stamp(own)
    for store in (own, other):
        await store.transaction([BOOKKEEPING])
        assert await stamp(own) == await stamp(other) == first
    record = await own.get("exchange", "e")
    assert record
    assert record.revision == 2
    stamps = [first]
    for step in WRITES:
        await other.transaction([BOOKKEEPING, step])
        stamps.append(await stamp(own))
    await asyncio.gather(own.transaction([BOOKKEEPING]), own.transaction([patient("q")]), own.transaction([BOOKKEEPING]))
    stamps.append(await stamp(own))
    await other.purge(0, 10)
    stamps.append(await stamp(own))
    assert len(set(stamps)) == len(stamps)
    await own.close()
    await other.close()


@pytest.mark.anyio
async def test_only_inserting_a_new_token_leaves_the_stamp_unchanged(tmp_path: Path) -> None:
    own, other = open_store(tmp_path / "a.db"), open_store(tmp_path / "a.db")
    await own.transaction([Put(Record("token", "first", b"{}", family="f"))])
    first = await stamp(own)
    for number, store in enumerate((own, other)):
        await store.transaction([Put(Record("token", f"new {number}", b"{}"), 0)])
        assert await stamp(own) == await stamp(other) == first
    with pytest.raises(Conflict):
        await other.transaction([Put(Record("token", "first", b"[]"), 0)])
    assert await stamp(own) == first
    stamps = [first]
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
        await other.transaction([Put(Record("token", f"another {number}", b"{}"), 0), step])
        stamps.append(await stamp(own))
    assert len(set(stamps)) == len(stamps)
    await own.close()
    await other.close()


@pytest.mark.anyio
async def test_a_database_without_a_revision_has_a_stamp_too(tmp_path: Path) -> None:
    first = open_store(tmp_path / "a.db")
    before = await stamp(first)
    await first.transaction([BOOKKEEPING])
    assert before is not None
    assert await stamp(first) != before
    await first.close()


@pytest.mark.anyio
async def test_cached_lookups_are_repeated_after_any_process_wrote(stores: tuple[Store, Store]) -> None:
    own, other = stores
    of_p = query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")))
    coded = query_for("Observation", where("Observation", "code", TokenValue(None, "x")))
    searches = (of_p, coded)
    await own.transaction([patient("other")])
    assert [len((await own.search(SPACE, query, EVERYTHING)).matches) for query in searches] == [0, 0]
    await other.transaction([observation("o1", "p", code="x")])
    await stamp(own)
    assert [len((await own.search(SPACE, query, EVERYTHING)).matches) for query in searches] == [1, 1]
    await other.transaction([Clear("resources", SPACE.tenant)])
    await other.transaction([observation("o2", "p", code="x"), observation("o3", "p", code="x")])
    await stamp(own)
    assert [len((await own.search(SPACE, query, EVERYTHING)).matches) for query in searches] == [2, 2]
    await own.transaction([Clear("resources", SPACE.tenant)])
    await own.transaction([observation("o4", "p", code="x")])
    assert [len((await own.search(SPACE, query, EVERYTHING)).matches) for query in searches] == [1, 1]


@pytest.mark.anyio
async def test_a_cached_search_is_counted_again_after_any_process_wrote(stores: tuple[Store, Store]) -> None:
    own, other = stores
    few = replace(
        query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p"))), count=1, remembered=True
    )

    async def found() -> tuple[int, int | None, bool]:
        await stamp(own)
        page = await own.search(SPACE, few, EVERYTHING)
        return len(page.matches), page.total, page.next is not None

    await own.transaction([patient("p"), observation("o1", "p", code="x")])
    assert [await found() for _ in range(2)] == [(1, 1, False)] * 2
    await other.transaction([observation("o2", "p", code="x")])
    assert [await found() for _ in range(2)] == [(1, 2, True)] * 2
    await own.transaction([observation("o3", "p", code="x")])
    assert [await found() for _ in range(2)] == [(1, 3, True)] * 2
    await other.transaction([Clear("resources", SPACE.tenant)])
    assert [await found() for _ in range(2)] == [(0, 0, False)] * 2


@pytest.mark.anyio
async def test_without_caches_there_is_no_stamp_and_searches_return_the_same(
    stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = stores
    query = replace(query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p"))), remembered=True)
    await own.transaction([patient("p"), observation("o1", "p", code="x")])
    before = [await own.search(SPACE, query, EVERYTHING) for _ in range(2)]
    monkeypatch.setattr(reader, "CACHES", False)
    monkeypatch.setattr(postgres_store, "CACHES", False)
    assert await stamp(own) is None
    assert [await own.search(SPACE, query, EVERYTHING) for _ in range(2)] == before


class Clock(SqlReader):
    """A reader whose only resource has another nid after each write."""

    def __init__(self) -> None:
        self.number = 1
        self.during: Callable[[], object] = lambda: None

    def stamp(self) -> int:
        return self.number

    def rows(self, text: str, binds: Sequence[Any] = ()) -> list[Row]:
        return []

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        if "FROM resource" not in text:
            return 7
        nid = self.number
        self.during()
        return nid


def test_a_lookup_during_a_write_is_not_cached() -> None:
    reader = Clock()
    queries = StoreQueries(reader, find, b"key")

    def nid() -> int:
        queries._scope(SPACE, EVERYTHING)
        return queries.names.nid(1, "Patient", "p")

    def write() -> None:
        reader.during = lambda: None
        reader.number += 1
        assert nid() == 2

    reader.during = write
    assert nid() == 1
    assert nid() == 2
    reader.number += 1
    assert nid() == 3


def test_caches_are_emptied_when_they_have_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries_module, "MOST", 2)
    queries = StoreQueries(Clock(), find, b"key")
    sizes = []
    for id in "abcdef":
        queries._scope(SPACE, EVERYTHING)
        queries.names.nid(1, "Patient", id)
        sizes.append(len(queries.names.caches.nids))
    assert sizes == [1, 2, 3, 1, 2, 3]
