"""R4 resources meet the US Core 6.1 profiles that they claim in `meta.profile`."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests.population.test_generate import everything
from tests.population.us_core import CORE, Guide, faults, read

from sickbay.fhir.profiles import list_supported_profiles
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
    resources = [*everything("r4"), *everything("r4", seed=7, patients=30)]
    return [(url, resource) for resource in resources for url in resource.get("meta", {}).get("profile", ())]


def test_every_claimed_profile_is_met(guide: Guide) -> None:
    assert len({url for url, _ in claims()}) >= 35
    problems: dict[str, str] = {}
    for url, resource in claims():
        for fault in faults(resource, url, guide) if url in guide.profiles else ():
            problems.setdefault(f"{url}: {fault}", resource["id"])
    assert not problems


def test_the_r4_metadata_list_exactly_the_claimed_profiles() -> None:
    listed = {
        (type, url) for type in resource_types("r4") for url in list_supported_profiles("r4", type) if url.startswith(CORE)
    }
    assert listed == {(resource["resourceType"], url) for url, resource in claims()}
    assert not any(list_supported_profiles(version, "Patient") for version in VERSIONS if version != "r4")


def test_every_resource_claims_a_profile_if_us_core_has_one() -> None:
    bare = {resource["resourceType"] for resource in everything("r4") if "meta" not in resource}
    assert bare <= WITHOUT


def _first(profile: str) -> dict[str, Any]:
    return copy.deepcopy(next(resource for url, resource in claims() if url == CORE + profile))


@pytest.mark.parametrize(
    ("profile", "element", "expected"),
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
def test_the_checker_reports_a_missing_element(guide: Guide, profile: str, element: str, expected: str) -> None:
    resource = _first(profile)
    del resource[element]
    assert expected in " ".join(faults(resource, CORE + profile, guide))


def test_the_checker_reports_a_wrong_value(guide: Guide) -> None:
    pulse = _first("us-core-heart-rate")
    pulse["code"] = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}
    pulse["valueQuantity"].pop("unit")
    messages = " ".join(faults(pulse, CORE + "us-core-heart-rate", guide))
    assert "Observation.code: " in messages
    assert "unit: 0 present" in messages
    plan = _first("us-core-careplan")
    plan["category"][0]["coding"][0]["code"] = "other"
    assert "category:AssessPlan: 0 present" in " ".join(faults(plan, CORE + "us-core-careplan", guide))
    smoking = _first("us-core-smokingstatus") | {"status": "preliminary"}
    assert "Observation.status: not in" in " ".join(faults(smoking, CORE + "us-core-smokingstatus", guide))
