"""The stamps, by which a process knows that nothing was written since, on every engine: of records and of resources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.postgres import ENGINES
from tests.storage.engines import open_engine
from tests.storage.making import SPACE, find, observation, patient, query_for, where

from sickbay.fhir.search.query import ReferenceValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.interface import Clear, Conflict, Delete, DeleteFamily, Put, Record, Step, Store, UseOnce
from sickbay.storage.kinds import UNCACHED
from sickbay.storage.postgres import store as postgres_store
from sickbay.storage.query import queries as queries_module
from sickbay.storage.query.queries import StoreQueries
from sickbay.storage.query.statement import Row, SqlReader
from sickbay.storage.sqlite import reader
from sickbay.storage.sqlite.connection import connect
from sickbay.storage.sqlite.store import SqliteStore, open_store


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


def resource_stamp(store: Any) -> int | None:
    """The stamp that the caches of searches depend on."""
    reader = store._reader if isinstance(store, SqliteStore) else store
    stamp: int | None = reader.stamp()
    return stamp


@pytest.mark.anyio
async def test_the_stamp_changes_only_when_any_process_writes(stores: tuple[Store, Store]) -> None:
    own, other = stores
    await own.transaction([Put(Record("token", "k", b"{}"))])
    first = await stamp(own)
    assert first is not None
    assert [await stamp(own) for _ in range(3)] == [first] * 3
    await other.transaction([UseOnce("token", "k", 20)])
    second = await stamp(own)
    assert second != first
    await own.transaction([Put(Record("token", "k", b"{}"))])
    assert await stamp(own) not in (first, second)


KINDS = ("token", "app", "user", "changes", "code", "family")
KEYS = ("a", "b")
IDS = ("p", "q")
kinds, keys = st.sampled_from(KINDS), st.sampled_from(KEYS)
values = st.sampled_from((b"1", b"2"))
WRITES: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        lambda kind, key, value, revision: Put(Record(kind, key, value, family=key), revision),
        kinds,
        keys,
        values,
        st.sampled_from((None, None, 0, 1, 2)),
    ),
    st.builds(UseOnce, kinds, keys, st.just(20)),
    st.builds(Delete, kinds, keys),
    st.builds(lambda key, several: DeleteFamily(key, tuple(several)), keys, st.lists(kinds, min_size=1, max_size=2)),
    st.builds(Clear, kinds),
    st.builds(lambda id, version: replace(patient(id), version_id=version), st.sampled_from(IDS), st.integers(1, 3)),
    st.just(Clear("resources", SPACE.tenant)),
)
TRANSACTIONS = st.lists(st.tuples(st.integers(0, 1), st.lists(WRITES, min_size=1, max_size=3)), max_size=12)
"""For each transaction, the process that runs it and its steps."""


async def records_of(store: Store) -> dict[tuple[str, str], Record | None]:
    return {(kind, key): await store.get(kind, key) for kind in KINDS if kind not in UNCACHED for key in KEYS}


async def resources_of(store: Store) -> list[Any]:
    return [await store.read(SPACE, "Patient", id, EVERYTHING) for id in IDS]


@pytest.mark.anyio
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TRANSACTIONS)
async def test_what_was_read_at_a_stamp_is_still_true_while_the_stamp_is_the_same(
    stores: tuple[Store, Store], transactions: list[tuple[int, list[Step]]]
) -> None:
    """For both processes, after every write of either. Only a token that was absent may exist at the same stamp."""
    await stores[0].transaction([*map(Clear, KINDS), Clear("resources", SPACE.tenant)])
    seen: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
    for process, steps in transactions:
        with suppress(Conflict):
            await stores[process].transaction(steps)
        for number, store in enumerate(stores):
            records_stamp, resources_stamp = (number, await stamp(store)), (number, resource_stamp(store))
            now, stored = await records_of(store), await resources_of(store)
            before = seen[0].setdefault(records_stamp, now)
            assert {key: record for key, record in now.items() if key[0] != "token" or before[key] is not None} == {
                key: record for key, record in before.items() if key[0] != "token" or record is not None
            }
            assert seen[1].setdefault(resources_stamp, stored) == stored


BOOKKEEPING = Put(Record("exchange", "e", b"{}"), aside=True)
CHANGES_OF_RECORDS: list[Step] = [
    Put(Record("exchange", "e", b"{}")),
    Put(Record("token", "old", b"[]", family="f")),
    Put(Record("token", "old", b"[]"), 2),
    Put(Record("app", "new", b"{}"), 0),
    UseOnce("token", "old", 20),
    Delete("token", "new"),
    DeleteFamily("f", ("code", "token")),
    Clear("token"),
    Clear("resources", SPACE.tenant),
]
OTHERS: list[list[Step]] = [
    [BOOKKEEPING],
    [Put(Record("token", "new", b"{}"), 0)],
    [Put(Record("token", "newer", b"{}"))],
    [Put(Record("code", "k", b"{}"), 0), Put(Record("family", "k", b"{}"))],
    [Put(Record("family", "k", b"{}"), 1), UseOnce("code", "k", 20)],
    [Delete("code", "k"), DeleteFamily("f", ("code",)), Clear("launch")],
    [patient("q")],
]


@pytest.mark.anyio
async def test_on_sqlite_the_stamp_changes_only_with_records_that_are_cached(tmp_path: Path) -> None:
    own, other = open_store(tmp_path / "a.db"), open_store(tmp_path / "a.db")
    await own.transaction([Put(Record("app", "a", b"{}")), Put(Record("token", "old", b"{}", family="f"))])
    first, searches = await stamp(own), resource_stamp(own)
    for store, steps in zip((own, other) * 4, OTHERS, strict=False):
        await store.transaction(steps)
        assert await stamp(own) == await stamp(other) == first
    with pytest.raises(Conflict):
        await other.transaction([Put(Record("token", "old", b"[]"), 0)])
    assert await stamp(own) == first
    assert resource_stamp(own) != searches
    searches, stamps = resource_stamp(own), [first]
    for step in CHANGES_OF_RECORDS:
        assert resource_stamp(own) == searches
        await other.transaction([BOOKKEEPING, step])
        stamps.append(await stamp(own))
    assert resource_stamp(own) != searches
    await asyncio.gather(own.transaction([BOOKKEEPING]), own.transaction([Put(Record("user", "u", b""))]))
    stamps.append(await stamp(own))
    await other.purge(0, 10)
    stamps.append(await stamp(own))
    assert len(set(stamps)) == len(stamps)
    await own.close()
    await other.close()


@pytest.mark.anyio
async def test_a_commit_by_an_older_sickbay_changes_both_stamps(tmp_path: Path) -> None:
    """It stores 8 bytes for records and resources together."""
    own, older = open_store(tmp_path / "a.db"), connect(tmp_path / "a.db")
    for steps in ([Put(Record("app", "a", b"{}"))], [patient("p")]):
        await own.transaction(steps)
        before = await stamp(own), resource_stamp(own)
        older.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('revision', randomblob(8))")
        await asyncio.sleep(0)  # the reader sees it in its next turn
        after = await stamp(own), resource_stamp(own)
        assert before[0] != after[0]
        assert before[1] != after[1]
    older.close()
    await own.close()


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

    async def search_again() -> tuple[int, int | None, bool]:
        await stamp(own)
        page = await own.search(SPACE, few, EVERYTHING)
        return len(page.matches), page.total, page.next is not None

    await own.transaction([patient("p"), observation("o1", "p", code="x")])
    assert [await search_again() for _ in range(2)] == [(1, 1, False)] * 2
    await other.transaction([observation("o2", "p", code="x")])
    assert [await search_again() for _ in range(2)] == [(1, 2, True)] * 2
    await own.transaction([observation("o3", "p", code="x")])
    assert [await search_again() for _ in range(2)] == [(1, 3, True)] * 2
    await other.transaction([Clear("resources", SPACE.tenant)])
    assert [await search_again() for _ in range(2)] == [(0, 0, False)] * 2


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
        queries._scope_of(SPACE, EVERYTHING)
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
    monkeypatch.setattr(queries_module, "MAXIMUM_CACHED_ENTRIES", 2)
    queries = StoreQueries(Clock(), find, b"key")
    sizes = []
    for id in "abcdef":
        queries._scope_of(SPACE, EVERYTHING)
        queries.names.nid(1, "Patient", id)
        sizes.append(len(queries.names.caches.nids))
    assert sizes == [1, 2, 3, 1, 2, 3]
