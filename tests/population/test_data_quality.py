"""Messiness adds realistic errors, and the population stays valid."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests.population.test_generate import TODAY, names, references
from tests.population.us_core import faults, read

from sickbay import population
from sickbay.fhir.validation.validator import validate
from sickbay.population import Version


@lru_cache
def messy(version: Version, level: float = 1.0, patients: int = 60) -> list[dict[str, Any]]:
    options: dict[str, Any] = {
        "seed": 1,
        "patients": patients,
        "today": TODAY,
        "version": version,
        "messiness": level,
    }
    return [*population.generate(**options), *population.schedule(**options)]


def resources_of(kind: str) -> list[dict[str, Any]]:
    return [resource for resource in messy("r4") if resource["resourceType"] == kind]


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_the_messiest_population_is_valid_and_has_no_dangling_references(version: Version) -> None:
    resources = messy(version, patients=40)
    assert [(resource["id"], problem) for resource in resources for problem in validate(version, resource)] == []
    ids = names(resources)
    assert len(ids) == len(set(ids))
    assert {target for resource in resources for target in references(resource)} <= set(ids)


def test_without_messiness_nothing_changes() -> None:
    clean = [*population.generate(seed=1, patients=20, today=TODAY, version="r4")]
    assert clean == [*population.generate(seed=1, patients=20, today=TODAY, version="r4", messiness=0.0)]


def test_a_lower_level_causes_fewer_errors() -> None:
    def count_wrong(level: float) -> int:
        return sum(resource.get("status") == "entered-in-error" for resource in messy("r4", level))

    assert 0 < count_wrong(0.2) < count_wrong(1.0)


def test_observations_lack_units_codes_or_values_or_are_duplicated() -> None:
    readings = resources_of("Observation")
    assert any("valueQuantity" in reading and "unit" not in reading["valueQuantity"] for reading in readings)
    assert any("coding" not in reading["code"] for reading in readings)
    assert any("dataAbsentReason" in reading for reading in readings)
    keys = Counter(repr({name: value for name, value in reading.items() if name != "id"}) for reading in readings)
    assert max(keys.values()) > 1


def test_problems_and_prescriptions_have_text_only_or_are_in_error() -> None:
    assert any("coding" not in condition["code"] for condition in resources_of("Condition"))
    assert any("clinicalStatus" not in condition for condition in resources_of("Condition"))
    assert any(len(condition["onsetDateTime"]) == 4 for condition in resources_of("Condition"))
    coded = [
        order["medicationCodeableConcept"]
        for order in resources_of("MedicationRequest")
        if "medicationCodeableConcept" in order
    ]
    assert any("coding" not in concept for concept in coded)


def test_people_outside_the_cast_have_odd_names_genders_and_birth_dates() -> None:
    people = resources_of("Patient")
    assert any(not patient["name"][0]["family"].isascii() for patient in people)
    assert any(patient["gender"] in {"unknown", "other"} for patient in people)
    assert any(len(patient["birthDate"]) < 10 for patient in people)
    clean = list(population.generate(seed=1, patients=17, today=TODAY, version="r4"))
    with_errors = {resource["id"]: resource for resource in messy("r4")}
    assert all(with_errors[resource["id"]] == resource for resource in clean if resource["resourceType"] != "Group")


def test_an_appointment_shows_the_name_of_its_patient() -> None:
    people = {f"Patient/{patient['id']}": patient["name"][0]["text"] for patient in resources_of("Patient")}
    for appointment in resources_of("Appointment"):
        actor = appointment["participant"][0]["actor"]
        assert people[actor["reference"]] == actor["display"]


def test_a_resource_that_claims_a_profile_meets_it(shared: Path) -> None:
    guide = read(shared / "data" / "us-core-6.1.0.tgz")
    claimed = [(url, resource) for resource in messy("r4", patients=25) for url in resource.get("meta", {}).get("profile", ())]
    bare = [
        resource
        for resource in messy("r4", patients=25)
        if resource["resourceType"] == "Observation" and "meta" not in resource
    ]
    assert bare
    checkable = [(url, resource) for url, resource in claimed if url in guide.profiles]
    assert {f"{url}: {fault}" for url, resource in checkable for fault in faults(resource, url, guide)} == set()
