"""The categories to which a user can limit a scope on the consent page, by FHIR version and type."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

TERMS = "http://terminology.hl7.org/CodeSystem/"
US_CORE = "http://hl7.org/fhir/us/core/CodeSystem/"
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"


class Category(NamedTuple):
    """words: the label. system: "" for any system."""

    words: str
    code: str
    system: str = ""


_OBSERVATIONS = (
    Category("lab results", "laboratory"),
    Category("vital signs", "vital-signs"),
    Category("social history", "social-history"),
    Category("surveys and questionnaires", "survey"),
    Category("imaging", "imaging"),
    Category("physical exam", "exam"),
    Category("procedures", "procedure"),
    Category("therapy", "therapy"),
    Category("physical activity", "activity"),
)
"""FHIR's own categories, in every version."""
_CONDITIONS = (Category("problem list", "problem-list-item"), Category("visit diagnoses", "encounter-diagnosis"))
_US_CORE_OBSERVATIONS = (
    Category("social determinants of health", "sdoh"),
    Category("functional status", "functional-status"),
    Category("disability status", "disability-status"),
    Category("cognitive status", "cognitive-status"),
    Category("treatment preferences", "treatment-intervention-preference"),
    Category("care preferences", "care-experience-preference"),
    Category("advance directives", "observation-adi-documentation"),
)
_OTHERS: dict[str, tuple[Category, ...]] = {
    "DiagnosticReport": (
        Category("lab reports", "LAB", TERMS + "v2-0074"),
        Category("pulmonary function", "PF", TERMS + "v2-0074"),
        Category("other reports", "OTH", TERMS + "v2-0074"),
        Category("cardiology", "LP29708-2", LOINC),
        Category("pathology", "LP7839-6", LOINC),
        Category("radiology", "LP29684-5", LOINC),
    ),
    "DocumentReference": (
        Category("clinical notes", "clinical-note", US_CORE + "us-core-documentreference-category"),
        Category("advance directives", "42348-3", LOINC),
    ),
    "MedicationRequest": (
        Category("inpatient", "inpatient", TERMS + "medicationrequest-category"),
        Category("outpatient", "outpatient", TERMS + "medicationrequest-category"),
        Category("community", "community", TERMS + "medicationrequest-category"),
        Category("discharge", "discharge", TERMS + "medicationrequest-category"),
    ),
    "ServiceRequest": (
        Category("social determinants of health", "sdoh", US_CORE + "us-core-category"),
        Category("lab tests", "108252007", SNOMED),
        Category("imaging", "363679005", SNOMED),
        Category("evaluations", "386053000", SNOMED),
        Category("counselling", "409063005", SNOMED),
        Category("education", "409073007", SNOMED),
        Category("surgery", "387713003", SNOMED),
        Category("social services", "410606002", SNOMED),
    ),
}


@cache
def list_categories(version: str, type: str) -> tuple[Category, ...]:
    """Returns the categories of a type. DSTU2 and STU3 have FHIR's own ones, under other systems, so those are left out."""
    if version in ("dstu2", "stu3"):
        conditions = _CONDITIONS if version == "stu3" else ()
        return {"Observation": _OBSERVATIONS, "Condition": conditions}.get(type, ())
    if type == "Observation":
        return (
            *_select_by_system(_OBSERVATIONS, TERMS + "observation-category"),
            Category("clinical tests", "clinical-test", US_CORE + "us-core-observation-category"),
            *_select_by_system(_US_CORE_OBSERVATIONS, US_CORE + "us-core-category"),
        )
    if type == "Condition":
        return (
            *_select_by_system(_CONDITIONS, TERMS + "condition-category"),
            Category("health concerns", "health-concern", US_CORE + "condition-category"),
            Category("social determinants of health", "sdoh", US_CORE + "us-core-category"),
        )
    return _OTHERS.get(type, ())


def _select_by_system(some: tuple[Category, ...], system: str) -> tuple[Category, ...]:
    return tuple(category._replace(system=system) for category in some)
