"""Compares the compiled search expressions with the definitions and with a complete FHIRPath engine."""

from __future__ import annotations

import datetime
import json
import logging
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fhir.evaluation import evaluate
from tests.fhir.examples import examples

from sickbay import population
from sickbay.fhir.search.additional_parameters import ADDITIONS
from sickbay.fhir.search.expressions import Unsupported, list_routes
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.parameters import find, load_parameters, resource_types

WITHOUT_ROUTES = {
    # Composites of a whole Observation, and parameters without an expression in the definitions.
    "r4": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string", "part-agree"},
    "dstu2": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string"},
    "stu3": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string"},
    "r4b": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string"},
    # An Observation of R5 has no canonical yet.
    "r5": {
        "code-value-concept",
        "code-value-date",
        "code-value-quantity",
        "code-value-string",
        "component-value-canonical",
        "value-canonical",
    },
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silences the engine's warnings, and restores logging for other tests in the same process."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_every_expression_of_the_version_compiles_to_at_least_one_route(version: str) -> None:
    every = [parameter for type in resource_types(version) for parameter in load_parameters(version, type).values()]
    leading = {parameter for parameter in every if list_routes(version, parameter.type, parameter.expression)}
    assert {each.code for each in every if each.expression and each not in leading} <= WITHOUT_ROUTES[version]
    single = {each for each in every if each.kind not in ("composite", "special") and each.code not in WORDS}
    assert {each for each in single if is_answered(version, each)} == leading & single


def test_a_cast_narrows_a_choice_to_one_key() -> None:
    compiled = list_routes("r4", "Observation", "(Observation.value as Quantity)")
    assert [(route.first, route.type) for route in compiled] == [("valueQuantity", "Quantity")]


def test_a_resolved_reference_has_the_type_in_its_text() -> None:
    appointment = {
        "resourceType": "Appointment",
        "contained": [{"resourceType": "Patient", "id": "p"}],
        "participant": [
            {"actor": {"reference": "Patient/1"}},
            {"actor": {"reference": "Practitioner/2"}},
            {"actor": {"reference": "http://elsewhere.example/fhir/Patient/3/_history/1"}},
            {"actor": {"reference": "#p"}},
            {"actor": {"reference": "urn:uuid:0", "type": "Patient"}},
        ],
    }
    parameter = find("r4", "Appointment", "patient")
    assert parameter is not None
    actors = evaluate("r4", "Appointment", parameter.expression, appointment)
    assert [actor["reference"] for actor in actors] == [
        "Patient/1",
        "http://elsewhere.example/fhir/Patient/3/_history/1",
        "#p",
        "urn:uuid:0",
    ]


def test_an_expression_outside_the_subset_is_refused_when_compiling() -> None:
    with pytest.raises(Unsupported):
        list_routes("r4", "Patient", "Patient.name.select(given)")


DIFFERING: dict[str, set[tuple[str, str]]] = {
    "dstu2": {
        # The engine reads the comments of a primitive as a value, and loses the extensions of a family name.
        ("ConceptMap", "name"),
        ("ConceptMap", "version"),
        ("RelatedPerson", "name"),
        ("RelatedPerson", "phonetic"),
    },
    "stu3": set(),
    "r4": set(),
    "r4b": set(),
    "r5": set(),
}
"""(type, parameter) for which the engine's result differs."""


@pytest.mark.parametrize("version", DIFFERING)
def test_the_routes_agree_with_a_complete_fhirpath_engine(version: str, shared: Path) -> None:
    """Compares all published examples. There are none for R4B and R5, so they use sample patients."""
    resources = examples(shared, version) if (shared / "data" / f"examples-{version}").is_dir() else people(version)
    compared, differing = _compare(version, resources)
    assert compared > 3000
    assert differing == DIFFERING[version]


def test_us_core_parameters_find_what_their_own_expressions_find(shared: Path) -> None:
    """If US Core's expression returns the code of a coding, compares the code; ours also returns the system."""
    fhirpathpy, models = pytest.importorskip("fhirpathpy"), pytest.importorskip("fhirpathpy.models")
    theirs: dict[tuple[str, str], Any] = {}
    with tarfile.open(shared / "data" / "us-core-6.1.0.tgz") as package:
        for member in package:
            if member.name.startswith("package/SearchParameter-"):
                parameter = json.load(package.extractfile(member))  # type: ignore[arg-type]
                theirs[parameter["base"][0], parameter["code"]] = fhirpathpy.compile(
                    parameter["expression"], models.models["r4"]
                )
    covered = set()
    for resource in (*people("r4", 20), *RARE):
        type = resource["resourceType"]
        for code, row in ADDITIONS["r4"].get(type, {}).items():
            ours = evaluate("r4", type, row[1], resource)
            expected = theirs[type, code](resource)
            if expected and isinstance(ours[0], dict) and not isinstance(expected[0], dict):
                ours = [coding["code"] for concept in ours for coding in concept.get("coding", [concept])]
            assert _set(ours) == _set(expected), (type, code)
            covered |= {(type, code)} if expected else set()
    assert covered == {(type, code) for type, added in ADDITIONS["r4"].items() for code in added}


RARE: tuple[dict[str, Any], ...] = (
    {
        "resourceType": "Patient",
        "extension": [
            {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"},
            {
                "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-genderIdentity",
                "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "446141000124107"}]},
            },
        ],
    },
    {
        "resourceType": "Encounter",
        "hospitalization": {
            "dischargeDisposition": {"coding": [{"code": "home"}]},
            "origin": {"reference": "Location/1"},
        },
    },
)
"""Resources with elements that few or no sample patients have."""


def people(version: Any, patients: int = 3) -> list[dict[str, Any]]:
    resources = population.generate(seed=1, patients=patients, today=datetime.date(2026, 11, 24), version=version)
    return [json.loads(json.dumps(resource)) for resource in resources]


def _compare(version: str, resources: list[dict[str, Any]]) -> tuple[int, set[tuple[str, str]]]:
    """Returns the number of compared parameters, and the parameters with different results.

    Skips composites, and booleans of existence, which aren't paths. `resolve()`, which the engine can't do offline, is
    replaced with an equivalent expression.
    """
    fhirpathpy = pytest.importorskip("fhirpathpy")
    models = pytest.importorskip("fhirpathpy.models")
    compiled: dict[str, Any] = {}
    compared, differing = 0, set()
    for resource in resources:
        type = resource["resourceType"]
        for parameter in load_parameters(version, type).values():
            if parameter.kind == "composite" or re.search(r"hasExtension|exists\(\)", parameter.expression):
                continue
            if not parameter.expression or not list_routes(version, type, parameter.expression):
                continue
            if parameter.expression not in compiled:
                # `as` requires a single value. The search parameters mean every value, as `ofType` does.
                every = re.sub(r"\(([\w.]+) as (\w+)\)", r"\1.ofType(\2)", parameter.expression).replace(".as(", ".ofType(")
                model = models.models[version.replace("r4b", "r4")]
                compiled[parameter.expression] = fhirpathpy.compile(_list_unresolved(every), model)
            compared += 1
            values = evaluate(version, type, parameter.expression, resource)
            if _set(values) != _set(compiled[parameter.expression](resource, _contain(resource, parameter.expression))):
                differing.add((type, parameter.code))
    return compared, differing


def _contain(resource: dict[str, Any], expression: str) -> dict[str, list[str]]:
    """Returns the local references to contained resources, by type."""
    contained = resource.get("contained", [])
    return {
        f"contained{type}": [f"#{inner.get('id')}" for inner in contained if inner["resourceType"] == type]
        for type in re.findall(r"resolve\(\) is (\w+)", expression)
    }


def _list_unresolved(expression: str) -> str:
    """Replaces `resolve() is Patient` with a test of the reference's text, or of a contained resource's id."""
    return re.sub(
        r"resolve\(\) is (\w+)",
        r"(type = '\1' or reference.matches('(^|.*/)\1/[^/]+(/_history/[^/]+)?$') or "
        r"reference in %contained\1)",
        expression,
    )


def _set(values: list[Any]) -> set[str]:
    """Returns the values as a set, because a union in FHIRPath removes duplicates. Decimals become floats."""
    return {json.dumps(value, sort_keys=True, default=float) for value in values}
