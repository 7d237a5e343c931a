"""FHIR R5 5.0.0: what R4 writes, with CodeableReference and the names of R5."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer, renamed, without
from sickbay.population.render.common import Json, coded


def _organization(one: Json) -> Json:
    contact = {"telecom": one["telecom"], "address": one["address"][0]}
    return {**without(one, "telecom", "address"), "contact": [contact]}


def _encounter(one: Json) -> Json:
    changed = {
        **one,
        "status": "completed",
        "class": [{"coding": [one["class"]]}],
        "participant": [renamed(each, individual="actor") for each in one["participant"]],
    }
    if "reasonCode" in one:
        changed["reasonCode"] = [{"value": [{"concept": reason} for reason in one["reasonCode"]]}]
    return renamed(changed, period="actualPeriod", reasonCode="reason")


def _allergy(one: Json) -> Json:
    if "reaction" not in one:
        return one
    kind = coded("http://hl7.org/fhir/allergy-intolerance-type", one["type"], one["type"].capitalize())
    reactions = [
        {**each, "manifestation": [{"concept": concept} for concept in each["manifestation"]]}
        for each in one["reaction"]
    ]
    return {**one, "type": kind, "reaction": reactions}


def _order(one: Json) -> Json:
    changed = {**one, "medicationCodeableConcept": {"concept": one["medicationCodeableConcept"]}}
    changed["dosageInstruction"] = [renamed(dose, asNeededBoolean="asNeeded") for dose in one["dosageInstruction"]]
    if "reasonReference" in one:
        changed["reasonReference"] = [{"reference": each} for each in one["reasonReference"]]
    return renamed(
        changed, reportedBoolean="reported", medicationCodeableConcept="medication", reasonReference="reason"
    )


def _appointment(one: Json) -> Json:
    taking = [{**each, "required": each["required"] == "required"} for each in one["participant"]]
    reason = [{"concept": each} for each in one["reasonCode"]]
    return renamed({**one, "participant": taking, "reasonCode": reason}, reasonCode="reason")


_renderer = Renderer(
    {
        "Organization": _organization,
        "Location": lambda one: renamed(one, physicalType="form"),
        "Encounter": _encounter,
        "Group": lambda one: {**without(one, "actual"), "membership": "enumerated"},
        "AllergyIntolerance": _allergy,
        "MedicationRequest": _order,
        "Appointment": _appointment,
    }
)
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
