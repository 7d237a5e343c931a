"""Deleted resources that keep their index rows are found by no search: answers are the same as if the rows were deleted."""

from __future__ import annotations

import asyncio
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.laws import examples, for_each
from tests.storage.contents import rows_of
from tests.storage.featured import INCLUDES
from tests.storage.making import make_save, parameter
from tests.storage.random_data import CODES, population
from tests.storage.test_search_laws import VISIBILITIES, chain, populations, queries

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import Include, Query
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.storage import query as query_folder
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import Mark, ResourceSpace, Save, Step
from sickbay.storage.probe import Probe
from sickbay.storage.query import marks
from sickbay.storage.query.saving import INDEXES
from sickbay.storage.sqlite import resources

SPACES = count()
PROBED = ("code", "patient", "performer", "date", "value-quantity")
READS_EVERY_ROW = {"visibility.py", "marks.py", "saving.py", "undo.py", "space_tables.py"}
"""They save and restore, or decide who sees a resource, deleted or not."""
QUERIES = sorted(path for path in Path(query_folder.__file__).parent.glob("*.py") if path.name not in READS_EVERY_ROW)


def delete(saves: list[Save]) -> list[Save]:
    return [replace(save, version_id=2, body=b"", facts=IndexEntries(), interaction="delete", at=7) for save in saves]


def create_again(saves: list[Save], earlier: list[Save]) -> list[Save]:
    keys = {(save.type, save.id) for save in earlier}
    return [
        replace(save, version_id=3, interaction="update-create", at=8) if (save.type, save.id) in keys else save
        for save in saves
    ]


async def write(store: Any, saves: list[list[Save]], *steps: Any) -> ResourceSpace:
    """Write these transactions into a new space. steps: follow the first one."""
    space = ResourceSpace(f"hidden{next(SPACES)}", "r4")
    for number, some in enumerate(saves):
        await store.transaction([replace(save, space=space) for save in some])
        if not number:
            await store.transaction([step(space) for step in steps])
    return space


def mark(space: ResourceSpace) -> Step:
    return Mark(space, "filled")


def of_space(space: ResourceSpace) -> str:
    return f"r.space = (SELECT number FROM space WHERE tenant = '{space.tenant}')"


async def count_hidden(store: Any, space: ResourceSpace) -> int:
    text = f"SELECT count(*) FROM hidden_resource h JOIN resource r ON r.nid = h.nid WHERE {of_space(space)}"
    return int((await rows_of(store, text))[0][0])


def ask(query: Query) -> Any:
    """The questions of an explanation."""
    observations = Query("r4", "Observation")

    def job(probe: Probe) -> list[Any]:
        asked = [parameter("Observation", code) for code in PROBED]
        matching = [query] if query.type else []
        return [
            *((probe.count(wanted), probe.has_match(wanted)) for wanted in (*matching, observations)),
            *(probe.occurrences(observations, each) for each in asked[:3]),
            *(probe.other_codes(each) for each in asked[:1]),
            *(probe.systems_of(asked[0], code) for code in CODES),
            *(probe.extent(observations, each, 0) for each in asked[3:]),
            probe.texts_near(parameter("Patient", "name"), "an"),
            probe.bodies(observations, 3),
            probe.bodies_with(asked[0], 3),
        ]

    return job


async def answers(
    store: Any, space: ResourceSpace, query: Query, includes: tuple[Include, ...], visibility: Visibility, saves: list[Save]
) -> list[Any]:
    """Everything that a client can find out."""
    single = replace(query, sort=(), total=None)
    included = (await store.search(space, replace(query, includes=includes, count=100), visibility)).included
    history = await store.history(space, HistoryQuery(None, None, 1000), visibility)
    return [
        await chain(store, space, query, visibility),
        await store.count(space, query, visibility),
        [(resource.type, resource.id) for resource in included],
        await store.probe(space, visibility, ask(single), 10_000_000),
        await store.labels(space, ("Patient", "Observation", "Location"), visibility),
        [await store.read(space, save.type, save.id, visibility) for save in saves],
        history.entries,
    ]


