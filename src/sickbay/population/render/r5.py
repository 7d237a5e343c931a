"""FHIR R5 5.0.0: what R4 writes, with CodeableReference and the names of R5."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer, renamed, without
from sickbay.population.render.common import Json, coded


def _organization(one: Json) -> Json:
    if "telecom" not in one:
        return one
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
    return renamed(changed, period="actualPeriod", reasonCode="reason", hospitalization="admission")


def _condition(one: Json) -> Json:
    """The clinical status is required now, where it was forbidden to what was entered in error."""
    unknown = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "unknown", "Unknown")
    return one if "clinicalStatus" in one else {**one, "clinicalStatus": unknown}


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


def _dispense(one: Json) -> Json:
    changed = {**one, "medicationCodeableConcept": {"concept": one["medicationCodeableConcept"]}}
    changed["dosageInstruction"] = [renamed(dose, asNeededBoolean="asNeeded") for dose in one["dosageInstruction"]]
    return renamed(changed, medicationCodeableConcept="medication")


def _questionnaire(one: Json) -> Json:
    kinds = {"choice": "coding"}
    return {**one, "item": [{**each, "type": kinds.get(each["type"], each["type"])} for each in one["item"]]}


def _reasons(one: Json, **names: str) -> Json:
    if "reasonReference" in one:
        one = {**one, "reasonReference": [{"reference": each} for each in one["reasonReference"]]}
    return renamed(one, reasonReference="reason", **names)


def _team(one: Json) -> Json:
    return {**one, "participant": [{**each, "role": each["role"][0]} for each in one["participant"]]}


def _coverage(one: Json) -> Json:
    classes = [{**each, "value": {"value": each["value"]}} for each in one["class"]]
    changed = {**one, "kind": "insurance", "payor": one["payor"][0], "class": classes}
    return renamed({**changed, "subscriberId": [{"value": one["subscriberId"]}]}, payor="insurer")


def _statement(one: Json) -> Json:
    medication = {"concept": one["medicationCodeableConcept"]}
    changed = {**without(one, "medicationCodeableConcept"), "medication": medication, "status": "recorded"}
    return {**changed, "informationSource": [one["informationSource"]]}


def _plan(one: Json) -> Json:
    activity = [{"performedActivity": [{"concept": each["detail"]["code"]}]} for each in one["activity"]]
    return {**one, "addresses": [{"reference": each} for each in one["addresses"]], "activity": activity}


def _device(one: Json) -> Json:
    """Whose it is stands in DeviceAssociation now."""
    udi = {**one["udiCarrier"][0], "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di"}
    return {**without(one, "distinctIdentifier", "patient"), "udiCarrier": [udi], "type": [one["type"]]}


def _document(one: Json) -> Json:
    context = one["context"]
    content = []
    for each in one["content"]:
        attachment = {**each["attachment"], "size": str(each["attachment"]["size"])}  # a number of 64 bits
        content.append({"attachment": attachment, "profile": [{"valueCoding": each["format"]}]})
    return {**one, "content": content, "context": context["encounter"], "period": context["period"]}


def _location(one: Json) -> Json:
    phone = {"contact": [{"telecom": one["telecom"]}]} if "telecom" in one else {}
    return renamed({**without(one, "telecom"), **phone}, physicalType="form")


def _appointment(one: Json) -> Json:
    taking = [{**each, "required": each["required"] == "required"} for each in one["participant"]]
    reason = [{"concept": each} for each in one["reasonCode"]]
    return renamed({**one, "participant": taking, "reasonCode": reason}, reasonCode="reason")


_renderer = Renderer(
    {
        "Organization": _organization,
        "Location": _location,
        "Encounter": _encounter,
        "Group": lambda one: {**without(one, "actual"), "membership": "enumerated"},
        "AllergyIntolerance": _allergy,
        "MedicationRequest": _order,
        "MedicationDispense": _dispense,
        "Questionnaire": _questionnaire,
        "QuestionnaireResponse": lambda one: {**one, "identifier": [one["identifier"]]},
        "Appointment": _appointment,
        "PractitionerRole": lambda one: {**without(one, "telecom"), "contact": [{"telecom": one["telecom"]}]},
        "Condition": _condition,
        "CareTeam": _team,
        "Coverage": _coverage,
        "MedicationStatement": _statement,
        "ServiceRequest": lambda one: _reasons({**one, "code": {"concept": one["code"]}}),
        "Procedure": lambda one: _reasons(one, performedPeriod="occurrencePeriod"),
        "CarePlan": _plan,
        "Device": _device,
        "DocumentReference": _document,
    }
)
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
