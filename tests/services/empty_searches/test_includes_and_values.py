"""What is said about each likely mistake, on a small hospital."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.services.empty_searches.hidden_data import BASE, VISIBLE, observation, save_step

from sickbay.fhir.routing import Route
from sickbay.fhir.search import parser
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.routes import search_of
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.services.empty_searches.examine import ON_ITS_OWN, WITHOUT_EMPTY, examine_empty_search
from sickbay.services.empty_searches.includes import examine_includes
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.sqlite.store import find_published_parameter, open_store

SPACE = ResourceSpace("general", "r4")
ROWS = 10_000_000
OTHERS = (
    observation("words", "p1", "9279-1", "exam", "2024-05-01", 12) | {"code": {"text": "only words"}},
    {
        "resourceType": "Encounter",
        "id": "stay",
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2024-06-01", "end": "2024-06-09"},
    },
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Any]]:
    with asyncio.Runner() as runner:
        store = open_store(tmp_path_factory.mktemp("values") / "sickbay.db", find_published_parameter)
        runner.run(store.transaction([save_step(resource, SPACE) for resource in (*VISIBLE, *OTHERS)]))
        yield runner, store
        runner.run(store.close())


def query_of(type: str, text: str) -> Query:
    query = parser.parse("r4", type, parse_qsl(text, keep_blank_values=True), base=BASE)
    assert isinstance(query, Query), query
    return query


@pytest.mark.parametrize(
    ("search", "rule", "suggestion", "level"),
    [
        ("Observation?category=lab", "fhir-search-value-absent", "category=laboratory", "warning"),
        ("Observation?category=Laboratory", "fhir-search-value-absent", "category=laboratory", "warning"),
        ("Observation?category=vital-sign", "fhir-search-value-absent", "category=vital-signs", "warning"),
        ("Observation?code=urn:x|8867-4", "fhir-search-code-other-system", "code=http://loinc.org|8867-4", "warning"),
        ("Observation?code=test 8867", "fhir-search-modifier-meaning", "code:text=test 8867", "warning"),
        ("Patient?name=Petrs", "fhir-search-name-absent", "name=Peters", "warning"),
        ("Patient?name=eters", "fhir-search-modifier-meaning", "name:contains=eters", "warning"),
        ("Patient?name=Ann Peters", "fhir-search-name-absent", "name=Peters", "warning"),
        ("Patient?family:exact=peters", "fhir-search-modifier-meaning", "family=peters", "warning"),
        ("Patient?gender:not=female", "fhir-search-modifier-meaning", "gender=female", "info"),
        ("Patient?birthdate:missing=true", "fhir-search-modifier-meaning", "birthdate:missing=false", "info"),
        ("Patient?birthdate=1980-02-04", "fhir-search-date-outside-data", "birthdate=1980-02-03", "info"),
        ("Observation?date=gt2031", "fhir-search-date-outside-data", "date=ge2024-05-01", "info"),
        ("Encounter?date=2024-06-03", "fhir-search-modifier-meaning", "date=ge2024-06-03&date=le2024-06-03", "info"),
        ("Observation?patient=111-1", "fhir-search-reference-absent", "patient.identifier=111-1", "warning"),
        ("Observation?subject=Group/p1", "fhir-search-reference-absent", "subject=Patient/p1", "warning"),
        ("Observation?patient=P1", "fhir-search-reference-absent", "patient=p1", "warning"),
        ("Observation?subject=urn:uuid:p1", "fhir-search-reference-absent", "subject=Patient/p1", "warning"),
        ("Observation?value-quantity=70||kg", "fhir-search-code-other-system", "value-quantity=70", "info"),
        ("Observation?value-quantity=gt500", "fhir-search-value-absent", "value-quantity=ge180", "info"),
        ("Observation?encounter=e1&code=8302-2", "fhir-search-values-apart", "code=8867-4", "info"),
        ("Device?patient=p1", "fhir-search-type-without-data", None, None),
        ("Patient?_id=zq", "fhir-search-value-absent", "_id=p1", "warning"),
        ("Observation?subject:Patient.name=zq", "fhir-search-name-absent", "subject:Patient.name=ann", "warning"),
    ],
)
def test_a_mistake_gets_its_rule_and_what_would_find_something(
    opened: tuple[asyncio.Runner, Any], search: str, rule: str, suggestion: str | None, level: str | None
) -> None:
    runner, store = opened
    query = query_of(*search.split("?"))
    assert runner.run(store.count(SPACE, query, EVERYTHING)) == 0
    answer = runner.run(
        store.probe(SPACE, EVERYTHING, lambda probe: examine_empty_search(probe, query, BASE, EVERYTHING), ROWS)
    )
    ((found, facts),) = answer.causes
    assert (found, facts.get("suggestion"), facts.get("level")) == (rule, suggestion, level)


def test_a_parameter_that_was_sent_twice_is_named_with_its_value(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    query = query_of("Observation", "date=ge2031&date=le2019&code=8867-4")
    answer = runner.run(
        store.probe(SPACE, EVERYTHING, lambda probe: examine_empty_search(probe, query, BASE, EVERYTHING), ROWS)
    )
    assert [name for name, _ in answer.causes[0][1]["alone"]] == ["date=ge2031", "date=le2019", "code"]


def test_two_values_that_occur_nowhere_get_a_finding_each(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    query = query_of("Observation", "category=lab&code=zq&patient=p1")
    answer = runner.run(
        store.probe(SPACE, EVERYTHING, lambda probe: examine_empty_search(probe, query, BASE, EVERYTHING), ROWS)
    )
    assert [facts["parameter"] for _, facts in answer.causes] == ["category", "code"]
    first = answer.causes[0][1]
    assert first["alone"] == [["category", 0], ["code", 0], ["patient", 4]]
    assert (first["condition"], first["instead"], first["without"]) == (WITHOUT_EMPTY, [], 0)


def test_a_value_that_fits_no_other_parameter_is_said_to_find_something_on_its_own(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    query = query_of("Observation", "category=labratory&code=8867-4&date=2024-03-01")
    answer = runner.run(
        store.probe(SPACE, EVERYTHING, lambda probe: examine_empty_search(probe, query, BASE, EVERYTHING), ROWS)
    )
    ((_, facts),) = answer.causes
    assert (facts["suggestion"], facts["condition"], facts["instead"]) == ("category=laboratory", ON_ITS_OWN, [])


def test_a_value_that_occurs_outside_the_compartment_is_not_called_absent(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    route = Route("search-compartment", type="Observation", compartment=("Encounter", "e1"))
    query = search_of("r4", route, [("code", "8302-2")], base=BASE)
    assert isinstance(query, Query)
    answer = runner.run(
        store.probe(SPACE, EVERYTHING, lambda probe: examine_empty_search(probe, query, BASE, EVERYTHING), ROWS)
    )
    ((rule, facts),) = answer.causes
    assert (rule, facts["suggestion"], facts["level"]) == ("fhir-search-values-apart", "code=8867-4", "info")


LIMITED = Visibility((Clause("Observation", "rs", None),))


@pytest.mark.parametrize(
    ("search", "visibility", "rule", "cause"),
    [
        ("Observation?_include=Encounter:subject", EVERYTHING, "fhir-include-adds-nothing", "source"),
        ("Observation?_include=Observation:device", EVERYTHING, "fhir-include-adds-nothing", "absent"),
        ("Observation?_include=Observation:subject", LIMITED, "fhir-include-adds-nothing", "scope"),
        ("Observation?_include=Observation:performer", EVERYTHING, "fhir-include-leads-nowhere", "absent"),
        ("Observation?_include=Observation:performer:Practitioner", EVERYTHING, "fhir-include-leads-nowhere", "types"),
        ("Patient?_revinclude=Device:patient", EVERYTHING, "fhir-include-adds-nothing", "unreferenced"),
        ("Patient?_revinclude=Observation:encounter", EVERYTHING, "fhir-include-adds-nothing", "targets"),
        ("Observation?_revinclude=Provenance:target", LIMITED, "fhir-include-adds-nothing", "scope"),
    ],
)
def test_an_include_that_adds_nothing_has_a_cause(
    opened: tuple[asyncio.Runner, Any], search: str, visibility: Visibility, rule: str, cause: str
) -> None:
    runner, store = opened
    query = query_of(*search.split("?"))
    assert not runner.run(store.search(SPACE, query, visibility)).included
    answer = runner.run(store.probe(SPACE, visibility, lambda probe: examine_includes(probe, query, visibility), ROWS))
    ((found, facts),) = answer.causes
    assert (found, facts["cause"]) == (rule, cause)


def test_an_explanation_that_may_read_nothing_says_nothing_wrong(opened: tuple[asyncio.Runner, Any]) -> None:
    runner, store = opened
    query = query_of("Observation", "category=lab&code=8867-4")
    answer = runner.run(store.probe(SPACE, EVERYTHING, lambda probe: examine_empty_search(probe, query, BASE, EVERYTHING), 0))
    ((rule, facts),) = answer.causes
    assert rule == "fhir-search-empty"
    assert all(number is None for _, number in facts["alone"])
