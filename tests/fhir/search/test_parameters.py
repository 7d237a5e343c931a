"""Compares the tables of search parameters with the published definitions."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tools.definitions import DSTU2_PATIENT, convert_xpath, main

from sickbay.fhir.definitions import load_table
from sickbay.fhir.search.additional_parameters import ADDITIONS
from sickbay.fhir.search.parameters import (
    compartment_types,
    find,
    list_other_versions,
    load_parameters,
    resource_types,
)

VERSIONS = ["dstu2", "stu3", "r4", "r4b", "r5"]
TYPES = {"dstu2": 94, "stu3": 117, "r4": 146, "r4b": 141, "r5": 158}
WITH_ELEMENTS = ["dstu2", "stu3", "r4"]
"""The versions whose elements and codes are also in the shared folder."""
OF_OTHER_DEFINITIONS = {
    # Definitions of profiles and examples that are published among those of the version.
    "stu3": {
        ("Condition", "based-on"),
        ("Condition", "definition"),
        ("Condition", "part-of"),
        ("Device", "din"),
        ("DiagnosticReport", "assessed-condition"),
        ("Patient", "part-agree"),
        ("Observation", "amino-acid-change"),
        ("Observation", "dna-variant"),
        ("Observation", "gene-amino-acid-change"),
        ("Observation", "gene-dnavariant"),
        ("Observation", "gene-identifier"),
        ("Patient", "age"),
        ("Patient", "birthOrderBoolean"),
        ("Patient", "mothersMaidenName"),
        ("DataElement", "objectClass"),
        ("DataElement", "objectClassProperty"),
    },
    "r4": {("Patient", "part-agree")},
    "r5": {("Observation", "value-string")},
}
WORDED_DIFFERENTLY = {
    # A boolean for whether something exists, which STU3 words differently from R4.
    ("stu3", "Patient", "deceased"),
    ("stu3", "Condition", "abatement-boolean"),
    # R5 as published has more than the table in the shared folder: `(start | requestedPeriod.start).first()`.
    ("r5", "Appointment", "date"),
    ("r5", "Encounter", "location-period"),
}
NARROWED = "patient"
"""If `patient` shares its element with `subject`, it is limited to patients: the only known difference in expressions."""


def publish(shared: Path, version: str, name: str) -> Any:
    return json.loads((shared / "data" / "definitions" / f"{version}-{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_all_resource_types_are_in_the_tables(version: str) -> None:
    assert len(resource_types(version)) == TYPES[version]
    assert not {"Resource", "DomainResource", "Element"} & set(resource_types(version))


@pytest.mark.parametrize("version", VERSIONS)
def test_names_types_and_expressions_match_the_published_ones(version: str, shared: Path) -> None:
    expected: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for code, bases, kind, expression, _, _ in publish(shared, version, "search"):
        for base in set(bases) & set(resource_types(version)):
            kinds, parts = expected.setdefault((base, code), (set(), set()))
            kinds.add(kind)
            plain = convert_xpath(expression).replace("(", "").replace(")", "")
            parts |= {part.strip() if "." in part else f"{base}.{part.strip()}" for part in plain.split("|")}
    assert len(expected) > 800
    for (base, code), (kinds, parts) in expected.items():
        if (base, code) in OF_OTHER_DEFINITIONS.get(version, ()) or (version, base, code) in WORDED_DIFFERENTLY:
            continue
        own = find(version, base, code)
        assert own is not None, (base, code)
        if code in ADDITIONS.get(version, {}).get(base, {}):
            continue
        assert own.kind in kinds, (base, code)
        if code != NARROWED and own.kind != "composite":
            own_expression = own.expression.replace("(", "").replace(")", "")
            assert set(own_expression.split(" | ")) - {""} <= parts, (base, code)


def test_every_search_parameter_of_us_core_is_known_in_r4(shared: Path) -> None:
    """Checks those in its CapabilityStatement for servers (SHALL, SHOULD and MAY), and the rest of its package."""
    compared = set()
    with tarfile.open(shared / "data" / "us-core-6.1.0.tgz") as package:
        for member in package:
            if re.fullmatch(r"package/SearchParameter-us-core-[\w-]+\.json", member.name):
                definition = json.load(package.extractfile(member))  # type: ignore[arg-type]
                for base in definition["base"]:
                    own = find("r4", base, definition["code"])
                    assert own is not None, (base, definition["code"])
                    assert own.kind == definition["type"], (base, definition["code"])
                    compared.add((base, definition["code"]))
    assert len(compared) > 100
    assert {(base, code) for base, added in ADDITIONS["r4"].items() for code in added} <= compared


NEW_IN_R5 = {
    # In R5 as published, but not in the table of the shared folder.
    ("r5", "Ingredient", "strength-concentration-ratio"),
    ("r5", "Ingredient", "strength-presentation-ratio"),
    ("r5", "ResearchStudy", "progress-status-state-actual"),
    ("r5", "ResearchStudy", "progress-status-state-period"),
    ("r5", "ResearchStudy", "progress-status-state-period-actual"),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_parameter_is_published(version: str, shared: Path) -> None:
    known = {(base, row[0]) for row in publish(shared, version, "search") for base in row[1]}
    for type in resource_types(version):
        for code in load_parameters(version, type).keys() - ADDITIONS.get(version, {}).get(type, {}).keys():
            common = {("Resource", code), ("DomainResource", code)}
            assert (type, code) in known or common & known or (version, type, code) in NEW_IN_R5


CHAINS = {"agent.patient", "entity.patient", "target.subject", "target.patient", "{def}"}
"""Names in the published compartments that aren't parameters. Their targets are in no compartment because of them."""


