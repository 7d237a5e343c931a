"""The compartments that a resource belongs to, in every version, according to the published definitions."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.fhir.evaluation import evaluate
from tests.fhir.examples import examples
from tools.definitions import DSTU2_PATIENT, convert_xpath

from sickbay.fhir.search.expressions import ElementPath, list_routes
from sickbay.fhir.search.index import CROWDS, extract_entries
from sickbay.fhir.search.parameters import load_parameters, resource_types
from sickbay.fhir.versions import VERSIONS

BASE = "http://h/general/r4"
PATIENT_REFERENCE = re.compile(rf"(?:{re.escape(BASE)}/)?Patient/([A-Za-z0-9\-.]+)(?:/_history/[^/]+)?")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silences the engine's warnings, and restores logging for other tests in the same process."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@cache
def compartment(shared: Path, version: str) -> dict[str, set[str]]:
    """Returns the published compartment and a patient's own devices. A Group is in no compartment."""
    table = {**DSTU2_PATIENT}
    if version != "dstu2":
        text = (shared / "data" / "definitions" / f"{version}-compartments.json").read_text("utf-8")
        table = json.loads(text)["Patient"]
    more = {} if version == "r5" else {"Device": ["patient"]}
    return {type: set(codes) for type, codes in {**table, **more}.items() if type not in CROWDS}


def build(type: str, route: ElementPath, reference: str) -> dict[str, Any]:
    """Builds a resource with a reference at the end of the route."""
    value: Any = {"reference": reference}
    steps: list[Any] = [route.first, *route.steps]
    for step in reversed(steps):
        if isinstance(step, str):
            value = {step: value}
        elif isinstance(step, int):
            value = [value]
        elif hasattr(step, "key"):
            value = {**value, step.key: step.value}
        elif hasattr(step, "url"):
            value = {**value, "extension": [{"url": step.url}]}
    return {"resourceType": type, "id": "x", **value}


def references(version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields a resource for each element in which a search parameter finds a reference."""
    for type in resource_types(version):
        for parameter in load_parameters(version, type).values():
            if parameter.kind == "reference":
                for route in list_routes(version, type, parameter.expression):
                    if route.type == "Reference":
                        yield type, build(type, route, "Patient/somebody")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reference_puts_a_resource_in_a_compartment_only_where_the_definition_says_so(version: str, shared: Path) -> None:
    within, outside = 0, 0
    for type, resource in references(version):
        codes = compartment(shared, version).get(type, set())
        expected = any(
            reference.get("reference") == "Patient/somebody"
            for code, parameter in load_parameters(version, type).items()
            if code in codes
            for reference in evaluate(version, type, parameter.expression, resource)
            if isinstance(reference, dict)
        )
        patients = extract_entries(version, resource, BASE).patients
        if type == "Patient":
            assert patients == ("x",)
        else:
            assert patients == (("somebody",) if expected else ()), (type, resource)
        within, outside = within + expected, outside + (not expected)
    assert within > 70
    assert outside > 100


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4"])
def test_compartments_of_the_examples_agree_with_a_fhirpath_engine(version: str, shared: Path) -> None:
    fhirpathpy = pytest.importorskip("fhirpathpy")
    models = pytest.importorskip("fhirpathpy.models")
    published = json.loads((shared / "data" / "definitions" / f"{version}-search.json").read_text("utf-8"))
    expressions = {(base, row[0]): convert_xpath(row[3]) for row in reversed(published) for base in row[1]}
    in_compartment = 0
    for resource in examples(shared, version):
        type, expected = resource["resourceType"], set()
        if type == "Patient":
            continue  # only in its own compartment
        for code in compartment(shared, version).get(type, set()):
            if (type, code) in expressions:
                text = re.sub(r"\.where\(resolve\(\) is Patient\)", "", expressions[type, code])
                values = fhirpathpy.evaluate(resource, text, model=models.models[version])
                expected |= {value.get("reference") for value in values if isinstance(value, dict)}
        ids = {match[1] for reference in expected if reference and (match := PATIENT_REFERENCE.fullmatch(reference))}
        assert set(extract_entries(version, resource, BASE).patients) == ids, (type, resource.get("id"))
        in_compartment += bool(ids)
    assert in_compartment > 60
