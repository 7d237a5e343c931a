"""A plan filled from a template equals the plan compiled without one, whichever search created the template."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from tests.laws import examples
from tests.storage.making import SPACE, find, observation, patient, query_for, where
from tests.storage.random_data import population
from tests.storage.test_search_laws import VISIBILITIES, queries

from sickbay.fhir.search.query import DateValue, Prefix, Query, ReferenceValue, Sort, StringValue, TokenValue
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.storage.query import search, templates
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.search import SearchPlan, _page_statement
from sickbay.storage.sqlite.store import SqliteStore, open_store


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, runner: Any) -> Any:
    store = open_store(tmp_path_factory.mktemp("templates") / "a.db", find)
    runner.run(store.transaction([save for save in population(7) if save.space == SPACE]))
    yield store
    runner.run(store.close())


@pytest.fixture(autouse=True)
def small_types_have_walks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "NEAR", -1)
        yield


def test_a_search_of_a_small_type_has_no_walk(filled: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "CACHES", True)
    query, scope = query_for("Patient", where("Patient", "name", StringValue("ann", "Ann"))), scope_of(filled, EVERYTHING)
    live = scope.names.count_live(scope.space, "Patient")
    plans = []
    for near in (live - 1, live):
        monkeypatch.setattr(search, "NEAR", near)
        plans.append(templates.plan_by_template({}, scope, find, SPACE, query, EVERYTHING))
    assert [plan.walk is None for plan in plans if plan] == [False, True]


def scope_of(store: SqliteStore, visibility: Visibility) -> Scope:
    scope = store._answers._scope_of(SPACE, visibility)
    assert scope is not None
    return scope


def strip_inputs(plan: SearchPlan | None) -> Any:
    """Return a plan without the inputs that it was compiled from and without its results, but with its first statement."""
    if plan is None:
        return None
    walk = strip_inputs(plan.walk()) if plan.walk else None
    return plan._replace(source=plan.source._replace(rest=()), walk=walk, results=None, first=_page_statement(plan, None))  # type: ignore[arg-type]


TEMPLATES: dict[Any, Any] = {}


@settings(
    max_examples=examples(600),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(query=queries().filter(lambda query: query.type != ""), visibility=VISIBILITIES)
def test_a_filled_template_is_the_plan_that_is_compiled(filled: SqliteStore, query: Query, visibility: Visibility) -> None:
    """Templates are kept between examples, so that almost all were created by another search of the same shape."""
    scope = scope_of(filled, visibility)
    with_template = templates.plan_by_template(TEMPLATES, scope, find, SPACE, query, visibility)
    assert strip_inputs(with_template) == strip_inputs(search.plan_search(scope, find, SPACE, query, visibility))


LOINC = "http://loinc.org"
DAY = 86_400_000
PATIENT = ReferenceValue("Patient", "p0")
ONE_PATIENT = [Visibility((Clause("*", "rs", frozenset((id,))),)) for id in ("p0", "p1")]


@pytest.mark.parametrize(
    ("first", "second", "visibilities"),
    [
        (
            query_for("Observation", where("Observation", "patient", PATIENT)),
            query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p1"))),
            (EVERYTHING, EVERYTHING),
        ),
        (
            query_for("Observation", where("Observation", "patient", PATIENT)),
            query_for("Observation", where("Observation", "patient", ReferenceValue("Patient", "p1"))),
            ONE_PATIENT,
        ),
        (
            query_for("Patient", where("Patient", "name", StringValue("ann", "Ann"))),
            query_for("Patient", where("Patient", "name", StringValue("b", "b"))),
            (EVERYTHING, EVERYTHING),
        ),
    ],
    ids=("of a patient", "by a patient's token", "by a name"),
)
def test_a_second_search_of_a_shape_compiles_nothing(
    filled: SqliteStore,
    first: Query,
    second: Query,
    visibilities: tuple[Visibility, Visibility],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(templates, "CACHES", True)
    cached: dict[Any, Any] = {}
    compiled = [
        search.plan_search(scope_of(filled, visibility), find, SPACE, query, visibility)
        for query, visibility in zip((first, second), visibilities, strict=True)
    ]
    from_templates = [
        templates.plan_by_template(cached, scope_of(filled, visibilities[0]), find, SPACE, first, visibilities[0])
    ]
    monkeypatch.delattr(search, "plan_search")
    from_templates.append(
        templates.plan_by_template(cached, scope_of(filled, visibilities[1]), find, SPACE, second, visibilities[1])
    )
    assert [strip_inputs(plan) for plan in from_templates] == [strip_inputs(plan) for plan in compiled]


@pytest.mark.parametrize("prefix", get_args(Prefix))
@pytest.mark.parametrize("visibility", [EVERYTHING, ONE_PATIENT[0]], ids=("all", "one patient"))
def test_dates_of_any_width_and_prefix_are_compiled_as_without_templates(
    filled: SqliteStore, prefix: Prefix, visibility: Visibility
) -> None:
    scope, cached = scope_of(filled, visibility), dict[Any, Any]()
    for low, high in ((0, 1), (-DAY, DAY), (0, 40 * DAY), (5 * DAY, 6 * DAY)):
        value = DateValue(prefix, low, high)
        for query in (
            query_for("Observation", where("Observation", "date", value)),
            query_for("Observation", where("Observation", "date", value), updated=(value,), sort=(Sort("date", True),)),
            query_for("Observation", updated=(value,), sort=(Sort("_lastUpdated"),)),
        ):
            with_template = templates.plan_by_template(cached, scope, find, SPACE, query, visibility)
            assert strip_inputs(with_template) == strip_inputs(search.plan_search(scope, find, SPACE, query, visibility))


def test_a_search_for_a_type_not_stored_yet_gets_its_template_later(
    tmp_path: Path, runner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "CACHES", True)
    store = open_store(tmp_path / "a.db", find)
    query = query_for(
        "Observation", where("Observation", "patient", PATIENT), where("Observation", "code", TokenValue(LOINC, "x"))
    )

    async def matches() -> int:
        return len((await store.search(SPACE, query, EVERYTHING)).matches)

    runner.run(store.transaction([patient("p0")]))
    assert runner.run(matches()) == 0
    assert not store._answers._templates
    runner.run(store.transaction([observation("o1", "p0", code="x")]))
    assert runner.run(matches()) == 1
    assert len(store._answers._templates) == 1
    runner.run(store.close())