@settings(
    max_examples=examples(300, 30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    saves=populations(),
    left_out=st.integers(0, 3),
    changed=populations() | st.just([]),
    query=queries(),
    includes=INCLUDES,
    visibility=VISIBILITIES,
)
def test_answers_are_the_same_as_if_the_index_rows_were_deleted(
    store: Any,
    runner: asyncio.Runner,
    saves: list[Save],
    left_out: int,
    changed: list[Save],
    query: Query,
    includes: tuple[Include, ...],
    visibility: Visibility,
) -> None:
    async def law() -> None:
        deleted = [save for number, save in enumerate(saves) if number % 4 != left_out]
        left = {(save.type, save.id) for save in saves} - {(save.type, save.id) for save in deleted}
        again = create_again([save for save in changed if (save.type, save.id) not in left], deleted)
        transactions = [saves, delete(deleted), again]
        hiding, deleting = await write(store, transactions, mark), await write(store, transactions)
        returned = {(save.type, save.id) for save in again} & {(save.type, save.id) for save in deleted}
        assert await count_hidden(store, hiding) == len(deleted) - len(returned)
        assert await count_hidden(store, deleting) == 0
        asked = query, includes, visibility, saves
        assert await answers(store, hiding, *asked) == await answers(store, deleting, *asked)

    runner.run(law())


def test_only_so_many_resources_of_a_space_are_hidden(
    store: Any, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = re.sub(rf"\b{marks.HIDDEN}\b", "3", marks.HIDES)
    for module in (marks, resources):
        monkeypatch.setattr(module, "HIDES", few)
    saves = [make_save("Observation", f"o{number}", IndexEntries(tokens=((1, "s", "a"),))) for number in range(5)]

    async def run() -> None:
        space = await write(store, [saves, delete(saves[:2]), delete(saves[2:])], mark)
        assert await count_hidden(store, space) == 3
        assert await store.count(space, Query("r4", "Observation"), EVERYTHING) == 0

    runner.run(run())


def test_what_was_created_after_every_mark_is_not_hidden(store: Any, runner: asyncio.Runner) -> None:
    saves = [make_save("Observation", f"o{number}") for number in range(2)]

    async def run() -> None:
        space = await write(store, [saves[:1], saves[1:], delete(saves)], mark)
        assert await count_hidden(store, space) == 1

    runner.run(run())


def test_searches_are_shown_every_index_row_except_those_of_hidden_resources(store: Any, runner: asyncio.Runner) -> None:
    saves = [
        replace(save, space=ResourceSpace("shown", "r4"), id=f"{save.id}-{seed}")
        for seed in range(5)
        for save in population(seed)
    ]

    async def run() -> None:
        space = await write(store, [saves, delete(saves[::2])], mark)
        hidden = f"SELECT h.nid FROM hidden_resource h JOIN resource r ON r.nid = h.nid WHERE {of_space(space)}"
        for table in INDEXES[:-1]:
            stored = f"FROM {table} i JOIN resource r ON r.nid = i.nid WHERE {of_space(space)}"
            shown = stored.replace(table, f"shown_{table.removesuffix('_index')}")
            rest = await rows_of(store, f"SELECT i.* {stored} AND i.nid NOT IN ({hidden})")
            assert len(await rows_of(store, f"SELECT i.* {stored}")) > len(rest) > 0
            assert sorted(await rows_of(store, f"SELECT i.* {shown}")) == sorted(rest)

    runner.run(run())


@for_each("path", QUERIES)
def test_searches_read_only_the_rows_that_are_shown(path: Path) -> None:
    assert not re.findall(r"\b(?:FROM|JOIN) \w+_index\b|[\"']\w+_index\b", path.read_text(encoding="utf-8"))
