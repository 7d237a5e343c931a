"""FHIR STU3 3.0.1: what R4 writes, in the words and code systems of STU3."""

from __future__ import annotations

from typing import Any

from sickbay.population.render.changing import Renderer, renamed, without
from sickbay.population.render.common import Json

_TERMS = "http://terminology.hl7.org/CodeSystem/"
_FHIR = "http://hl7.org/fhir/"
_SYSTEMS = {
    "v3-ObservationInterpretation": "v2/0078",
    "condition-category": "condition-category",
    "medicationrequest-category": "medication-request-category",
}


def _systems(value: Any) -> Any:
    """The code systems were named below hl7.org/fhir itself: v3/ActCode, v2/0203, observation-category."""
    if isinstance(value, list):
        return [_systems(one) for one in value]
    if isinstance(value, dict):
        return {key: _system(one) if key == "system" else _systems(one) for key, one in value.items()}
    return value


def _system(name: str) -> str:
    if not name.startswith(_TERMS):
        return name
    local = name.removeprefix(_TERMS)
    if local in _SYSTEMS:
        return _FHIR + _SYSTEMS[local]
    return _FHIR + (local.replace("-", "/", 1) if local.startswith(("v2-", "v3-")) else local)


def _code(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def _condition(one: Json) -> Json:
    told = {name: _code(one[name]) for name in ("clinicalStatus", "verificationStatus")}
    return renamed({**one, **told}, encounter="context", recordedDate="assertedDate")


def _allergy(one: Json) -> Json:
    told = {name: _code(one[name]) for name in ("clinicalStatus", "verificationStatus")}
    return renamed({**one, **told}, recordedDate="assertedDate")


def _order(one: Json) -> Json:
    dosage = [{**without(dose, "doseAndRate"), **dose["doseAndRate"][0]} for dose in one["dosageInstruction"]]
    dispense = one["dispenseRequest"]
    if dispense["numberOfRepeatsAllowed"] == 0:  # it had to be positive
        dispense = without(dispense, "numberOfRepeatsAllowed")
    changed = {
        **without(one, "reportedBoolean", "dispenseRequest"),
        "category": one["category"][0],
        "requester": {"agent": one["requester"]},
        "dosageInstruction": dosage,
    }
    if dispense:
        changed["dispenseRequest"] = dispense
    return renamed(changed, encounter="context")


def _observation(one: Json) -> Json:
    changed = {**one, "interpretation": one["interpretation"][0]} if "interpretation" in one else one
    return renamed(changed, encounter="context")


def _appointment(one: Json) -> Json:
    """There was no check-in yet: who has checked in has arrived."""
    status = "arrived" if one["status"] == "checked-in" else one["status"]
    return renamed({**one, "status": status}, reasonCode="reason")


_renderer = Renderer(
    {
        "Encounter": lambda one: renamed(one, reasonCode="reason"),
        "Group": lambda one: without(one, "managingEntity"),
        "Condition": _condition,
        "AllergyIntolerance": _allergy,
        "MedicationRequest": _order,
        "Observation": _observation,
        "Appointment": _appointment,
    },
    _systems,
)
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
