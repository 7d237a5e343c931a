"""The law of marks: after a return, everything in the space is as it was at the mark, and nothing else has changed."""

from __future__ import annotations

import asyncio
from itertools import count, pairwise
from typing import Any, TypeAlias

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.storage.contents import execute, rows_of, tables

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import Clear, Mark, Reindex, ResourceSpace, ReturnToMark, Save, Step, Store
from sickbay.storage.query import marks

Change: TypeAlias = tuple[str, str, int]
"""Type, id, and the new value; -1 deletes it."""
TYPES = ("Observation", "Condition", "Patient")
CHANGES = st.tuples(st.sampled_from(TYPES), st.sampled_from("abcd"), st.integers(-1, 3))
REPLACED = st.sampled_from(["1 = 0", "version_id % 2 = 0", "1 = 1"])
"""Which versions were written by an older Sickbay, which didn't store what they changed in the index."""
WRITES = st.lists(st.lists(CHANGES, min_size=1, max_size=5), max_size=3)
"""Transactions."""
_numbers = count()


def index(body: bytes) -> IndexEntries:
    return extract_entries("r4", orjson.loads(body), "")


def index_nothing(body: bytes) -> IndexEntries:
    raise AssertionError(f"extracted again: {body!r}")


def resource(type: str, id: str, value: int) -> dict[str, Any]:
    if type == "Patient":
        return {"resourceType": type, "id": id, "name": [{"family": f"Name {value}"}], "gender": "female"}
    patient = {"reference": f"Patient/{'abcd'[value]}"}  # it may be absent
    coding = {"coding": [{"system": "http://a", "code": str(value)}], "text": f"says {value}"}
    more = {"valueQuantity": {"value": value, "unit": "kg"}, "effectiveDateTime": f"2025-01-0{value + 1}"}
    focus = {"focus": [{"reference": f"Condition/{value}"}]}
    return {"resourceType": type, "id": id, "code": coding, "subject": patient, **(more | focus if type[0] == "O" else {})}


async def write(store: Store, space: ResourceSpace, transactions: list[list[Change]]) -> None:
    for changes in transactions:
        versions: dict[tuple[str, str], tuple[int, bool]] = {}
        steps: list[Step] = []
        for type, id, value in changes:
            stored = await store.read(space, type, id, EVERYTHING)
            current = (stored.version_id, not stored.deleted) if stored else (0, False)
            version, is_live = versions.get((type, id), current)
            if value >= 0 or is_live:
                steps.append(save(space, type, id, version + 1, value, is_live))
                versions[type, id] = version + 1, value >= 0
        await store.transaction(steps)


def save(space: ResourceSpace, type: str, id: str, version: int, value: int, is_live: bool) -> Save:
    at = 1000 * version
    if value < 0:
        return Save(space, type, id, version, b"", IndexEntries(), at, "delete", who="app")
    body = orjson.dumps(resource(type, id, value))
    interaction: Any = "create" if version == 1 else "update" if is_live else "update-create"
    return Save(space, type, id, version, body, index(body), at, interaction, who="app")


async def answers(store: Store, space: ResourceSpace) -> list[Any]:
    """What a client can find out: history, totals and searches."""
    history = await store.history(space, HistoryQuery(None, None, 1000), EVERYTHING)
    pages = [await store.search(space, Query("r4", type, count=100), EVERYTHING) for type in TYPES]
    return [history.entries, *((page.matches, page.total) for page in pages)]


def in_any_order(answers: list[Any]) -> list[Any]:
    """Without a sort, resources are in the order of their numbers, and one that was only referenced may have had one before."""
    history, *pages = answers
    return [history, *((sorted(matches, key=repr), total) for matches, total in pages)]


def fresh_spaces() -> tuple[ResourceSpace, ResourceSpace]:
    number = next(_numbers)
    return ResourceSpace(f"own-{number}", "r4"), ResourceSpace(f"other-{number}", "r4")


async def obey(
    store: Store, before: list[list[Change]], first: list[list[Change]], second: list[list[Change]], older: str = "1 = 0"
) -> None:
    space, other = fresh_spaces()
    await write(store, space, before)
    states = []
    for name, changes in (("a", first), ("b", second)):
        await store.transaction([Mark(space, name)])
        states.append((name, await tables(store, space), await answers(store, space)))
        await asyncio.gather(write(store, space, changes), write(store, other, changes))
    others, at_end = await tables(store, other), await answers(store, space)
    assert await store.writes_since(space, "b") == len((await tables(store, space))["resource_history"]) - len(
        states[1][1]["resource_history"]
    )
    await execute(store, f"UPDATE resource_history SET undo = NULL WHERE {older}")
    for name, rows_before, answers_before in reversed(states):
        for _ in range(2):
            await store.transaction([ReturnToMark(space, name, index)])
            assert await tables(store, space) == rows_before
            assert await answers(store, space) == answers_before
            assert await store.writes_since(space, name) == 0
    assert await store.writes_since(space, "b") in (None, 0)  # without changes, both marks are the same position
    assert await tables(store, other) == others
    await write(store, space, first)
    await write(store, space, second)
    assert in_any_order(await answers(store, space)) == in_any_order(at_end)


