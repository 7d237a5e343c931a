"""The laws of searching are worth something: without the condition of visibility at any one hop they do not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.storage.featured import INCLUDES, PARTS, closure
from tests.storage.making import find
from tests.storage.reference_search import matches
from tests.storage.test_search_laws import HOLDERS, VISIBILITIES, chain, inside, populations, queries, stored
from tests.storage.test_search_laws import HOPS as LEADING

from sickbay.fhir.search.query import Include, Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import Save
from sickbay.storage.query import compartment
from sickbay.storage.query import queries as store_queries
from sickbay.storage.query.filters import TRUE, Scope
from sickbay.storage.sqlite.store import SqliteStore, open_store

FOUND = settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
HOPS: dict[str, Callable[[str, str], bool]] = {
    "matches": lambda letters, nid: letters == "s" and nid in ("d.nid", "r.nid"),
    "a hop as a condition": lambda letters, nid: nid == "g_.nid",
    "the second hop as a condition": lambda letters, nid: nid == "g__.nid",
    "a hop that the search begins with": lambda letters, nid: nid == "g.nid",
    "a part of something": lambda letters, nid: nid == "k.nid",
    "includes": lambda letters, nid: letters == "rs",
}
ALONG = st.one_of(*(inner.map(lambda one, type=type: Query("r4", type, (one,), count=4)) for type, inner in LEADING.items()))
"""Searches by one hop or more and nothing besides, which would hide what a hop shows."""
COMPARTMENTS = HOLDERS.map(
    lambda holder: Query(
        "r4",
        "",
        parts=tuple(Query("r4", type, within=inside(type, holder)) for type in ("Observation", "List")),
        within=inside("", holder),
        count=4,
    )
)
INTO_PARTS = PARTS.map(lambda one: Query("r4", "Location", (one,), count=4))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    opened = open_store(tmp_path_factory.mktemp("mutations") / "sickbay.db", find)
    yield opened
    asyncio.run(opened.close())


def found(store: SqliteStore, runner: asyncio.Runner, searches: st.SearchStrategy[Query]) -> None:
    @FOUND
    @given(saves=populations(), query=searches, includes=INCLUDES, visibility=VISIBILITIES)
    def law(saves: list[Save], query: Query, includes: tuple[Include, ...], visibility: Visibility) -> None:
        runner.run(_law(store, saves, query, includes, visibility))

    law()


@pytest.mark.parametrize("hop", HOPS)
def test_a_hop_without_its_condition_is_found(
    store: SqliteStore, hop: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store_queries.visible

    def mutated(names: Any, space: int, seen: Visibility, type: str, letters: str, nid: str, patient: str | None) -> Any:
        return TRUE if HOPS[hop](letters, nid) else whole(names, space, seen, type, letters, nid, patient)

    monkeypatch.setattr(store_queries, "visible", mutated)

    with pytest.raises(AssertionError):
        found(store, runner, INTO_PARTS if hop == "a part of something" else queries() | ALONG)


def test_a_compartment_without_its_condition_is_found(
    store: SqliteStore, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read in one range, whatever the types."""
    plan = compartment._plan

    def mutated(scope: Scope, *more: Any) -> Any:
        return plan(scope._replace(visible=lambda *_: TRUE), *more)

    monkeypatch.setattr(compartment, "_plan", mutated)
    with pytest.raises(AssertionError):
        found(store, runner, COMPARTMENTS)


async def _law(
    store: SqliteStore, saves: list[Save], query: Query, includes: tuple[Include, ...], visibility: Visibility
) -> None:
    """Without the second check, which would take the blame."""
    space = await stored(store, saves)
    store.guard.removed = 0
    expected = matches(saves, query, visibility)
    found, totals = await chain(store, space, query, visibility)
    assert (found, set(totals)) == (expected, {len(expected)})
    page = await store.search(space, replace(query, includes=includes, count=100), visibility)
    there = [one for one in saves if visibility.allows(one.type, "rs", one.facts.patients, one.facts.codes)]
    hit = [one for one in saves if any((one.type, one.id) == (two.type, two.id) for two in page.matches)]
    brought = {(one.type, one.id) for one in page.included}
    assert brought == closure(saves, replace(query, includes=includes), hit, there)
    assert store.guard.removed == 0
