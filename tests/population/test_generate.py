"""The population as resources: reproducible, with stable ids, no dangling references, and valid in every version."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests.population.elements import Tables

from sickbay import population
from sickbay.fhir.validation.validator import validate
from sickbay.population import Version

TODAY = datetime.date(2026, 11, 24)
VERSIONS: tuple[Version, ...] = ("r4", "dstu2")
HASHES = {
    "r4": "cc62a9e4ced261ff7ce8f83a92e27cf65bd5dea1c51d7df967a4e2a605f40fde",
    "dstu2": "b3799ed69e8e790d9166d61d064c340a627588a9218fe68e21664eca1e717900",
}
"""SHA-256 of everything for seed 1 and 50 patients. Update a hash only for an intended change of the population."""


@lru_cache
def everything(version: Version, seed: int = 1, patients: int = 50) -> list[dict[str, Any]]:
    options: dict[str, Any] = {"seed": seed, "patients": patients, "today": TODAY, "version": version}
    return [*population.generate(**options), *population.schedule(**options)]


def digest(resources: list[dict[str, Any]]) -> str:
    return hashlib.sha256("\n".join(json.dumps(resource) for resource in resources).encode()).hexdigest()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        if str(value.get("url", "")).startswith("Binary/"):
            yield value["url"]
        for child in value.values():
            yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def names(resources: list[dict[str, Any]]) -> list[str]:
    return [f"{resource['resourceType']}/{resource['id']}" for resource in resources]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_seed_and_day_give_the_same_bytes(version: Version) -> None:
    assert digest(everything(version)) == HASHES[version]


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = "import tests.population.test_generate as t; print(t.digest(t.everything('r4')))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": "src:."}
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == HASHES["r4"]


def test_another_seed_gives_other_people() -> None:
    first, second = (
        [resource["name"] for resource in everything("r4", seed, 50) if resource["resourceType"] == "Patient"]
        for seed in (1, 2)
    )
    assert sum(first_name != second_name for first_name, second_name in zip(first, second, strict=True)) > 25


def test_both_versions_have_the_same_ids() -> None:
    """DSTU2 has other names for some types, puts roles into Practitioner, and has no Task."""
    as_dstu2 = [
        f"{_BEFORE.get(resource['resourceType'], resource['resourceType'])}/{resource['id']}"
        for resource in everything("r4")
        if resource["resourceType"] not in LATER
    ]
    assert as_dstu2 == names(everything("dstu2"))


LATER = ("PractitionerRole", "Task", "Endpoint", "Consent")
"""Types that DSTU2 doesn't have."""
LACKING = {"dstu2": LATER, "r5": ("Media",)}
"""Maps a version to the types that it doesn't have."""
_BEFORE = {"MedicationRequest": "MedicationOrder", "ServiceRequest": "ProcedureRequest", "CareTeam": "CarePlan"}


@pytest.mark.parametrize("version", VERSIONS)
def test_ids_are_unique(version: Version) -> None:
    ids = names(everything(version))
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3", "r4b", "r5"])
def test_every_reference_points_to_an_earlier_resource(version: Version) -> None:
    seen: set[str] = set()
    for resource in everything(version):
        assert set(references(resource)) <= seen, resource["id"]
        seen.add(f"{resource['resourceType']}/{resource['id']}")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_larger_population_begins_with_the_smaller_one(version: Version) -> None:
    resources = list(population.generate(seed=3, patients=20, today=TODAY, version=version))
    small = [resource for resource in resources if resource["resourceType"] != "Group"]
    assert resources[: len(small)] == small
    large = population.generate(seed=3, patients=100_000, today=TODAY, version=version)
    assert small == list(itertools.islice(large, len(small)))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_patient_is_in_the_group_of_their_practitioner_and_in_the_group_of_all(version: Version) -> None:
    resources = everything(version)
    doctor = {"dstu2": "careProvider"}.get(version, "generalPractitioner")
    assigned = {
        (patient[doctor][0]["reference"].partition("/")[2], patient["id"])
        for patient in resources
        if patient["resourceType"] == "Patient"
    }
    groups = [resource for resource in resources if resource["resourceType"] == "Group"]
    members = [
        (group["id"].removeprefix("panel-"), member["entity"]["reference"].partition("/")[2])
        for group in groups
        for member in group["member"]
    ]
    assert sorted(members) == sorted([*assigned, *(("everyone", id) for _, id in assigned)])
    assert all(group["quantity"] == len(group["member"]) for group in groups)


@pytest.mark.parametrize("messiness", [0.0, 1.0])
def test_portions_are_the_same_resources_and_any_number_can_be_skipped(messiness: float) -> None:
    options: Any = {"seed": 3, "patients": 25, "today": TODAY, "version": "r4", "messiness": messiness}
    whole = [list(portion) for portion in population.generate_portions(**options)]
    assert [*itertools.chain(*whole)] == [*population.generate(**options), *population.schedule(**options)]
    assert len(whole) == 25 + 2
    for skip in (1, 2, 18, 25, 26, 27, 30):
        assert [list(portion) for portion in population.generate_portions(**options, skip=skip)] == whole[skip:]


def test_a_history_does_not_depend_on_the_day() -> None:
    later = population.generate(seed=1, patients=3, today=TODAY + datetime.timedelta(days=400), version="r4")
    assert list(later) == list(population.generate(seed=1, patients=3, today=TODAY, version="r4"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_population_without_patients_has_no_resources(version: Version) -> None:
    assert everything(version, patients=0) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_conforms_to_its_definition(version: Version, shared: Path) -> None:
    tables = Tables(shared / "data" / "definitions", version)
    faults = {fault for resource in everything(version) for fault in tables.faults(resource)}
    assert not faults


def test_the_checker_finds_faults_in_a_wrong_resource(shared: Path) -> None:
    tables = Tables(shared / "data" / "definitions", "r4")
    wrong = {
        "resourceType": "Observation",
        "id": "a",
        "status": "done",
        "comments": "DSTU2",
        "category": {"text": "one"},
        "effectiveDateTime": "24 Nov",
        "subject": {"reference": "Encounter/1"},
    }
    messages = " ".join(tables.faults(wrong))
    for word in (
        "code: 0 present",
        "['done']",
        "comments: no such",
        "category: list",
        "not a valid dateTime",
        "refers to Encounter/1",
    ):
        assert word in messages


def test_a_patient_is_between_ten_and_three_hundred_kilobytes() -> None:
    size = sum(len(json.dumps(resource, separators=(",", ":"))) for resource in everything("r4"))
    assert 10_000 < size / 50 < 300_000


def test_importing_the_package_loads_no_story() -> None:
    program = "import sys; import sickbay.population; print([m for m in sys.modules if m.startswith('sickbay.population.')])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_everything_is_valid_in_every_version_and_has_the_same_ids(version: Version) -> None:
    resources = everything(version, patients=20)
    assert [(resource["id"], problem) for resource in resources for problem in validate(version, resource)] == []
    ids = [resource["id"] for resource in resources]
    assert len(set(names(resources))) == len(ids)
    r4_resources = [
        resource for resource in everything("r4", patients=20) if resource["resourceType"] not in LACKING.get(version, ())
    ]
    assert ids == [resource["id"] for resource in r4_resources]
