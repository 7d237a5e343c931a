"""FHIR STU3 3.0.1: what R4 writes, in the words and code systems of STU3."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer, code_of, renamed, systems_below, without
from sickbay.population.render.common import Json

_systems = systems_below(
    {
        "v3-ObservationInterpretation": "v2/0078",
        "condition-category": "condition-category",
        "medicationrequest-category": "medication-request-category",
    }
)


def _condition(one: Json) -> Json:
    told = {name: code_of(one[name]) for name in ("clinicalStatus", "verificationStatus")}
    return renamed({**one, **told}, encounter="context", recordedDate="assertedDate")


def _allergy(one: Json) -> Json:
    told = {name: code_of(one[name]) for name in ("clinicalStatus", "verificationStatus")}
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
