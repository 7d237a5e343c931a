"""FHIR STU3 3.0.1: what R4 writes, in the words and code systems of STU3."""

from __future__ import annotations

from sickbay.population.render.accounts_before import benefit_stu3, claim_stu3, consent_stu3, media_stu3
from sickbay.population.render.changing import (
    Renderer,
    aimed,
    care_team_before,
    code_of,
    counted_before,
    document_before,
    form_of,
    given_before,
    pictured_before,
    pointed,
    renamed,
    systems_below,
    without,
)
from sickbay.population.render.common import Json

_systems = systems_below(
    {
        "v3-ObservationInterpretation": "v2/0078",
        "condition-category": "condition-category",
        "medicationrequest-category": "medication-request-category",
    }
)


_BEFORE = {"ServiceRequest": "ProcedureRequest"}
"""R4's name of a type -> its name here."""


def _condition(one: Json) -> Json:
    told: Json = {name: code_of(one[name]) for name in ("clinicalStatus", "verificationStatus") if name in one}
    changed = {**without(one, "extension"), **told}
    return renamed(changed, encounter="context", recordedDate="assertedDate", recorder="asserter")


def _encounter(one: Json) -> Json:
    changed = without(one, "reasonReference", "extension")
    if "reasonReference" in one:
        changed["diagnosis"] = [{"condition": each} for each in one["reasonReference"]]
    return renamed(changed, reasonCode="reason")


def _allergy(one: Json) -> Json:
    told = {name: code_of(one[name]) for name in ("clinicalStatus", "verificationStatus")}
    return renamed({**one, **told}, recordedDate="assertedDate")


def _dosage(one: Json) -> list[Json]:
    return [{**without(dose, "doseAndRate"), **dose["doseAndRate"][0]} for dose in one["dosageInstruction"]]


def _order(one: Json) -> Json:
    dispense = one["dispenseRequest"]
    if dispense["numberOfRepeatsAllowed"] == 0:  # it had to be positive
        dispense = without(dispense, "numberOfRepeatsAllowed")
    changed = {
        **without(one, "reportedBoolean", "reportedReference", "dispenseRequest", "extension"),
        "category": one["category"][0],
        "requester": {"agent": one["requester"]},
        "dosageInstruction": _dosage(one),
    }
    if dispense:
        changed["dispenseRequest"] = dispense
    return renamed(changed, encounter="context")


def _observation(one: Json) -> Json:
    changed = {**one, "interpretation": one["interpretation"][0]} if "interpretation" in one else one
    return renamed(counted_before(changed), encounter="context")


def _questionnaire(one: Json) -> Json:
    """What a choice counts had an extension of another name."""
    return {**one, "item": [_question(each) for each in one["item"]]}


def _question(item: Json) -> Json:
    changed = without(item, "answerOption", "item")
    if "answerOption" in item:
        changed["option"] = [without(option, "extension") for option in item["answerOption"]]
    if "item" in item:
        changed["item"] = [_question(each) for each in item["item"]]
    return changed


def _response(one: Json) -> Json:
    changed = {**without(one, "_questionnaire"), "questionnaire": form_of(one)}
    return renamed(changed, encounter="context")


def _coverage(one: Json) -> Json:
    plan = one["class"][0]
    return {**without(one, "class"), "grouping": {"plan": plan["value"], "planDisplay": plan["name"]}}


def _team(one: Json) -> Json:
    return {**one, "participant": care_team_before(one)}


def _immunization(one: Json) -> Json:
    return renamed(
        {**without(one, "statusReason", "occurrenceString"), **given_before(one, "notGiven")},
        occurrenceDateTime="date",
        performer="practitioner",
    )


def _request(one: Json) -> Json:
    changed = {**one, "resourceType": "ProcedureRequest", "requester": {"agent": one["requester"]}}
    return renamed(changed, encounter="context")


def _based(one: Json) -> Json:
    changed = {**one, "basedOn": pointed(one["basedOn"], _BEFORE)} if "basedOn" in one else one
    return renamed(changed, encounter="context")


def _report(one: Json) -> Json:
    performers = [{"actor": each} for each in one["performer"]]
    return _based({**pictured_before(one), "category": one["category"][0], "performer": performers})


def _goal(one: Json) -> Json:
    changed = {**without(one, "lifecycleStatus"), "status": aimed(one)}
    return {**changed, "target": one["target"][0]} if "target" in one else changed


def _device(one: Json) -> Json:
    return {**without(one, "udiCarrier", "distinctIdentifier", "serialNumber"), "udi": one["udiCarrier"][0]}


def _provenance(one: Json) -> Json:
    agents = []
    for each in one["agent"]:
        agent = {"role": [each["type"]], "whoReference": each["who"]}
        agents.append({**agent, "onBehalfOfReference": each["onBehalfOf"]} if "onBehalfOf" in each else agent)
    return {**one, "agent": agents, "target": pointed(one["target"], _BEFORE)}


def _task(one: Json) -> Json:
    """A value could be no url yet."""
    input = [renamed(each, valueUrl="valueUri") for each in one["input"]]
    return renamed({**one, "requester": {"agent": one["requester"]}, "input": input}, encounter="context")


def _appointment(one: Json) -> Json:
    """There was no check-in yet: who has checked in has arrived."""
    status = "arrived" if one["status"] == "checked-in" else one["status"]
    return renamed({**one, "status": status}, reasonCode="reason")


_renderer = Renderer(
    {
        "Encounter": _encounter,
        "Group": lambda one: without(one, "managingEntity"),
        "Condition": _condition,
        "AllergyIntolerance": _allergy,
        "MedicationRequest": _order,
        "MedicationDispense": lambda one: {**one, "dosageInstruction": _dosage(one)},
        "Questionnaire": _questionnaire,
        "QuestionnaireResponse": _response,
        "Observation": _observation,
        "Appointment": _appointment,
        "Coverage": _coverage,
        "CareTeam": _team,
        "RelatedPerson": lambda one: {**one, "relationship": one["relationship"][0]},
        "MedicationStatement": lambda one: {**one, "taken": "y"},
        "Immunization": _immunization,
        "ServiceRequest": _request,
        "Procedure": _based,
        "DiagnosticReport": _report,
        "Goal": _goal,
        "Device": _device,
        "DocumentReference": document_before,
        "Specimen": lambda one: without(one, "condition"),
        "Location": lambda one: {**one, "type": one["type"][0]} if "type" in one else one,
        "CarePlan": lambda one: renamed(one, contributor="author"),
        "Claim": claim_stu3,
        "ExplanationOfBenefit": benefit_stu3,
        "Consent": consent_stu3,
        "Media": media_stu3,
        "Binary": lambda one: renamed(one, data="content"),
        "Provenance": _provenance,
        "Task": _task,
    },
    _systems,
)
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
