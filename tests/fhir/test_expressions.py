"""The compiled expressions against the definitions and against a whole FHIRPath engine."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from sickbay.fhir.expressions import Unsupported, evaluate, routes
from sickbay.fhir.search_parameters import find, parameters, resource_types

from .examples import examples

STANDING_FOR_NOTHING = {
    # Composites of a whole Observation, and what the definitions leave without an expression.
    "r4": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string", "part-agree"},
    "dstu2": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string"},
    "stu3": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string"},
    "r4b": {"code-value-concept", "code-value-date", "code-value-quantity", "code-value-string"},
    # An Observation of R5 has no canonical yet.
    "r5": {
        "code-value-concept", "code-value-date", "code-value-quantity", "code-value-string",
        "component-value-canonical", "value-canonical",
    },
}  # fmt: skip


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


def test_the_routes_agree_with_a_whole_fhirpath_engine(shared: Path) -> None:
    """Every R4 parameter on every published example, but for functions that the engine lacks offline."""
    fhirpathpy = pytest.importorskip("fhirpathpy")
    models = pytest.importorskip("fhirpathpy.models")
    logging.disable(logging.WARNING)
    compiled: dict[str, Any] = {}
    compared, differing = 0, []
    for resource in examples(shared, "r4"):
        type = resource["resourceType"]
        for one in parameters("r4", type).values():
            if (
                not one.expression
                or re.search("resolve|hasExtension", one.expression)
                or not routes("r4", type, one.expression)
            ):
                continue
            if one.code == "deceased" or one.kind == "composite":
                continue
            expression = one.expression
            if expression not in compiled:
                # `as` wants one value; the search parameters mean each, which is what `ofType` says.
                each = re.sub(r"\(([\w.]+) as (\w+)\)", r"\1.ofType(\2)", expression).replace(".as(", ".ofType(")
                compiled[expression] = fhirpathpy.compile(each, models.models["r4"])
            expected = compiled[expression](resource)
            found = evaluate("r4", type, expression, resource)
            compared += 1
            if _set(found) != _set(expected):
                differing.append((type, one.code))
    assert compared > 5000
    assert differing == []


def _set(values: list[Any]) -> set[str]:
    """A union in FHIRPath keeps one of equals; the index does so later. Its decimals are floats here."""
    return {json.dumps(one, sort_keys=True, default=float) for one in values}
