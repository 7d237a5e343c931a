"""`:missing`, compared with a reading of the resource itself: it asks whether the element has any content (R4, 3.1.1.4.4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fhir.evaluation import evaluate
from tests.fhir.examples import examples

from sickbay.fhir.search.expressions import list_kinds
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.matching import IndexedResource, is_match
from sickbay.fhir.search.parameters import SearchParameter, load_parameters
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Query

BASE = "http://h/general/r4"
EXAMPLES = 150
"""How many examples of a version are compared, spread over all of them."""
PARTS = {"token": "concept", "reference": "reference"}


def has_content(parameter: SearchParameter, value: Any, *, is_pair: bool) -> bool:
    """Whether an element holds more than an id and extensions. is_pair: it is a concept or a reference, and one is searched."""
    part = value.get(PARTS[parameter.kind]) if is_pair else value
    if isinstance(part, dict):
        return any(key not in ("id", "extension", "fhir_comments") for key in part)
    return part is not None


def is_present(version: str, parameter: SearchParameter, resource: dict[str, Any]) -> bool:
    if parameter.code in ("_id", "_lastUpdated"):
        return True
    types = list_kinds(version, parameter.type, parameter.expression)
    if types == {"presence"}:
        return True
    values = evaluate(version, parameter.type, parameter.expression, resource)
    is_pair = types == {"CodeableReference"} and parameter.kind in PARTS
    return any(has_content(parameter, value, is_pair=is_pair) for value in values)


def is_found(version: str, name: str, resource: dict[str, Any]) -> bool:
    query = parse(version, resource["resourceType"], [(name, "false")], base=BASE, strict=True)
    assert isinstance(query, Query), query
    return is_match(query, IndexedResource(resource.get("id", ""), 0, extract_entries(version, resource, BASE)))


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4"])
def test_missing_asks_whether_the_element_has_any_content(version: str, shared: Path) -> None:
    resources, present = examples(shared, version), 0
    for resource in resources[:: max(1, len(resources) // EXAMPLES)]:
        for code, parameter in load_parameters(version, resource["resourceType"]).items():
            is_compared = parameter.kind not in ("composite", "special") and code not in (*WORDS, "near-distance")
            if is_compared and is_answered(version, parameter):
                expected = is_present(version, parameter, resource)
                present += expected
                assert is_found(version, f"{code}:missing", resource) is expected, (resource["resourceType"], code, resource)
    assert present > 500


BARE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"resourceType": "Observation", "valueCodeableConcept": {"text": "never"}}, "value-concept combo-value-concept"),
    ({"resourceType": "Observation", "code": {"coding": [{"display": "x"}]}}, "code combo-code"),
    ({"resourceType": "Observation", "valueQuantity": {"unit": "mg"}}, "value-quantity combo-value-quantity"),
    (
        {"resourceType": "Observation", "subject": {"display": "Peters"}, "effectiveTiming": {"code": {"text": "x"}}},
        "subject date",
    ),
    ({"resourceType": "Observation", "derivedFrom": [{"reference": "#c"}]}, "derived-from"),
    (
        {"resourceType": "Patient", "identifier": [{"system": "urn:x"}], "telecom": [{"system": "phone"}]},
        "identifier telecom phone",
    ),
    ({"resourceType": "Patient", "name": [{"use": "usual"}], "address": [{"use": "home"}]}, "name address address-use"),
    ({"resourceType": "Encounter", "length": {"unit": "days"}}, "length"),
)


@pytest.mark.parametrize(("resource", "names"), BARE)
def test_an_element_that_nothing_can_be_searched_in_is_not_missing(resource: dict[str, Any], names: str) -> None:
    for name in names.split():
        assert is_found("r4", f"{name}:missing", resource), name


def test_an_element_with_only_an_extension_is_missing() -> None:
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    resource = {
        "resourceType": "Observation",
        "code": absent,
        "subject": absent,
        "effectivePeriod": absent,
        "valueQuantity": absent,
    }
    for name in ("code", "subject", "date", "value-quantity"):
        assert not is_found("r4", f"{name}:missing", resource), name
