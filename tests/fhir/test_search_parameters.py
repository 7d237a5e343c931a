"""The tables against the published definitions, and what is asked of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tools.definitions import DSTU2_PATIENT, fhirpath, main

from sickbay.fhir.definitions import table
from sickbay.fhir.search_parameters import (
    compartment_types,
    find,
    nearest,
    other_versions,
    parameters,
    resource_types,
)

VERSIONS = ["r4", "dstu2"]
TYPES = {"r4": 146, "dstu2": 94}
NARROWED = "patient"
"""Where `patient` shares its element with `subject` it is narrowed to patients: the one known difference in expressions."""


def published(shared: Path, version: str, name: str) -> Any:
    return json.loads((shared / "data" / "definitions" / f"{version}-{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_all_resource_types_are_there(version: str) -> None:
    assert len(resource_types(version)) == TYPES[version]
    assert not {"Resource", "DomainResource", "Element"} & set(resource_types(version))


@pytest.mark.parametrize("version", VERSIONS)
def test_names_types_and_expressions_are_the_published_ones(version: str, shared: Path) -> None:
    expected: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for code, bases, kind, expression, _, _ in published(shared, version, "search"):
        for base in set(bases) & set(resource_types(version)):
            kinds, parts = expected.setdefault((base, code), (set(), set()))
            kinds.add(kind)
            parts |= {one.strip() if "." in one else f"{base}.{one.strip()}" for one in fhirpath(expression).split("|")}
    assert len(expected) > 800
    for (base, code), (kinds, parts) in expected.items():
        if (version, base, code) == ("r4", "Patient", "part-agree"):
            continue  # the definitions' own example: on patients, of an extension of documents
        own = find(version, base, code)
        assert own is not None, (base, code)
        assert own.kind in kinds, (base, code)
        if code != NARROWED and own.kind != "composite":
            assert set(own.expression.split(" | ")) - {""} <= parts, (base, code)


@pytest.mark.parametrize("version", VERSIONS)
def test_no_parameter_was_made_up(version: str, shared: Path) -> None:
    known = {(base, row[0]) for row in published(shared, version, "search") for base in row[1]}
    for type in resource_types(version):
        for code in parameters(version, type):
            assert (type, code) in known or ("Resource", code) in known


def test_the_compartment_is_the_published_one_and_the_devices_of_a_patient(shared: Path) -> None:
    expected = {type: tuple(codes) for type, codes in published(shared, "r4", "compartments")["Patient"].items()}
    assert dict(compartment_types("r4")) == expected | {"Device": ("patient",)}
    assert dict(compartment_types("dstu2")) == {type: tuple(c) for type, c in DSTU2_PATIENT.items()} | {
        "Device": ("patient",)
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_compartment_rests_on_reference_parameters_that_exist(version: str) -> None:
    for type, codes in compartment_types(version).items():
        for code in codes:
            parameter = find(version, type, code)
            assert parameter is not None, (type, code)
            assert parameter.kind == "reference"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_with_a_patient_is_in_the_compartment_but_for_those_that_the_definitions_leave_out(
    version: str,
) -> None:
    outside = {
        type
        for type in resource_types(version)
        if type not in compartment_types(version)
        and (one := find(version, type, "patient"))
        and "Patient" in one.targets
    }
    assert outside == {"r4": {"Contract", "GuidanceResponse", "Task"}, "dstu2": {"Contract"}}[version]


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_are_small_and_belong_to_one_parameter_each(version: str) -> None:
    numbers = [one.number for type in resource_types(version) for one in parameters(version, type).values()]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) < 2**15


def test_numbers_do_not_move() -> None:
    """They stand in databases: a change here needs a migration."""
    for (version, type, code), number in NUMBERS.items():
        parameter = find(version, type, code)
        assert parameter is not None
        assert parameter.number == number


NUMBERS = {
    ("r4", "Patient", "name"): 13093,
    ("r4", "Observation", "patient"): 12210,
    ("r4", "Slot", "_tag"): 15877,
    ("dstu2", "Observation", "patient"): 7719,
}


@pytest.mark.parametrize(
    ("xpath", "expected"),
    [
        ("f:Patient/f:name/f:given", "Patient.name.given"),
        ("f:Patient/f:telecom[system/@value='email']", "Patient.telecom.where(system='email')"),
        ("f:A/f:b/f:extension[@url='http://x/y']", "A.b.extension('http://x/y')"),
        ("f:Bundle/f:entry/f:resource[0]", "Bundle.entry.resource[0]"),
        ("Patient.name | Patient.alias", "Patient.name | Patient.alias"),
    ],
)
def test_xpath_is_said_in_fhirpath(xpath: str, expected: str) -> None:
    assert fhirpath(xpath) == expected


def test_the_tables_of_dstu2_in_the_sources_are_those_that_the_tool_writes(shared: Path, tmp_path: Path) -> None:
    main(shared / "data" / "definitions", out=tmp_path, versions=("dstu2",))
    sources = Path(__file__).parents[2] / "src" / "sickbay" / "fhir" / "definitions"
    for one in sorted(tmp_path.iterdir()):
        if "summary" not in one.name:
            # How it is packed differs between builds of zlib.
            assert gzip.decompress(one.read_bytes()) == gzip.decompress((sources / one.name).read_bytes()), one.name


@pytest.mark.parametrize("version", VERSIONS)
def test_elements_and_codes_are_the_published_ones(version: str, shared: Path) -> None:
    """DSTU2 names the content it repeats (`@group`) where we give its path."""
    expected, found = published(shared, version, "elements"), table(version, "elements")
    assert found.keys() == expected.keys()
    for path, entry in found.items():
        if not (version == "dstu2" and entry[2][0].startswith("@")):
            assert entry == expected[path], path
    assert table(version, "codes") == published(shared, version, "codes")


def test_other_versions_and_near_names() -> None:
    assert other_versions("r4", "MedicationOrder") == ("dstu2",)
    assert other_versions("r4", "Nonsense") == ()
    assert nearest("r4", "Patient", "qqqqqq") is None
    assert nearest("r4", "Patient", "name" * 1000) is None