CREATED_AND_REFERENCED: list[list[Change]] = [[("Patient", "b", 1)], [("Observation", "a", -1)], [("Patient", "c", 1)]]


@example([[("Observation", "a", 1)]], CREATED_AND_REFERENCED, [[("Patient", "b", -1), ("Patient", "b", 2)]], "1 = 0")
@example([[("Observation", "a", 1)]], CREATED_AND_REFERENCED, [[("Patient", "b", -1), ("Patient", "b", 2)]], "1 = 1")
@example([[("Condition", "a", 1)], [("Condition", "a", -1)]], [[("Condition", "a", 2)]], [[("Condition", "a", -1)]], "1 = 0")
@example([[("Condition", "a", 1)]], [[("Condition", "a", 2)]], [[("Patient", "d", 1)]], "1 = 0").via("its patient has no row")
@settings(max_examples=20)
@given(WRITES, WRITES, WRITES, REPLACED)
def test_after_a_return_everything_is_as_at_the_mark(
    store: Store,
    runner: asyncio.Runner,
    before: list[list[Change]],
    first: list[list[Change]],
    second: list[list[Change]],
    older: str,
) -> None:
    runner.run(obey(store, before, first, second, older))


@pytest.mark.prove
@pytest.mark.timeout(3600)
@settings(max_examples=1000)
@given(WRITES, WRITES, WRITES, REPLACED)
def test_after_many_returns_everything_is_as_at_the_mark(
    store: Store,
    runner: asyncio.Runner,
    before: list[list[Change]],
    first: list[list[Change]],
    second: list[list[Change]],
    older: str,
) -> None:
    runner.run(obey(store, before, first, second, older))


@settings(max_examples=10)
@given(WRITES, WRITES)
def test_a_return_extracts_nothing_again(
    store: Store, runner: asyncio.Runner, before: list[list[Change]], changes: list[list[Change]]
) -> None:
    async def run() -> None:
        space, _ = fresh_spaces()
        await write(store, space, before)
        await store.transaction([Mark(space, "a")])
        at_mark = await tables(store, space)
        await write(store, space, changes)
        await store.transaction([ReturnToMark(space, "a", index_nothing)])
        assert await tables(store, space) == at_mark

    runner.run(run())


@pytest.mark.parametrize("value", [2, -1])
def test_a_resource_that_was_indexed_by_an_older_version_is_indexed_again(
    store: Store, runner: asyncio.Runner, value: int
) -> None:
    async def run() -> None:
        space, _ = fresh_spaces()
        await write(store, space, [[("Observation", "a", 1)]])
        await store.transaction([Mark(space, "a")])
        at_mark = await tables(store, space)
        number = (await rows_of(store, f"SELECT number FROM space WHERE tenant = '{space.tenant}'"))[0][0]
        await execute(store, f"UPDATE resource SET index_revision = index_revision - 1 WHERE space = {number} AND state = 1")
        await execute(store, f"DELETE FROM string_index WHERE space = {number}")
        await write(store, space, [[("Observation", "a", value)]])
        await store.transaction([ReturnToMark(space, "a", index)])
        assert await tables(store, space) == at_mark

    runner.run(run())


def test_facts_that_were_extracted_again_are_restored(store: Store, runner: asyncio.Runner) -> None:
    async def run() -> None:
        space, _ = fresh_spaces()
        await write(store, space, [[("Observation", "a", 1)]])
        body = orjson.dumps(resource("Observation", "a", 2))
        await store.transaction([Reindex(space, "Observation", "a", 1, index(body)), Mark(space, "a")])
        at_mark = (await tables(store, space))["resource"]
        await write(store, space, [[("Observation", "a", 3)]])
        await store.transaction([ReturnToMark(space, "a", index_nothing)])
        assert (await tables(store, space))["resource"] == at_mark

    runner.run(run())


