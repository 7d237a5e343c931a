"""The dial of messiness: real data are not clean, and yet valid."""

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
    asked: dict[str, Any] = {
        "seed": 1,
        "patients": patients,
        "today": TODAY,
        "version": version,
        "messiness": level,
    }
    return [*population.generate(**asked), *population.schedule(**asked)]


def of(kind: str) -> list[dict[str, Any]]:
    return [one for one in messy("r4") if one["resourceType"] == kind]


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
def test_the_messiest_population_is_valid_and_refers_to_nothing_that_is_not_there(version: Version) -> None:
    found = messy(version, patients=40)
    assert [(one["id"], problem) for one in found for problem in validate(version, one)] == []
    ids = names(found)
    assert len(ids) == len(set(ids))
    assert {each for one in found for each in references(one)} <= set(ids)


def test_without_messiness_nothing_changes() -> None:
    clean = [*population.generate(seed=1, patients=20, today=TODAY, version="r4")]
    assert clean == [*population.generate(seed=1, patients=20, today=TODAY, version="r4", messiness=0.0)]


def test_a_little_messiness_is_less_of_it() -> None:
    def wrong(level: float) -> int:
        return sum(one.get("status") == "entered-in-error" for one in messy("r4", level))

    assert 0 < wrong(0.2) < wrong(1.0)


def test_readings_lack_units_codes_and_values_and_come_twice() -> None:
    readings = of("Observation")
    assert any("valueQuantity" in one and "unit" not in one["valueQuantity"] for one in readings)
    assert any("coding" not in one["code"] for one in readings)
    assert any("dataAbsentReason" in one for one in readings)
    keys = Counter(repr({k: v for k, v in one.items() if k != "id"}) for one in readings)
    assert max(keys.values()) > 1


def test_problems_and_prescriptions_are_in_words_or_in_error() -> None:
    assert any("coding" not in one["code"] for one in of("Condition"))
    assert any("clinicalStatus" not in one for one in of("Condition"))
    assert any(len(one["onsetDateTime"]) == 4 for one in of("Condition"))
    coded = [one["medicationCodeableConcept"] for one in of("MedicationRequest") if "medicationCodeableConcept" in one]
    assert any("coding" not in one for one in coded)


def test_people_have_odd_names_genders_and_birthdays_but_for_the_cast() -> None:
    people = of("Patient")
    assert any(not one["name"][0]["family"].isascii() for one in people)
    assert any(one["gender"] in {"unknown", "other"} for one in people)
    assert any(len(one["birthDate"]) < 10 for one in people)
    clean = list(population.generate(seed=1, patients=17, today=TODAY, version="r4"))
    cast = {one["id"]: one for one in messy("r4")}
    assert all(cast[one["id"]] == one for one in clean if one["resourceType"] != "Group")


def test_an_appointment_shows_the_name_of_its_patient() -> None:
    people = {f"Patient/{one['id']}": one["name"][0]["text"] for one in of("Patient")}
    for one in of("Appointment"):
        actor = one["participant"][0]["actor"]
        assert people[actor["reference"]] == actor["display"]


def test_what_still_claims_a_profile_meets_it(shared: Path) -> None:
    guide = read(shared / "data" / "us-core-6.1.0.tgz")
    claimed = [(url, one) for one in messy("r4", patients=25) for url in one.get("meta", {}).get("profile", ())]
    bare = [one for one in messy("r4", patients=25) if one["resourceType"] == "Observation" and "meta" not in one]
    assert bare
    told = [(url, one) for url, one in claimed if url in guide.profiles]
    assert {f"{url}: {fault}" for url, one in told for fault in faults(one, url, guide)} == set()
