"""The population as resources: the same bytes, the same ids, nothing dangling, by the definitions of both versions."""

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
    "r4": "c92924e71f1ce8e86bb49bda143a8b236d44d3c68faacf09d24a2e7524850683",
    "dstu2": "9cc0e2993fba1c1f80b65dfd80bb9d4ad2a061119a0f8a367456f0b11e133e09",
}
"""SHA-256 of everything of seed 1 and 50 patients. A change of the population changes them, on purpose or not at all."""


@lru_cache
def everything(version: Version, seed: int = 1, patients: int = 50) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"seed": seed, "patients": patients, "today": TODAY, "version": version}
    return [*population.generate(**asked), *population.schedule(**asked)]


def digest(resources: list[dict[str, Any]]) -> str:
    return hashlib.sha256("\n".join(json.dumps(each) for each in resources).encode()).hexdigest()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        if str(value.get("url", "")).startswith("Binary/"):
            yield value["url"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def names(resources: list[dict[str, Any]]) -> list[str]:
    return [f"{each['resourceType']}/{each['id']}" for each in resources]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_seed_and_day_give_the_same_bytes(version: Version) -> None:
    assert digest(everything(version)) == HASHES[version]


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = "import tests.population.test_generate as t; print(t.digest(t.everything('r4')))"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": "src:."}
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == HASHES["r4"]


def test_another_seed_gives_other_people() -> None:
    one, two = ([each["name"] for each in everything("r4", seed, 50) if each["resourceType"] == "Patient"] for seed in (1, 2))
    assert sum(a != b for a, b in zip(one, two, strict=True)) > 25


def test_both_versions_have_the_same_ids() -> None:
    """DSTU2 has other names for some types, none for a role, which stands in Practitioner, and none for a Task."""
    as_dstu2 = [
        f"{_BEFORE.get(each['resourceType'], each['resourceType'])}/{each['id']}"
        for each in everything("r4")
        if each["resourceType"] not in LATER
    ]
    assert as_dstu2 == names(everything("dstu2"))


LATER = ("PractitionerRole", "Task", "Endpoint", "Consent")
"""Types that DSTU2 does not have."""
LACKING = {"dstu2": LATER, "r5": ("Media",)}
"""Version -> the types that it does not have."""
_BEFORE = {"MedicationRequest": "MedicationOrder", "ServiceRequest": "ProcedureRequest", "CareTeam": "CarePlan"}


@pytest.mark.parametrize("version", VERSIONS)
def test_no_id_comes_twice(version: Version) -> None:
    found = names(everything(version))
    assert len(found) == len(set(found))


@pytest.mark.parametrize("version", ["r4", "dstu2", "stu3", "r4b", "r5"])
def test_every_reference_names_what_came_before(version: Version) -> None:
    seen: set[str] = set()
    for each in everything(version):
        assert set(references(each)) <= seen, each["id"]
        seen.add(f"{each['resourceType']}/{each['id']}")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_first_patients_of_a_larger_population_are_the_smaller_one(version: Version) -> None:
    made = list(population.generate(seed=3, patients=20, today=TODAY, version=version))
    small = [one for one in made if one["resourceType"] != "Group"]
    assert made[: len(small)] == small
    large = population.generate(seed=3, patients=100_000, today=TODAY, version=version)
    assert small == list(itertools.islice(large, len(small)))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_patient_is_in_the_group_of_who_looks_after_them(version: Version) -> None:
    made = everything(version)
    doctor = {"dstu2": "careProvider"}.get(version, "generalPractitioner")
    looked = {(one[doctor][0]["reference"].partition("/")[2], one["id"]) for one in made if one["resourceType"] == "Patient"}
    groups = [one for one in made if one["resourceType"] == "Group"]
    members = [
        (group["id"].removeprefix("panel-"), one["entity"]["reference"].partition("/")[2])
        for group in groups
        for one in group["member"]
    ]
    assert sorted(members) == sorted(looked)
    assert all(group["quantity"] == len(group["member"]) for group in groups)


def test_a_life_does_not_depend_on_the_day() -> None:
    later = population.generate(seed=1, patients=3, today=TODAY + datetime.timedelta(days=400), version="r4")
    assert list(later) == list(population.generate(seed=1, patients=3, today=TODAY, version="r4"))


@pytest.mark.parametrize("version", VERSIONS)
def test_no_patients_no_resource(version: Version) -> None:
    assert everything(version, patients=0) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_as_its_definition_says(version: Version, shared: Path) -> None:
    tables = Tables(shared / "data" / "definitions", version)
    faults = {fault for each in everything(version) for fault in tables.faults(each)}
    assert not faults


def test_the_definitions_would_catch_a_wrong_resource(shared: Path) -> None:
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
    told = " ".join(tables.faults(wrong))
    for word in (
        "code: 0 present",
        "['done']",
        "comments: no such",
        "category: list",
        "no dateTime",
        "refers to Encounter/1",
    ):
        assert word in told


def test_a_patient_is_between_ten_and_three_hundred_kilobytes() -> None:
    size = sum(len(json.dumps(each, separators=(",", ":"))) for each in everything("r4"))
    assert 10_000 < size / 50 < 300_000


def test_importing_the_package_loads_no_story() -> None:
    program = "import sys; import sickbay.population; print([m for m in sys.modules if m.startswith('sickbay.population.')])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_everything_is_valid_in_every_version_and_has_the_same_ids(version: Version) -> None:
    found = everything(version, patients=20)
    assert [(one["id"], problem) for one in found for problem in validate(version, one)] == []
    ids = [one["id"] for one in found]
    assert len(set(names(found))) == len(ids)
    known = [one for one in everything("r4", patients=20) if one["resourceType"] not in LACKING.get(version, ())]
    assert ids == [one["id"] for one in known]
