"""What both versions write alike: references, codings, quantities, instants, ids."""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import Any

from sickbay.population.codings import UCUM, Coding, Concept
from sickbay.population.drugs import FORMULARY
from sickbay.population.patient_history import Drug, Measure, Observation, Visit
from sickbay.population.staff import NAMES, ROOMS

Json = dict[str, Any]

IDENTIFIERS = "http://hospital.sickbay.example/"
"""Root of the identifier systems: `record-numbers`, `staff`, `visits`."""


CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TERMS = "http://terminology.hl7.org/CodeSystem/"
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"


def profiled(kind: str, id: str, profile: str) -> Json:
    """profile: the last part of its name; US Core's, but for those that stand by themselves."""
    if not profile:
        return {"resourceType": kind, "id": id}
    return {"resourceType": kind, "id": id, "meta": {"profile": [CORE + profile]}}


def coding(code: Coding) -> Json:
    return {"system": code.system, "code": code.code, "display": code.display}


@lru_cache(maxsize=512)
def concept(thing: Concept) -> Json:
    """A CodeableConcept. The same object each time: who wants to change a resource copies it first."""
    return {"coding": [coding(code) for code in thing.codes], "text": thing.text} if thing.codes else {"text": thing.text}


def coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def reference(kind: str, id: str, display: str | None = None) -> Json:
    address = {"reference": f"{kind}/{id}"}
    return {**address, "display": display} if display else address


def practitioner(id: str) -> Json:
    return {"reference": f"Practitioner/{id}", "display": NAMES[id]}


def room_name(id: str) -> str:
    return f"Room {ROOMS.index(id) + 1}"


def instant(at: datetime.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def quantity(measure: Measure, value: float) -> Json:
    number = value if measure.digits else int(value)
    if not measure.ucum:
        return {"value": number}
    return {"value": number, "unit": measure.unit, "system": UCUM, "code": measure.ucum}


def part_of(patient: str, letter: str, number: int) -> str:
    """The id of one of a patient's resources: `p-0017-o003`."""
    return f"{patient}-{letter}{number:03d}" if letter == "o" else f"{patient}-{letter}{number:02d}"


def encounter(patient: str, number: int) -> Json:
    return {"reference": f"Encounter/{part_of(patient, 'e', number)}"}


def period(visit: Visit) -> Json:
    return {"start": instant(visit.start), "end": instant(visit.start + datetime.timedelta(minutes=visit.minutes))}


def medication(drug: Drug) -> Json:
    """The element of an order that names the drug: a code, or a Medication of the hospital."""
    if drug in FORMULARY:
        return {"medicationReference": reference("Medication", medication_id(drug), drug.concept.text)}
    return {"medicationCodeableConcept": concept(drug.concept)}


def medication_id(drug: Drug) -> str:
    return f"med-{drug.concept.codes[0].code}"


def missing(why: Coding) -> Json:
    """A CodeableConcept with the reason why a value is missing."""
    return {"coding": [coding(why)]}


def judged(reading: Observation, sex: str, age: float) -> tuple[tuple[str, str], Json] | None:
    """Interpretation (code, display) and reference range of a number; None where no range is known (vital signs, children)."""
    bounds = reading.measure.range(sex)
    if bounds is None or reading.value is None or age < 18:
        return None
    low, high = bounds
    found: Json = {}
    if low is not None:
        found["low"] = quantity(reading.measure, low)
    if high is not None:
        found["high"] = quantity(reading.measure, high)
    if low is not None and reading.value < low:
        return ("L", "Low"), found
    return (("H", "High") if high is not None and reading.value > high else ("N", "Normal")), found
