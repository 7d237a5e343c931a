"""What R4 resources claim in `meta.profile`, against US Core 6.1 itself."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests.population.test_generate import everything
from tests.population.us_core import CORE, Guide, faults, read

from sickbay.fhir.profiles import supported
from sickbay.fhir.search.parameters import resource_types
from sickbay.fhir.versions import VERSIONS

WITHOUT = {
    "Schedule",
    "Slot",
    "Appointment",
    "Group",
    "Binary",
    "MedicationStatement",
    "Task",
    "Questionnaire",
    "Media",
    "Claim",
    "ExplanationOfBenefit",
    "Consent",
    "Endpoint",
}
"""Types of the population for which US Core 6.1 has no profile."""


@pytest.fixture(scope="module")
def guide(shared: Path) -> Guide:
    return read(shared / "data" / "us-core-6.1.0.tgz")


@lru_cache
def claims() -> list[tuple[str, dict[str, Any]]]:
    made = [*everything("r4"), *everything("r4", seed=7, patients=30)]
    return [(url, each) for each in made for url in each.get("meta", {}).get("profile", ())]


def test_every_claimed_profile_is_met(guide: Guide) -> None:
    assert len({url for url, _ in claims()}) >= 35
    found: dict[str, str] = {}
    for url, each in claims():
        for fault in faults(each, url, guide) if url in guide.profiles else ():
            found.setdefault(f"{url}: {fault}", each["id"])
    assert not found


def test_the_metadata_of_r4_tell_of_the_profiles_that_are_claimed() -> None:
    told = {(type, url) for type in resource_types("r4") for url in supported("r4", type)}
    assert told == {(each["resourceType"], url) for url, each in claims()}
    assert not any(supported(version, "Patient") for version in VERSIONS if version != "r4")


def test_every_resource_claims_a_profile_where_there_is_one() -> None:
    bare = {each["resourceType"] for each in everything("r4") if "meta" not in each}
    assert bare <= WITHOUT


def _first(profile: str) -> dict[str, Any]:
    return copy.deepcopy(next(each for url, each in claims() if url == CORE + profile))


@pytest.mark.parametrize(
    ("profile", "element", "told"),
    [
        ("us-core-patient", "identifier", "Patient.identifier: 0 present"),
        ("us-core-heart-rate", "code", "Observation.code: 0 present"),
        ("us-core-careplan", "intent", "CarePlan.intent: 0 present"),
        ("us-core-observation-lab", "category", "Observation.category:us-core: 0 present"),
        ("us-core-coverage", "relationship", "Coverage.relationship: 0 present"),
        ("us-core-documentreference", "category", "DocumentReference.category: 0 present"),
        ("us-core-immunization", "occurrenceDateTime", "Immunization.occurrence[x]: 0 present"),
        ("us-core-provenance", "agent", "Provenance.agent: 0 present"),
        ("us-core-specimen", "type", "Specimen.type: 0 present"),
        ("us-core-medicationdispense", "status", "MedicationDispense.status: 0 present"),
        ("us-core-questionnaireresponse", "authored", "QuestionnaireResponse.authored: 0 present"),
    ],
)
def test_what_is_left_out_is_missed(guide: Guide, profile: str, element: str, told: str) -> None:
    one = _first(profile)
    del one[element]
    assert told in " ".join(faults(one, CORE + profile, guide))


def test_a_wrong_value_is_found(guide: Guide) -> None:
    pulse = _first("us-core-heart-rate")
    pulse["code"] = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}
    pulse["valueQuantity"].pop("unit")
    told = " ".join(faults(pulse, CORE + "us-core-heart-rate", guide))
    assert "Observation.code: " in told
    assert "unit: 0 present" in told
    plan = _first("us-core-careplan")
    plan["category"][0]["coding"][0]["code"] = "other"
    assert "category:AssessPlan: 0 present" in " ".join(faults(plan, CORE + "us-core-careplan", guide))
    smoking = _first("us-core-smokingstatus") | {"status": "preliminary"}
    assert "Observation.status: not in" in " ".join(faults(smoking, CORE + "us-core-smokingstatus", guide))
