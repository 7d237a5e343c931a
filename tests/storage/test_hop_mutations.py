"""Shows that the search laws detect errors: without the visibility condition at any hop, they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.storage.featured import INCLUDES, PARTS, closure
from tests.storage.making import find
from tests.storage.reference_search import matches
from tests.storage.test_search_laws import HOLDERS, VISIBILITIES, chain, inside, populations, queries, store_all
from tests.storage.test_search_laws import HOPS as LEADING

from sickbay.fhir.search.query import Include, Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import Save
from sickbay.storage.query import compartment
from sickbay.storage.query import queries as store_queries
from sickbay.storage.query.conditions import TRUE
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.visibility import match_visible
from sickbay.storage.sqlite.store import SqliteStore, open_store

SETTINGS = settings(
    max_examples=6000,
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
ALONG = st.one_of(
    *(inner.map(lambda filter, type=type: Query("r4", type, (filter,), count=4)) for type, inner in LEADING.items())
)
"""Searches with one hop or more and no other filter, which could hide what a hop exposes."""
COMPARTMENTS = HOLDERS.map(
    lambda holder: Query(
        "r4",
        "",
        parts=tuple(Query("r4", type, within=inside(type, holder)) for type in ("Observation", "List")),
        within=inside("", holder),
        count=4,
    )
)
INTO_PARTS = PARTS.map(lambda filter: Query("r4", "Location", (filter,), count=4))


SEARCHES = {"a part of something": INTO_PARTS, "the second hop as a condition": ALONG}
"""What some mutations are looked for with, because other searches seldom have such a hop."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store for each test, since a store keeps the plans that were made before a mutation."""
    opened = open_store(tmp_path / "sickbay.db", find)
    yield opened
    asyncio.run(opened.close())


def check_law(store: SqliteStore, runner: asyncio.Runner, searches: st.SearchStrategy[Query]) -> None:
    @SETTINGS
    @given(saves=populations(), query=searches, includes=INCLUDES, visibility=VISIBILITIES)
    def law(saves: list[Save], query: Query, includes: tuple[Include, ...], visibility: Visibility) -> None:
        runner.run(_law(store, saves, query, includes, visibility))

    law()


@pytest.mark.parametrize("hop", HOPS)
def test_a_hop_without_its_visibility_condition_is_detected(
    store: SqliteStore, hop: str, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = match_visible

    def mutate(names: Any, space: int, visibility: Visibility, type: str, letters: str, nid: str, patient: str | None) -> Any:
        return TRUE if HOPS[hop](letters, nid) else whole(names, space, visibility, type, letters, nid, patient)

    monkeypatch.setattr(store_queries, "match_visible", mutate)

    with pytest.raises(AssertionError):
        check_law(store, runner, SEARCHES.get(hop, queries() | ALONG))


def test_a_compartment_search_without_its_visibility_condition_is_detected(
    store: SqliteStore, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applies to compartments of several types, which are read in one range."""
    plan = compartment._plan_types

    def mutate(scope: Scope, *more: Any) -> Any:
        return plan(scope._replace(visible=lambda *_: TRUE), *more)

    monkeypatch.setattr(compartment, "_plan_types", mutate)
    with pytest.raises(AssertionError):
        check_law(store, runner, COMPARTMENTS)


async def _law(
    store: SqliteStore, saves: list[Save], query: Query, includes: tuple[Include, ...], visibility: Visibility
) -> None:
    """Check the law without the visibility recheck, which would hide the error."""
    space = await store_all(store, saves)
    store.guard.removed = 0
    expected = matches(saves, query, visibility)
    found_ids, totals = await chain(store, space, query, visibility)
    assert (found_ids, set(totals)) == (expected, {len(expected)})
    page = await store.search(space, replace(query, includes=includes, count=100), visibility)
    visible = [save for save in saves if visibility.allows(save.type, "rs", save.facts.patients, save.facts.codes)]
    matched = [save for save in saves if any((save.type, save.id) == (match.type, match.id) for match in page.matches)]
    included = {(resource.type, resource.id) for resource in page.included}
    assert included == closure(saves, replace(query, includes=includes), matched, visible)
    assert store.guard.removed == 0
