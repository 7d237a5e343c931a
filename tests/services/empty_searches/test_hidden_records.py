"""A law: a record that the token may not see changes no word of an explanation, and not what it costs, on either engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import is_long
from tests.postgres import ENGINES
from tests.services.empty_searches.hidden_data import BASE, HIDDEN, INCLUDING, SEARCHES, VISIBILITIES, VISIBLE, save_step
from tests.storage.engines import open_engine
from tests.storage.making import limit_lists

from sickbay.fhir.search import parser
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING, Clause, Granular, Visibility
from sickbay.services.empty_searches.examine import Cause, examine_empty_search
from sickbay.services.empty_searches.includes import examine_includes
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.probe import Probe
from sickbay.storage.query import visible_members
from sickbay.storage.sqlite import probing
from sickbay.storage.sqlite.store import find_published_parameter
from sickbay.storage.sqlite.store import open_store as open_sqlite

ROWS = 10_000_000
FEW_EXAMPLES = 3
"""Each example asks some thousand questions."""
HIDDEN_COPIES = 60
TENANTS = count()


@pytest.fixture(scope="module", params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Any]]:
    with asyncio.Runner() as runner:
        (store,) = runner.run(open_engine(request, tmp_path_factory.mktemp("hidden"), find=find_published_parameter))
        yield runner, store
        runner.run(store.close())


def ask(type: str, text: str) -> Query:
    query = parser.parse("r4", type, parse_qsl(text, keep_blank_values=True), base=BASE)
    assert isinstance(query, Query), query
    return query


async def hospital(store: Any, resources: Sequence[dict[str, Any]]) -> ResourceSpace:
    space = ResourceSpace(f"hospital-{next(TENANTS)}", "r4")
    await store.transaction([save_step(resource, space) for resource in resources])
    return space


class Said(NamedTuple):
    """The explanation of a search, and how many rows may still be read after it."""

    causes: tuple[Cause, ...]
    left: int


async def ask_everything(store: Any, space: ResourceSpace, visibility: Visibility) -> list[Said]:
    """Everything that is said about each search that finds nothing."""

    def job(probe: Any) -> list[Said]:
        answers = (examine_empty_search(probe, ask(*search), BASE, visibility) for search in SEARCHES)
        including = (examine_includes(probe, ask(*search), visibility) for search in INCLUDING)
        return [Said(answer.causes, probe._sources._left) for answer in (*answers, *including)]

    said: list[Said] = await store.probe(space, visibility, job, ROWS)
    return said


def with_hidden(places: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """The visible records with hidden ones before, between and after them."""
    resources = list(VISIBLE)
    for number, place in places:
        resources.insert(place, HIDDEN[number])
    return resources


PLACES = st.lists(
    st.tuples(st.integers(0, len(HIDDEN) - 1), st.integers(0, len(VISIBLE))), min_size=1, unique_by=lambda pair: pair[0]
)


@pytest.mark.parametrize("rows", [visible_members.READ_ROWS, 2], ids=["all are listed", "two of three are listed"])
def test_a_hidden_record_changes_no_word_and_no_cost(
    rows: int, opened: tuple[asyncio.Runner, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, store = opened
    limit_lists(monkeypatch, rows)
    plain = runner.run(hospital(store, VISIBLE))
    before = [runner.run(ask_everything(store, plain, visibility)) for visibility in VISIBILITIES]

    @settings(max_examples=100 if is_long() else FEW_EXAMPLES, deadline=None)
    @given(PLACES)
    def law(places: list[tuple[int, int]]) -> None:
        other = runner.run(hospital(store, with_hidden(places)))
        for visibility, expected in zip(VISIBILITIES, before, strict=True):
            for search, without, others in zip(
                (*SEARCHES, *INCLUDING), expected, runner.run(ask_everything(store, other, visibility)), strict=True
            ):
                assert without == others, search

    law()


def test_many_hidden_records_take_no_steps_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise they could end an explanation early, which would change its words."""
    monkeypatch.setattr(probing, "TICK_STEPS", 10)
    monkeypatch.setattr(probing, "STATEMENT_TICKS", 10_000_000)
    more = [record | {"id": f"{record['id']}-{number}"} for number in range(HIDDEN_COPIES) for record in HIDDEN]

    async def count_ticks(resources: Sequence[dict[str, Any]]) -> list[list[int]]:
        store = open_sqlite(tmp_path / f"{len(resources)}.db", find_published_parameter)
        space = await hospital(store, resources)
        ticks = [await store.probe(space, limit, partial(count_ticks_of, store, limit), ROWS) for limit in VISIBILITIES]
        await store.close()
        return ticks

    for without, others in zip(
        *(asyncio.run(count_ticks(resources)) for resources in (VISIBLE, (*more, *VISIBLE))), strict=True
    ):
        for search, few, many in zip(SEARCHES, without, others, strict=True):
            assert many <= few + HIDDEN_COPIES // 2, (search, few, many)


def test_a_filter_of_a_scope_takes_no_steps_for_a_type_without_its_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "TICK_STEPS", 10)
    laboratory = Visibility((Clause("*", "rs", None, (Granular("category", ((None, "laboratory"),)),)),))
    [first, *_] = [record for record in VISIBLE if "laboratory" in str(record.get("category"))]
    more = [first | {"id": f"more-{number}"} for number in range(600)]

    async def count_ticks(resources: Sequence[dict[str, Any]]) -> list[int]:
        store = open_sqlite(tmp_path / f"{len(resources)}.db", find_published_parameter)
        space = await hospital(store, resources)
        job = partial(count_ticks_of, store, searches=[("Patient", "name=zzz")])
        ticks = await store.probe(space, laboratory, lambda probe: job(laboratory, probe), ROWS)
        await store.close()
        return ticks

    few, many = (asyncio.run(count_ticks(resources)) for resources in (VISIBLE, (*more, *VISIBLE)))
    assert few == many


def count_ticks_of(
    store: Any, visibility: Visibility, probe: Probe, *, searches: Sequence[tuple[str, str]] = SEARCHES
) -> list[int]:
    """How much work of SQLite each explanation takes."""
    reader, ticks = store._probe._reader, []
    for search in searches:
        total, plain = 0, reader._run_with_limit

        def count(work: Any, plain: Any = plain) -> Any:
            nonlocal total
            result = plain(work)
            total += reader._ticks_of_statement
            return result

        reader._run_with_limit = count
        examine_empty_search(probe, ask(*search), BASE, visibility)
        reader._run_with_limit = plain
        ticks.append(total)
    return ticks


def test_the_hidden_records_would_change_what_an_administrator_reads(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    plain, full = (runner.run(hospital(store, resources)) for resources in (VISIBLE, (*VISIBLE, *HIDDEN)))
    without, others = (runner.run(ask_everything(store, space, EVERYTHING)) for space in (plain, full))
    changed = sum(former.causes != latter.causes for former, latter in zip(without, others, strict=True))
    assert changed > len(SEARCHES) * 3 // 4


def test_most_searches_are_explained(opened: tuple[asyncio.Runner, Any]) -> None:
    """Otherwise the law would hold of silence."""
    runner, store = opened
    space = runner.run(hospital(store, VISIBLE))
    rules = [said.causes[0][0] for said in runner.run(ask_everything(store, space, VISIBILITIES[0])) if said.causes]
    assert len(rules) > len(SEARCHES) * 3 // 4
    assert len(set(rules)) >= 9, set(rules)
