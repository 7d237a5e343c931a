"""The FHIR versions that Sickbay supports, by their URL segment."""

from __future__ import annotations

from msgspec import Struct


class Version(Struct, frozen=True):
    """segment: in URLs and stored keys. number: fhirVersion. json, xml: media types. statement: type of the metadata."""

    segment: str
    number: str
    json: str
    xml: str
    statement: str


VERSIONS: dict[str, Version] = {
    "dstu2": Version("dstu2", "1.0.2", "application/json+fhir", "application/xml+fhir", "Conformance"),
    "stu3": Version("stu3", "3.0.1", "application/fhir+json", "application/fhir+xml", "CapabilityStatement"),
    "r4": Version("r4", "4.0.1", "application/fhir+json", "application/fhir+xml", "CapabilityStatement"),
    "r4b": Version("r4b", "4.3.0", "application/fhir+json", "application/fhir+xml", "CapabilityStatement"),
    "r5": Version("r5", "5.0.0", "application/fhir+json", "application/fhir+xml", "CapabilityStatement"),
}
