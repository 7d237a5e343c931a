"""Elements that all versions share: references, codings, quantities, instants and ids."""

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
"""The root of the identifier systems, such as `record-numbers`, `staff` and `visits`."""


CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TERMS = "http://terminology.hl7.org/CodeSystem/"
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"


def begin_resource(kind: str, id: str, profile: str) -> Json:
    """Returns the start of a resource. profile: the last part of the US Core profile's URL, or "" for none."""
    if not profile:
        return {"resourceType": kind, "id": id}
    return {"resourceType": kind, "id": id, "meta": {"profile": [CORE + profile]}}


def render_coding(code: Coding) -> Json:
    return {"system": code.system, "code": code.code, "display": code.display}


@lru_cache(maxsize=512)
def render_concept(thing: Concept) -> Json:
    """Returns a CodeableConcept. The object is cached and shared: copy a resource before changing it."""
    return (
        {"coding": [render_coding(code) for code in thing.codes], "text": thing.text} if thing.codes else {"text": thing.text}
    )


def make_concept(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def render_reference(kind: str, id: str, display: str | None = None) -> Json:
    address = {"reference": f"{kind}/{id}"}
    return {**address, "display": display} if display else address


def refer_to_practitioner(id: str) -> Json:
    return {"reference": f"Practitioner/{id}", "display": NAMES[id]}


def room_name(id: str) -> str:
    return f"Room {ROOMS.index(id) + 1}"


def format_instant(at: datetime.datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def render_quantity(measure: Measure, value: float) -> Json:
    number = value if measure.digits else int(value)
    if not measure.ucum:
        return {"value": number}
    return {"value": number, "unit": measure.unit, "system": UCUM, "code": measure.ucum}


def part_of(patient: str, letter: str, number: int) -> str:
    """Returns the id of one of a patient's resources, such as `p-0017-o003`."""
    return f"{patient}-{letter}{number:03d}" if letter == "o" else f"{patient}-{letter}{number:02d}"


def refer_to_encounter(patient: str, number: int) -> Json:
    return {"reference": f"Encounter/{part_of(patient, 'e', number)}"}


def render_period(visit: Visit) -> Json:
    return {
        "start": format_instant(visit.start),
        "end": format_instant(visit.start + datetime.timedelta(minutes=visit.minutes)),
    }


def render_medication(drug: Drug) -> Json:
    """Returns the element of an order that identifies the drug: a code, or a reference to a Medication of the hospital."""
    if drug in FORMULARY:
        return {"medicationReference": render_reference("Medication", medication_id(drug), drug.concept.text)}
    return {"medicationCodeableConcept": render_concept(drug.concept)}


def medication_id(drug: Drug) -> str:
    return f"med-{drug.concept.codes[0].code}"


def render_absent_reason(why: Coding) -> Json:
    """Returns a CodeableConcept with the reason for a missing value."""
    return {"coding": [render_coding(why)]}


def interpretation_and_range(reading: Observation, sex: str, age: float) -> tuple[tuple[str, str], Json] | None:
    """Returns interpretation (code, display) and reference range of a number; None without a range (vital signs, children)."""
    bounds = reading.measure.range(sex)
    if bounds is None or reading.value is None or age < 18:
        return None
    low, high = bounds
    reference_range: Json = {}
    if low is not None:
        reference_range["low"] = render_quantity(reading.measure, low)
    if high is not None:
        reference_range["high"] = render_quantity(reading.measure, high)
    if low is not None and reading.value < low:
        return ("L", "Low"), reference_range
    return (("H", "High") if high is not None and reading.value > high else ("N", "Normal")), reference_range
