"""The compiled expressions against the definitions and against a whole FHIRPath engine."""

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
from sickbay.fhir.search.expressions import Unsupported, routes
from sickbay.fhir.search.parameters import find, parameters, resource_types

STANDING_FOR_NOTHING = {
    # Composites of a whole Observation, and what the definitions leave without an expression.
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
    """The engine warns of much; whoever tests what is logged comes after us in the same process."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_every_expression_of_the_version_compiles_to_at_least_one_route(version: str) -> None:
    empty = {
        one.code
        for type in resource_types(version)
        for one in parameters(version, type).values()
        if one.expression and not routes(version, type, one.expression)
    }
    assert empty <= STANDING_FOR_NOTHING[version]


def test_a_cast_narrows_a_choice_to_one_key() -> None:
    found = routes("r4", "Observation", "(Observation.value as Quantity)")
    assert [(one.first, one.type) for one in found] == [("valueQuantity", "Quantity")]


def test_a_reference_resolves_to_the_type_that_it_names() -> None:
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
    found = evaluate("r4", "Appointment", parameter.expression, appointment)
    assert [one["reference"] for one in found] == [
        "Patient/1",
        "http://elsewhere.example/fhir/Patient/3/_history/1",
        "#p",
        "urn:uuid:0",
    ]


def test_what_is_outside_the_subset_is_refused_when_compiling() -> None:
    with pytest.raises(Unsupported):
        routes("r4", "Patient", "Patient.name.select(given)")


DIFFERING: dict[str, set[tuple[str, str]]] = {
    "dstu2": {
        # The engine takes the comments beside a primitive for a value of its own, and loses what stands beside a family name.
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
"""(type, parameter) where the engine says otherwise."""


@pytest.mark.parametrize("version", DIFFERING)
def test_the_routes_agree_with_a_whole_fhirpath_engine(version: str, shared: Path) -> None:
    """On all published examples; of R4B and R5 there are none here, so on the population."""
    resources = examples(shared, version) if (shared / "data" / f"examples-{version}").is_dir() else people(version)
    compared, differing = _compared(version, resources)
    assert compared > 3000
    assert differing == DIFFERING[version]


def test_what_us_core_adds_finds_what_its_own_expressions_find(shared: Path) -> None:
    """Where it asks for the code of a coding, by that code; ours keeps its system beside."""
    fhirpathpy, models = pytest.importorskip("fhirpathpy"), pytest.importorskip("fhirpathpy.models")
    theirs: dict[tuple[str, str], Any] = {}
    with tarfile.open(shared / "data" / "us-core-6.1.0.tgz") as package:
        for member in package:
            if member.name.startswith("package/SearchParameter-"):
                one = json.load(package.extractfile(member))  # type: ignore[arg-type]
                theirs[one["base"][0], one["code"]] = fhirpathpy.compile(one["expression"], models.models["r4"])
    found = set()
    for resource in (*people("r4", 20), *RARE):
        type = resource["resourceType"]
        for code, row in ADDITIONS["r4"].get(type, {}).items():
            ours = evaluate("r4", type, row[1], resource)
            expected = theirs[type, code](resource)
            if expected and isinstance(ours[0], dict) and not isinstance(expected[0], dict):
                ours = [coding["code"] for each in ours for coding in each.get("coding", [each])]
            assert _set(ours) == _set(expected), (type, code)
            found |= {(type, code)} if expected else set()
    assert found == {(type, code) for type, added in ADDITIONS["r4"].items() for code in added}


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
"""What few or none of the population have."""


def people(version: Any, patients: int = 3) -> list[dict[str, Any]]:
    made = population.generate(seed=1, patients=patients, today=datetime.date(2026, 11, 24), version=version)
    return [json.loads(json.dumps(one)) for one in made]


def _compared(version: str, resources: list[dict[str, Any]]) -> tuple[int, set[tuple[str, str]]]:
    """How many values of parameters were compared, and where the two differ.

    Left out: composites, and the booleans of existence, which are no path. `resolve()`, which the engine cannot do offline,
    is said in other words.
    """
    fhirpathpy = pytest.importorskip("fhirpathpy")
    models = pytest.importorskip("fhirpathpy.models")
    compiled: dict[str, Any] = {}
    compared, differing = 0, set()
    for resource in resources:
        type = resource["resourceType"]
        for one in parameters(version, type).values():
            if one.kind == "composite" or re.search(r"hasExtension|exists\(\)", one.expression):
                continue
            if not one.expression or not routes(version, type, one.expression):
                continue
            if one.expression not in compiled:
                # `as` wants one value; the search parameters mean each, which is what `ofType` says.
                each = re.sub(r"\(([\w.]+) as (\w+)\)", r"\1.ofType(\2)", one.expression).replace(".as(", ".ofType(")
                compiled[one.expression] = fhirpathpy.compile(_unresolved(each), models.models[version.replace("r4b", "r4")])
            compared += 1
            found = evaluate(version, type, one.expression, resource)
            if _set(found) != _set(compiled[one.expression](resource, _contained(resource, one.expression))):
                differing.add((type, one.code))
    return compared, differing


def _contained(resource: dict[str, Any], expression: str) -> dict[str, list[str]]:
    """By type, the local references to what is contained."""
    held = resource.get("contained", [])
    return {
        f"contained{type}": [f"#{one.get('id')}" for one in held if one["resourceType"] == type]
        for type in re.findall(r"resolve\(\) is (\w+)", expression)
    }


def _unresolved(expression: str) -> str:
    """`resolve() is Patient`, by the text of the reference; a contained resource by its id."""
    return re.sub(
        r"resolve\(\) is (\w+)",
        r"(type = '\1' or reference.matches('(^|.*/)\1/[^/]+(/_history/[^/]+)?$') or "
        r"reference in %contained\1)",
        expression,
    )


def _set(values: list[Any]) -> set[str]:
    """A union in FHIRPath keeps one of equals; the index does so later. Its decimals are floats here."""
    return {json.dumps(one, sort_keys=True, default=float) for one in values}