def test_any_number_of_resources_is_undone_in_pages(
    store: Store, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHANGED", "CREATED"):
        monkeypatch.setattr(marks, name, getattr(marks, name).replace(f"LIMIT {marks.AT_A_TIME}", "LIMIT 2"))

    async def run() -> None:
        every: list[list[Change]] = [[(type, id, turn) for type in TYPES for id in "abcd"] for turn in range(3)]
        half = [[change for change in every[0] if change[1] in "ab"]]
        await obey(store, half, every[1:], every)

    runner.run(run())


def test_a_resource_that_was_created_with_a_later_number_is_undone(store: Store, runner: asyncio.Runner) -> None:
    """After a snapshot was restored, versions continue with larger numbers."""

    async def run() -> None:
        space, _ = fresh_spaces()
        await write(store, space, [[("Observation", "a", 1), ("Condition", "d", 1)]])
        await store.transaction([Mark(space, "a")])
        at_mark = await tables(store, space)
        created = save(space, "Patient", "b", 1, 1, False)
        await store.transaction([structs.replace(created, version_id=5, before=0)])
        await write(store, space, [[("Patient", "b", 2), ("Observation", "a", 2), ("Condition", "d", -1)]])
        await store.transaction([ReturnToMark(space, "a", index_nothing)])
        assert await tables(store, space) == at_mark

    runner.run(run())


def test_what_was_referenced_only_by_what_is_undone_leaves_no_row(store: Store, runner: asyncio.Runner) -> None:
    async def count(space: ResourceSpace) -> int:
        text = f"SELECT count(*) FROM resource r JOIN space s ON s.number = r.space WHERE s.tenant = '{space.tenant}'"
        return int((await rows_of(store, text))[0][0])

    async def run() -> None:
        space, _ = fresh_spaces()
        await write(store, space, [[("Observation", "a", 1)]])
        await store.transaction([Mark(space, "a")])
        before = await count(space)
        await write(store, space, [[("Observation", "a", 2), ("Observation", "b", 3), ("Patient", "d", 1)]])
        assert await count(space) > before
        await store.transaction([ReturnToMark(space, "a", index)])
        assert await count(space) == before

    runner.run(run())


def test_without_the_mark_nothing_is_undone(store: Store, runner: asyncio.Runner) -> None:
    async def run() -> None:
        space, other = fresh_spaces()
        await store.transaction([ReturnToMark(space, "a", index)])
        await write(store, space, [[("Patient", "a", 1)]])
        before = await tables(store, space)
        await store.transaction([Mark(other, "a"), Mark(space, "b"), ReturnToMark(space, "a", index)])
        assert await tables(store, space) == before
        assert await store.writes_since(space, "a") is None

    runner.run(run())


def test_a_mark_is_deleted_with_the_resources(store: Store, runner: asyncio.Runner) -> None:
    async def run() -> None:
        space, _ = fresh_spaces()
        await write(store, space, [[("Patient", "a", 1)]])
        await store.transaction([Mark(space, "a")])
        assert await store.writes_since(space, "a") == 0
        await store.transaction([Clear("resources", space.tenant)])
        assert await store.writes_since(space, "a") is None

    runner.run(run())


def test_a_mark_can_be_moved(store: Store, runner: asyncio.Runner) -> None:
    async def run() -> None:
        space, _ = fresh_spaces()
        await store.transaction([Mark(space, "a")])
        await write(store, space, [[("Patient", "a", 1)]])
        assert await store.writes_since(space, "a") == 1
        await store.transaction([Mark(space, "a")])
        assert await store.writes_since(space, "a") == 0

    runner.run(run())


def test_a_mark_within_a_transaction_lies_between_its_saves(store: Store, runner: asyncio.Runner) -> None:
    async def run() -> None:
        space, _ = fresh_spaces()
        first, second = (save(space, "Patient", id, 1, 1, False) for id in "ab")
        await store.transaction([first, Mark(space, "a"), second])
        assert await store.writes_since(space, "a") == 1
        await store.transaction([ReturnToMark(space, "a", index)])
        page = await store.search(space, Query("r4", "Patient", count=10), EVERYTHING)
        assert [match.id for match in page.matches] == ["a"]

    runner.run(run())


def test_no_internal_number_is_used_twice(store: Store, runner: asyncio.Runner) -> None:
    """A search that is still running may have looked up the number of a resource that is undone meanwhile."""

    async def nids(space: ResourceSpace) -> set[int]:
        return {row[0] for row in (await tables(store, space))["resource"]}

    async def run() -> None:
        space, _ = fresh_spaces()
        await store.transaction([Mark(space, "a")])
        seen: set[int] = set()
        for _ in range(3):
            await write(store, space, [[("Patient", "a", 1)]])
            assert seen.isdisjoint(await nids(space))
            seen |= await nids(space)
            await store.transaction([ReturnToMark(space, "a", index)])

    runner.run(run())


@given(st.sets(st.integers(0, 30)))
def test_ranges_contain_exactly_these_numbers(nids: set[int]) -> None:
    runs = marks.find_ranges(nids)
    assert [nid for first, last in runs for nid in range(first, last + 1)] == sorted(nids)
    assert all(first > last + 1 for (_, last), (first, _) in pairwise(runs))
