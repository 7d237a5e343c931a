"""A law: a record that the token may not see changes no word of an explanation, on either engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import is_long
from tests.postgres import ENGINES
from tests.services.empty_searches.hidden_data import BASE, HIDDEN, INCLUDING, SEARCHES, VISIBILITIES, VISIBLE, save_step
from tests.storage.engines import open_engine

from sickbay.fhir.search import parser
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.services.empty_searches.examine import Cause, examine
from sickbay.services.empty_searches.includes import examine_includes
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.probe import Probe
from sickbay.storage.sqlite.store import find_published

MILLISECONDS = 10_000
FEW_EXAMPLES = 8
"""Each example asks some thousand questions."""
TENANTS = count()


@pytest.fixture(scope="module", params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Any]]:
    with asyncio.Runner() as runner:
        (store,) = runner.run(open_engine(request, tmp_path_factory.mktemp("hidden"), find=find_published))
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


async def ask_everything(store: Any, space: ResourceSpace, visibility: Visibility) -> list[tuple[Cause, ...]]:
    """Everything that is said about each search that finds nothing."""

    def job(probe: Probe) -> list[tuple[Cause, ...]]:
        answers = [examine(probe, ask(*search), BASE, visibility)._replace(position=0) for search in SEARCHES]
        answers += [examine_includes(probe, ask(*search), visibility) for search in INCLUDING]
        return [answer.causes for answer in answers]

    said: list[tuple[Cause, ...]] = await store.probe(space, visibility, job, MILLISECONDS)
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


def test_a_hidden_record_changes_no_word(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
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


def test_the_hidden_records_would_change_what_an_administrator_reads(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    plain, full = (runner.run(hospital(store, resources)) for resources in (VISIBLE, (*VISIBLE, *HIDDEN)))
    without, others = (runner.run(ask_everything(store, space, EVERYTHING)) for space in (plain, full))
    changed = sum(former != latter for former, latter in zip(without, others, strict=True))
    assert changed > len(SEARCHES) * 3 // 4


def test_most_searches_are_explained(opened: tuple[asyncio.Runner, Any]) -> None:
    """Otherwise the law would hold of silence."""
    runner, store = opened
    space = runner.run(hospital(store, VISIBLE))
    rules = [causes[0][0] for causes in runner.run(ask_everything(store, space, VISIBILITIES[0])) if causes]
    assert len(rules) > len(SEARCHES) * 3 // 4
    assert len(set(rules)) >= 9, set(rules)
