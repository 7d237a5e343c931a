"""The records meet International Patient Access 1.0, whose server and profiles the metadata namess."""

from __future__ import annotations

import pytest
from tests.population.test_us_core_data import PATIENTS, reach

from sickbay.fhir.conformance import IPA_SERVER
from sickbay.fhir.profiles import IPA, list_supported_profiles

REQUIRED = {
    "AllergyIntolerance": "code patient",
    "Condition": "code subject",
    "DocumentReference": "status subject content",
    "Immunization": "status vaccineCode patient occurrence",
    "Medication": "code",
    "MedicationRequest": "status intent medication subject",
    "MedicationStatement": "status medication subject",
    "Observation": "status code subject",
    "Patient": "identifier",
    "Practitioner": "name",
    "PractitionerRole": "practitioner organization code",
}
"""What a resource must have to conform to IPA's profile of its type; the beginning of a name for a choice of types."""


@pytest.mark.parametrize("patients", PATIENTS)
@pytest.mark.parametrize("type", REQUIRED)
def test_a_record_leads_to_each_type_of_ipa_and_each_resource_has_what_its_profile_requires(type: str, patients: int) -> None:
    resources = [resource for resource in reach(patients) if resource["resourceType"] == type]
    assert resources
    for resource in resources:
        assert all(any(member.startswith(name) for member in resource) for name in REQUIRED[type].split()), resource
    assert any(url.startswith(IPA) for url in list_supported_profiles("r4", type))


def test_only_r4_names_the_server_of_ipa() -> None:
    assert IPA_SERVER.endswith("/ipa-server")
    assert not any(
        url.startswith(IPA) for version in ("dstu2", "stu3", "r4b", "r5") for url in list_supported_profiles(version, "Patient")
    )


@pytest.mark.parametrize("patients", PATIENTS)
def test_statements_of_medications_have_a_provenance_a_medication_a_visit_and_a_reason_to_stop(patients: int) -> None:
    resources = reach(patients)
    targets = {
        target["reference"]
        for resource in resources
        if resource["resourceType"] == "Provenance"
        for target in resource["target"]
    }
    statements = [resource for resource in resources if resource["resourceType"] == "MedicationStatement"]
    assert any(f"MedicationStatement/{statement['id']}" in targets for statement in statements)
    assert any("medicationReference" in statement for statement in statements)
    assert all(
        f"Encounter/{statement['subject']['reference'][8:]}-e" in statement["context"]["reference"] for statement in statements
    )
    assert any("statusReason" in statement for statement in statements if statement["status"] == "stopped")


@pytest.mark.parametrize("patients", PATIENTS)
def test_an_order_was_reported_by_someone_in_a_role(patients: int) -> None:
    reporters = {
        resource["reportedReference"]["reference"].partition("/")[0]
        for resource in reach(patients)
        if "reportedReference" in resource
    }
    assert reporters == {"Practitioner", "PractitionerRole"}
