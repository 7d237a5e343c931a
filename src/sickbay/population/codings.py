"""Code systems, codings and concepts, and short constructors for the code tables."""

from __future__ import annotations

from typing import NamedTuple

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
HL7_TERMS = "http://terminology.hl7.org/CodeSystem/"
ABSENT = HL7_TERMS + "data-absent-reason"
"""The code system of the reasons for a missing value."""
CVX = "http://hl7.org/fhir/sid/cvx"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


class Coding(NamedTuple):
    """A code with its system and display."""

    system: str
    code: str
    display: str


class Concept(NamedTuple):
    """A codeable concept: its codings, and the text that a clinician reads."""

    codes: tuple[Coding, ...]
    text: str


UNKNOWN = Coding(ABSENT, "unknown", "Unknown")
DECLINED = Coding(ABSENT, "asked-declined", "Asked But Declined")
ERROR = Coding(ABSENT, "error", "Error")


def text_concept(text: str) -> Concept:
    """Returns a concept without codes."""
    return Concept((), text)


def snomed(code: str, display: str, text: str | None = None) -> Concept:
    return Concept((Coding(SNOMED, code, display),), text or display)


def loinc(code: str, display: str, text: str | None = None) -> Concept:
    return Concept((Coding(LOINC, code, display),), text or display)