@pytest.mark.parametrize("version", ["stu3", "r4", "r4b", "r5"])
def test_the_compartment_is_the_published_one_plus_the_devices_of_a_patient(version: str, shared: Path) -> None:
    table = publish(shared, version, "compartments")["Patient"]
    expected = {type: tuple(code for code in codes if code not in CHAINS) for type, codes in table.items()}
    devices = {} if version == "r5" else {"Device": ("patient",)}
    assert dict(compartment_types(version)) == expected | devices
    assert len(expected) > 60


def test_the_compartment_of_dstu2_matches_its_published_page() -> None:
    assert dict(compartment_types("dstu2")) == {type: tuple(c) for type, c in DSTU2_PATIENT.items()} | {"Device": ("patient",)}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_compartment_is_based_on_reference_parameters_that_exist(version: str) -> None:
    for type, codes in compartment_types(version).items():
        for code in codes:
            parameter = find(version, type, code)
            assert parameter is not None, (type, code)
            assert parameter.kind == "reference"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_type_with_a_patient_is_in_the_compartment_unless_the_definitions_omit_it(
    version: str,
) -> None:
    outside = {
        type
        for type in resource_types(version)
        if type not in compartment_types(version)
        and (parameter := find(version, type, "patient"))
        and "Patient" in parameter.targets
    }
    assert outside == OUTSIDE[version]


OUTSIDE = {
    "dstu2": {"Contract"},
    "stu3": {"Contract", "GuidanceResponse", "Sequence", "Task"},
    "r4": {"Contract", "GuidanceResponse", "Task"},
    "r4b": {"Contract", "GuidanceResponse", "Task"},
    "r5": {"DeviceDispense"},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_no_type_has_more_parameters_than_numbers(version: str) -> None:
    assert max(len(load_parameters(version, type)) for type in resource_types(version)) < 128 - 16


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_are_small_and_unique(version: str) -> None:
    numbers = [parameter.number for type in resource_types(version) for parameter in load_parameters(version, type).values()]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) < 2**15


def test_numbers_do_not_change() -> None:
    """They are stored in databases, so a change here needs a migration."""
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
def test_xpath_is_translated_to_fhirpath(xpath: str, expected: str) -> None:
    assert convert_xpath(xpath) == expected


def test_the_committed_tables_of_dstu2_are_up_to_date(shared: Path, tmp_path: Path) -> None:
    main(shared / "data" / "definitions", out=tmp_path, versions=("dstu2",))
    sources = Path(__file__).parent.parents[2] / "src" / "sickbay" / "fhir" / "definitions"
    for file in sorted(tmp_path.iterdir()):
        if "summary" not in file.name and "names" not in file.name:  # names.json.gz has those of all versions
            # The compressed bytes differ between builds of zlib.
            assert gzip.decompress(file.read_bytes()) == gzip.decompress((sources / file.name).read_bytes()), file.name


@pytest.mark.parametrize("version", WITH_ELEMENTS)
def test_elements_and_codes_match_the_published_ones(version: str, shared: Path) -> None:
    """DSTU2 names repeated content (`@group`) where our table has its path."""
    expected, own = publish(shared, version, "elements"), load_table(version, "elements")
    assert own.keys() == expected.keys()
    for path, entry in own.items():
        if not (version == "dstu2" and entry[2][0].startswith("@")):
            assert entry == expected[path], path
    assert load_table(version, "codes") == publish(shared, version, "codes")


def test_a_name_is_found_in_other_versions_or_by_similarity() -> None:
    assert list_other_versions("r4", "MedicationOrder") == ("dstu2",)
    assert list_other_versions("r4", "Sequence") == ("stu3",)
    assert list_other_versions("r4", "Nonsense") == ()
