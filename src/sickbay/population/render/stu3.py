"""FHIR STU3 3.0.1: converts R4 resources to STU3's element names and code systems."""

from __future__ import annotations

from sickbay.population.render.accounts_before import benefit_stu3, claim_stu3, consent_stu3, media_stu3
from sickbay.population.render.changing import (
    Renderer,
    add_type_names,
    care_team_before,
    code_of,
    document_before,
    form_of,
    goal_status,
    immunization_status_before,
    leave_out,
    observation_before,
    rename_elements,
    report_before,
    systems_below,
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
"""Maps R4's name of a type to its name in STU3."""


def _convert_condition(condition: Json) -> Json:
    statuses: Json = {name: code_of(condition[name]) for name in ("clinicalStatus", "verificationStatus") if name in condition}
    changed = {**leave_out(condition, "extension"), **statuses}
    return rename_elements(changed, encounter="context", recordedDate="assertedDate", recorder="asserter")


def _convert_encounter(encounter: Json) -> Json:
    changed = leave_out(encounter, "reasonReference", "extension")
    if "reasonReference" in encounter:
        changed["diagnosis"] = [{"condition": condition} for condition in encounter["reasonReference"]]
    return rename_elements(changed, reasonCode="reason")


def _convert_allergy(allergy: Json) -> Json:
    statuses = {name: code_of(allergy[name]) for name in ("clinicalStatus", "verificationStatus")}
    return rename_elements({**allergy, **statuses}, recordedDate="assertedDate")


def _convert_dosage(order: Json) -> list[Json]:
    return [{**leave_out(dose, "doseAndRate"), **dose["doseAndRate"][0]} for dose in order["dosageInstruction"]]


def _convert_order(order: Json) -> Json:
    dispense = order["dispenseRequest"]
    if dispense["numberOfRepeatsAllowed"] == 0:  # STU3 requires a positive number
        dispense = leave_out(dispense, "numberOfRepeatsAllowed")
    changed = {
        **leave_out(order, "reportedBoolean", "reportedReference", "dispenseRequest", "extension"),
        "category": order["category"][0],
        "requester": {"agent": order["requester"]},
        "dosageInstruction": _convert_dosage(order),
    }
    if dispense:
        changed["dispenseRequest"] = dispense
    return rename_elements(changed, encounter="context")


def _convert_observation(observation: Json) -> Json:
    changed = (
        {**observation, "interpretation": observation["interpretation"][0]} if "interpretation" in observation else observation
    )
    return rename_elements(observation_before(changed), encounter="context")


def _convert_questionnaire(questionnaire: Json) -> Json:
    """Converts a questionnaire. The score of a choice is omitted: its extension had another name."""
    return {**questionnaire, "item": [_convert_question(item) for item in questionnaire["item"]]}


def _convert_question(item: Json) -> Json:
    changed = leave_out(item, "answerOption", "item")
    if "answerOption" in item:
        changed["option"] = [leave_out(option, "extension") for option in item["answerOption"]]
    if "item" in item:
        changed["item"] = [_convert_question(nested_item) for nested_item in item["item"]]
    return changed


def _convert_response(response: Json) -> Json:
    changed = {**leave_out(response, "_questionnaire"), "questionnaire": form_of(response)}
    return rename_elements(changed, encounter="context")


def _convert_coverage(coverage: Json) -> Json:
    plan = coverage["class"][0]
    return {**leave_out(coverage, "class"), "grouping": {"plan": plan["value"], "planDisplay": plan["name"]}}


def _convert_team(team: Json) -> Json:
    return {**team, "participant": care_team_before(team)}


def _convert_immunization(immunization: Json) -> Json:
    return rename_elements(
        {**leave_out(immunization, "statusReason", "occurrenceString"), **immunization_status_before(immunization, "notGiven")},
        occurrenceDateTime="date",
        performer="practitioner",
    )


def _convert_request(request: Json) -> Json:
    changed = {**request, "resourceType": "ProcedureRequest", "requester": {"agent": request["requester"]}}
    return rename_elements(changed, encounter="context")


def _change_based_on(resource: Json) -> Json:
    changed = {**resource, "basedOn": add_type_names(resource["basedOn"], _BEFORE)} if "basedOn" in resource else resource
    return rename_elements(changed, encounter="context")


def _convert_report(report: Json) -> Json:
    performers = [{"actor": performer} for performer in report["performer"]]
    return _change_based_on({**report_before(report), "category": report["category"][0], "performer": performers})


def _convert_goal(goal: Json) -> Json:
    changed = {**leave_out(goal, "lifecycleStatus"), "status": goal_status(goal)}
    return {**changed, "target": goal["target"][0]} if "target" in goal else changed


def _convert_device(device: Json) -> Json:
    return {**leave_out(device, "udiCarrier", "distinctIdentifier", "serialNumber"), "udi": device["udiCarrier"][0]}


def _convert_provenance(provenance: Json) -> Json:
    agents = []
    for entry in provenance["agent"]:
        agent = {"role": [entry["type"]], "whoReference": entry["who"]}
        agents.append({**agent, "onBehalfOfReference": entry["onBehalfOf"]} if "onBehalfOf" in entry else agent)
    return {**provenance, "agent": agents, "target": add_type_names(provenance["target"], _BEFORE)}


def _convert_task(task: Json) -> Json:
    """Converts a task. Before R4 a value could be a uri, but not a url."""
    inputs = [rename_elements(parameter, valueUrl="valueUri") for parameter in task["input"]]
    return rename_elements({**task, "requester": {"agent": task["requester"]}, "input": inputs}, encounter="context")


def _convert_appointment(appointment: Json) -> Json:
    """Converts an appointment. STU3 has no status checked-in, so it becomes arrived."""
    status = "arrived" if appointment["status"] == "checked-in" else appointment["status"]
    return rename_elements({**appointment, "status": status}, reasonCode="reason")


_renderer = Renderer(
    {
        "Encounter": _convert_encounter,
        "Group": lambda group: leave_out(group, "managingEntity"),
        "Condition": _convert_condition,
        "AllergyIntolerance": _convert_allergy,
        "MedicationRequest": _convert_order,
        "MedicationDispense": lambda dispense: {**dispense, "dosageInstruction": _convert_dosage(dispense)},
        "Questionnaire": _convert_questionnaire,
        "QuestionnaireResponse": _convert_response,
        "Observation": _convert_observation,
        "Appointment": _convert_appointment,
        "Coverage": _convert_coverage,
        "CareTeam": _convert_team,
        "RelatedPerson": lambda related_person: {**related_person, "relationship": related_person["relationship"][0]},
        "MedicationStatement": lambda statement: {**leave_out(statement, "statusReason"), "taken": "y"},
        "Immunization": _convert_immunization,
        "ServiceRequest": _convert_request,
        "Procedure": _change_based_on,
        "DiagnosticReport": _convert_report,
        "Goal": _convert_goal,
        "Device": _convert_device,
        "DocumentReference": document_before,
        "Specimen": lambda specimen: leave_out(specimen, "condition"),
        "Location": lambda location: {**location, "type": location["type"][0]} if "type" in location else location,
        "CarePlan": lambda plan: rename_elements(plan, contributor="author"),
        "Claim": claim_stu3,
        "ExplanationOfBenefit": benefit_stu3,
        "Consent": consent_stu3,
        "Media": media_stu3,
        "Binary": lambda binary: rename_elements(binary, data="content"),
        "Provenance": _convert_provenance,
        "Task": _convert_task,
    },
    _systems,
)
render_hospital, render_record, render_panel = _renderer.render_hospital, _renderer.render_record, _renderer.render_panel
render_slot, render_appointment = _renderer.render_slot, _renderer.render_appointment
