"""Codes: the systems, a coding, a concept with its codings and its words, and how the tables of codes write one."""

from __future__ import annotations

from typing import NamedTuple

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
HL7_TERMS = "http://terminology.hl7.org/CodeSystem/"
ABSENT = HL7_TERMS + "data-absent-reason"
"""The code system of the reasons why a value is missing."""
CVX = "http://hl7.org/fhir/sid/cvx"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


class Coding(NamedTuple):
    """One coding."""

    system: str
    code: str
    display: str


class Concept(NamedTuple):
    """A codeable concept: its codings, and the words a clinician reads."""

    codes: tuple[Coding, ...]
    text: str


UNKNOWN = Coding(ABSENT, "unknown", "Unknown")
DECLINED = Coding(ABSENT, "asked-declined", "Asked But Declined")
ERROR = Coding(ABSENT, "error", "Error")


def words(text: str) -> Concept:
    """A concept without codes."""
    return Concept((), text)


def snomed(code: str, display: str, text: str | None = None, icd: tuple[str, str] | None = None) -> Concept:
    """icd: code and display of ICD-10-CM, as the second coding that a bill needs."""
    second = (Coding(ICD10, *icd),) if icd else ()
    return Concept((Coding(SNOMED, code, display), *second), text or display)


def loinc(code: str, display: str, text: str | None = None) -> Concept:
    return Concept((Coding(LOINC, code, display),), text or display)


def rxnorm(code: str, display: str, text: str | None = None) -> Concept:
    return Concept((Coding(RXNORM, code, display),), text or display)
