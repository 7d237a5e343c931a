"""The profiles that the sample data conforms to, listed in the metadata as `supportedProfile`.

US Core, Server requirements: a server declares the profiles that it supports. Only R4 has them here, from US Core 6.1, 7.0
and 8.0, and from International Patient Access 1.0.
A test compares this list with the profiles that the sample data claims and meets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_NAMES: Mapping[str, Sequence[str]] = {
    "AllergyIntolerance": ("us-core-allergyintolerance",),
    "CarePlan": ("us-core-careplan",),
    "CareTeam": ("us-core-careteam",),
    "Condition": ("us-core-condition-encounter-diagnosis", "us-core-condition-problems-health-concerns"),
    "Coverage": ("us-core-coverage",),
    "Device": ("us-core-implantable-device",),
    "DiagnosticReport": ("us-core-diagnosticreport-lab", "us-core-diagnosticreport-note"),
    "DocumentReference": ("us-core-adi-documentreference", "us-core-documentreference"),
    "Encounter": ("us-core-encounter",),
    "Goal": ("us-core-goal",),
    "Immunization": ("us-core-immunization",),
    "Location": ("us-core-location",),
    "Medication": ("us-core-medication",),
    "MedicationDispense": ("us-core-medicationdispense",),
    "MedicationRequest": ("us-core-medicationrequest",),
    "Observation": (
        "head-occipital-frontal-circumference-percentile",
        "pediatric-bmi-for-age",
        "pediatric-weight-for-height",
        "us-core-average-blood-pressure",
        "us-core-blood-pressure",
        "us-core-bmi",
        "us-core-body-height",
        "us-core-body-temperature",
        "us-core-body-weight",
        "us-core-care-experience-preference",
        "us-core-head-circumference",
        "us-core-heart-rate",
        "us-core-observation-adi-documentation",
        "us-core-observation-clinical-result",
        "us-core-observation-lab",
        "us-core-observation-occupation",
        "us-core-observation-pregnancyintent",
        "us-core-observation-pregnancystatus",
        "us-core-observation-screening-assessment",
        "us-core-observation-sexual-orientation",
        "us-core-pulse-oximetry",
        "us-core-respiratory-rate",
        "us-core-simple-observation",
        "us-core-smokingstatus",
        "us-core-treatment-intervention-preference",
    ),
    "Organization": ("us-core-organization",),
    "Patient": ("us-core-patient",),
    "Practitioner": ("us-core-practitioner",),
    "PractitionerRole": ("us-core-practitionerrole",),
    "Procedure": ("us-core-procedure",),
    "Provenance": ("us-core-provenance",),
    "QuestionnaireResponse": ("us-core-questionnaireresponse",),
    "RelatedPerson": ("us-core-relatedperson",),
    "ServiceRequest": ("us-core-servicerequest",),
    "Specimen": ("us-core-specimen",),
}
"""Type -> last segments of the canonical URLs."""
IPA = "http://hl7.org/fhir/uv/ipa/StructureDefinition/"
_OF_IPA: Mapping[str, Sequence[str]] = {
    "AllergyIntolerance": ("ipa-allergyintolerance",),
    "Condition": ("ipa-condition", "ipa-problem-list-item"),
    "DocumentReference": ("ipa-documentreference",),
    "Immunization": ("ipa-immunization",),
    "Medication": ("ipa-medication",),
    "MedicationRequest": ("ipa-medicationrequest",),
    "MedicationStatement": ("ipa-medicationstatement",),
    "Observation": ("ipa-observation",),
    "Patient": ("ipa-patient",),
    "Practitioner": ("ipa-practitioner",),
    "PractitionerRole": ("ipa-practitionerrole",),
}
"""The same for International Patient Access 1.0. US Core is stricter, so resources name only US Core's profile."""


def list_supported(version: str, type: str) -> list[str]:
    """Returns the canonical URLs of the profiles of a type; empty for versions other than R4."""
    if version != "r4":
        return []
    return [*(US_CORE + name for name in _NAMES.get(type, ())), *(IPA + name for name in _OF_IPA.get(type, ()))]
