"""However many names a search gets wrong, it is read in a bounded number of steps, and only some names get a suggestion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.abuse.counted_steps import counting
from tests.laws import for_each

from sickbay.fhir import subset
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search import parameters
from sickbay.fhir.search.parser_state import SUGGESTED
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.routes import LINKS, find_types, search_of
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel import similar_names

BASE = "http://localhost:7425/general/r4"
Pairs = list[tuple[str, str]]
WRONG: dict[str, Callable[[int], Pairs]] = {
    "unknown names": lambda count: [(f"birthdat{number}", "1") for number in range(count)],
    "_elements": lambda count: [("_elements", ",".join(f"nme{number}" for number in range(count)))],
    "repeated _elements": lambda count: [("_elements", f"nme{number}") for number in range(count)],
    "_has with an unknown type": lambda count: [(f"_has:Observaton{number}:patient:code", "1") for number in range(count)],
    "_has with an unknown reference": lambda count: [(f"_has:Observation:patent{number}:code", "1") for number in range(count)],
    "_type": lambda count: [("_type", ",".join(f"Patint{number}" for number in range(count)))],
    "_include": lambda count: [("_include", f"Patient:generl{number}") for number in range(count)],
    "_revinclude": lambda count: [("_revinclude", f"Observation:subjct{number}") for number in range(count)],
    "_sort": lambda count: [("_sort", f"birthdat{number}") for number in range(count)],
    "chained names": lambda count: [(f"general-practitioner.nme{number}", "1") for number in range(count)],
    "codes": lambda count: [("gender", f"mal{number}") for number in range(count)],
    "a colon for an equals sign": lambda count: [(f"gendr{number}:male", "") for number in range(count)],
}
ROUTES = {"a type": Route("search-type", "s", "Patient"), "the whole server": Route("search-system", "s")}
PER_PARAMETER, CONSTANT = 120, 30_000
"""Lines that reading one parameter may take, and those of the suggestions."""


def _lines(read: Callable[[], object]) -> int:
    read()  # fills the caches of tables
    with counting() as steps:
        read()
    return steps.count


@for_each("strict", [False, True])
@for_each("place", ROUTES)
@for_each("kind", WRONG)
@for_each("version", VERSIONS)
def test_reading_wrong_names_takes_few_steps(version: str, kind: str, place: str, strict: bool) -> None:
    for count in (60, 600):
        pairs = WRONG[kind](count)
        lines = _lines(lambda pairs=pairs: search_of(version, ROUTES[place], pairs, base=BASE, strict=strict))  # type: ignore[misc]
        assert lines <= CONSTANT + PER_PARAMETER * count, (count, lines)


@pytest.mark.parametrize("place", ROUTES)
@pytest.mark.parametrize("kind", WRONG)
def test_only_some_wrong_names_are_compared_with_the_known_ones(monkeypatch: pytest.MonkeyPatch, kind: str, place: str) -> None:
    compared: list[str] = []
    find_closest = similar_names.find_closest

    def record(word: str, *arguments: Any) -> str | None:
        compared.append(word)
        return find_closest(word, *arguments)  # the result is cached, and the next test gets it

    monkeypatch.setattr(similar_names, "find_closest", record)
    search_of("r4", ROUTES[place], WRONG[kind](300), base=BASE)
    assert len(compared) <= SUGGESTED


def test_the_first_wrong_names_get_a_suggestion() -> None:
    query = search_of("r4", ROUTES["a type"], [(f"birthdat{number}", "1") for number in range(20)], base=BASE)
    assert isinstance(query, Query)
    assert [near for _, near in query.ignored] == ["birthdate"] * SUGGESTED + [None] * (20 - SUGGESTED)


def test_a_search_of_all_types_suggests_the_same_as_one_of_the_first_type() -> None:
    query = search_of("r4", ROUTES["the whole server"], [("_lastupdate", "2020"), ("_tagg", "x")], base=BASE)
    assert isinstance(query, Query)
    assert query.ignored == (("_lastupdate", "_lastUpdated"), ("_tagg", "_tag"))


def test_a_search_of_all_types_with_too_many_parameters_is_refused() -> None:
    pairs = [("_tag", f"a{number}") for number in range(100)]
    (error,) = search_of("r4", ROUTES["the whole server"], pairs, base=BASE) or ()  # type: ignore[misc]
    assert isinstance(error, RequestError)
    assert (error.rule, error.value) == ("fhir-search-too-complex", "100 parameters")
    few = search_of("r4", ROUTES["the whole server"], [("_type", "Patient,Observation"), *pairs[:9]], base=BASE)
    assert isinstance(few, Query)


@for_each("version", VERSIONS)
@for_each("name", ["subject", "focus", "target", "entity", "patient", "_has:Provenance:target", "item"])
def test_finding_the_types_in_a_long_chain_takes_few_steps(version: str, name: str) -> None:
    for type in ("Observation", None):
        for links in (LINKS, 500):
            chain = [(f"{name}." * links + "code", "1")]
            assert _lines(lambda type=type, chain=chain: find_types(version, type, chain)) < 60_000, (type, links)  # type: ignore[misc]


def test_a_search_that_is_too_long_to_read_needs_a_scope_for_every_type() -> None:
    pairs = [("subject.name", str(number)) for number in range(1000)]
    assert find_types("r4", None, pairs) == parameters.resource_types("r4")
    assert find_types("r4", None, pairs[:2]) != parameters.resource_types("r4")


def test_unknown_elements_of_a_read_and_of_an_export_take_few_steps() -> None:
    names = ",".join(f"nme{number}" for number in range(2_000))
    types = ",".join(f"Patint{number}" for number in range(2_000))
    assert _lines(lambda: subset.read_part("r4", "Patient", [("_elements", names)])) < 5_000
    route = Route("operation", "", operation="export")
    unknown = [(name, "1") for name in names.split(",")]
    for pairs in ([("_elements", names), ("_type", "Patient,Observation")], [("_type", types)], unknown):
        assert _lines(lambda pairs=pairs: operation_parameters.find_errors("r4", route, pairs, "")) < 80_000  # type: ignore[misc]
        faults = operation_parameters.find_errors("r4", route, pairs, "")
        assert 0 < len(faults) <= SUGGESTED + 1
