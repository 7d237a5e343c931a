"""The resource types of each FHIR version (resourcelist.html), by version number. Used for scopes that name a type."""

from __future__ import annotations

import json
from pathlib import Path

from sickbay.kernel.similar_names import find_closest

_TEXT = Path(__file__).with_name("resource_types.json").read_text(encoding="utf-8")

RESOURCE_TYPES: dict[str, tuple[str, ...]] = {version: tuple(names.split()) for version, names in json.loads(_TEXT).items()}

ALL_TYPES: tuple[str, ...] = tuple(sorted({name for names in RESOURCE_TYPES.values() for name in names}))

RENAMED: dict[str, tuple[str, ...]] = {
    "MedicationOrder": ("MedicationRequest",),
    "MedicationRequest": ("MedicationOrder",),
    "DiagnosticOrder": ("ServiceRequest",),
    "ServiceRequest": ("DiagnosticOrder", "ProcedureRequest"),
    "ProcedureRequest": ("ServiceRequest",),
    "ReferralRequest": ("ServiceRequest",),
    "Conformance": ("CapabilityStatement",),
    "CapabilityStatement": ("Conformance",),
    "DeviceUseRequest": ("DeviceRequest",),
    "DeviceRequest": ("DeviceUseRequest",),
    "BodySite": ("BodyStructure",),
    "BodyStructure": ("BodySite",),
    "Sequence": ("MolecularSequence",),
    "EligibilityRequest": ("CoverageEligibilityRequest",),
    "EligibilityResponse": ("CoverageEligibilityResponse",),
    "ImagingObjectSelection": ("ImagingManifest", "ImagingStudy"),
    "DataElement": ("StructureDefinition",),
}
"""The names of one version's type in other versions."""


def types_of(version: str) -> tuple[str, ...]:
    """Returns the types of "4.0.1" or "4.0"; empty if the version isn't known."""
    return next((names for number, names in RESOURCE_TYPES.items() if version and number.startswith(version[:3])), ())


def find_nearest(name: str, types: tuple[str, ...]) -> str | None:
    """Returns the type that `name` was renamed to or, if none, the most similar one."""
    renamed = next((other for other in RENAMED.get(name, ()) if other in types), None)
    return renamed or find_closest(name, types, 0.75)
