"""Whose record a resource belongs to, in every version: by the published compartments, and by nothing else."""

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
from tools.definitions import DSTU2_PATIENT, fhirpath

from sickbay.fhir.search.expressions import ElementPath, routes
from sickbay.fhir.search.index import CROWDS, extract
from sickbay.fhir.search.parameters import parameters, resource_types
from sickbay.fhir.versions import VERSIONS

BASE = "http://h/general/r4"
OURS = re.compile(rf"(?:{re.escape(BASE)}/)?Patient/([A-Za-z0-9\-.]+)(?:/_history/[^/]+)?")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The engine warns of much; whoever tests what is logged comes after us in the same process."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@cache
def compartment(shared: Path, version: str) -> dict[str, set[str]]:
    """As published, and a patient's own devices; a Group is in nobody's record."""
    table = {**DSTU2_PATIENT}
    if version != "dstu2":
        text = (shared / "data" / "definitions" / f"{version}-compartments.json").read_text("utf-8")
        table = json.loads(text)["Patient"]
    more = {} if version == "r5" else {"Device": ["patient"]}
    return {type: set(codes) for type, codes in {**table, **more}.items() if type not in CROWDS}


def built(type: str, route: ElementPath, reference: str) -> dict[str, Any]:
    """A resource that holds a reference where the route leads."""
    value: Any = {"reference": reference}
    for step in reversed((route.first, *route.steps)):
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
    """Each place of each type where a search parameter finds a reference."""
    for type in resource_types(version):
        for one in parameters(version, type).values():
            if one.kind == "reference":
                for route in routes(version, type, one.expression):
                    if route.type == "Reference":
                        yield type, built(type, route, "Patient/somebody")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reference_leads_into_the_record_where_the_compartment_says_so_and_nowhere_else(version: str, shared: Path) -> None:
    within, outside = 0, 0
    for type, resource in references(version):
        codes = compartment(shared, version).get(type, set())
        expected = any(
            found.get("reference") == "Patient/somebody"
            for code, one in parameters(version, type).items()
            if code in codes
            for found in evaluate(version, type, one.expression, resource)
            if isinstance(found, dict)
        )
        of = extract(version, resource, BASE).patients
        if type == "Patient":
            assert of == ("x",)
        else:
            assert of == (("somebody",) if expected else ()), (type, resource)
        within, outside = within + expected, outside + (not expected)
    assert within > 70
    assert outside > 100


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4"])
def test_the_records_of_the_examples_are_those_that_a_fhirpath_engine_finds(version: str, shared: Path) -> None:
    fhirpathpy = pytest.importorskip("fhirpathpy")
    models = pytest.importorskip("fhirpathpy.models")
    published = json.loads((shared / "data" / "definitions" / f"{version}-search.json").read_text("utf-8"))
    expressions = {(base, row[0]): fhirpath(row[3]) for row in reversed(published) for base in row[1]}
    somebody = 0
    for resource in examples(shared, version):
        type, expected = resource["resourceType"], set()
        if type == "Patient":
            continue  # in its own alone
        for code in compartment(shared, version).get(type, set()):
            if (type, code) in expressions:
                text = re.sub(r"\.where\(resolve\(\) is Patient\)", "", expressions[type, code])
                found = fhirpathpy.evaluate(resource, text, model=models.models[version])
                expected |= {one.get("reference") for one in found if isinstance(one, dict)}
        ids = {match[1] for one in expected if one and (match := OURS.fullmatch(one))}
        assert set(extract(version, resource, BASE).patients) == ids, (type, resource.get("id"))
        somebody += bool(ids)
    assert somebody > 60
