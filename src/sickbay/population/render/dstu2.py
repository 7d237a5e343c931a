"""FHIR DSTU2 1.0.2: converts R4 resources to the shapes that servers used then (race and ethnicity as in Argonaut)."""

from __future__ import annotations

from functools import cache

from sickbay.fhir.binary import EXTENSION
from sickbay.population.render.accounts_before import benefit_dstu2, claim_dstu2, media_dstu2
from sickbay.population.render.changing import (
    Renderer,
    add_type_names,
    care_team_before,
    code_of,
    document_before,
    goal_status,
    immunization_status_before,
    leave_out,
    observation_before,
    rename_elements,
    report_before,
    systems_below,
)
from sickbay.population.render.common import Json, make_concept
from sickbay.population.render.forms_before import render_questionnaire, render_response
from sickbay.population.render.r4.clinical import CATEGORIES

HL7 = "http://hl7.org/fhir/"
ARGONAUT = "http://fhir.org/guides/argonaut/StructureDefinition/"
_NAMES = {"us-core-race": "argo-race", "us-core-ethnicity": "argo-ethnicity", "us-core-birthsex": "argo-birthsex"}
_RACE = {"argo-race": HL7 + "v3/Race", "argo-ethnicity": HL7 + "v3/Ethnicity"}
_CRITICALITY = {"low": "CRITL", "high": "CRITH"}
_BEFORE = {"CareTeam": "CarePlan", "MedicationRequest": "MedicationOrder", "ServiceRequest": "ProcedureRequest"}
"""Maps R4's name of a type to its name in DSTU2."""
_PROBLEM = make_concept("http://argonaut.hl7.org", "problem", "Problem")
_DIAGNOSIS = make_concept(HL7 + "condition-category", "diagnosis", "Diagnosis")
_systems = systems_below({})
_OLD = ("vital-signs", "laboratory", "social-history", "survey", "exam")


def _convert_name(name: Json) -> Json:
    """Converts a name: the family name was a list."""
    return {**name, "family": [name["family"]]}


def _convert_extension(extension: Json) -> Json:
    name = _NAMES[extension["url"].rpartition("/")[2]]
    if "extension" not in extension:
        return {**extension, "url": ARGONAUT + name}
    category, text = extension["extension"]
    coding = {**category["valueCoding"], "system": _RACE[name]}
    return {"url": ARGONAUT + name, "extension": [{**category, "valueCoding": coding}, text]}


def _convert_patient(patient: Json) -> Json:
    extensions = [
        _convert_extension(extension) for extension in patient["extension"] if extension["url"].rpartition("/")[2] in _NAMES
    ]
    changed = {**patient, "extension": extensions, "name": [_convert_name(name) for name in patient["name"]]}
    if "contact" in patient:
        parent = make_concept(HL7 + "patient-contact-relationship", "parent", "Parent")
        changed["contact"] = [
            {"relationship": [parent], "name": _convert_name(contact["name"])} for contact in patient["contact"]
        ]
    return rename_elements(changed, generalPractitioner="careProvider")


def _convert_practitioner(practitioner: Json) -> Json:
    specialty = practitioner["qualification"][0]["code"]
    role = ("nurse", "Nurse") if specialty["text"] == "Nurse" else ("doctor", "Doctor")
    practitioner_role = {
        "managingOrganization": {"reference": "Organization/org-1"},
        "role": make_concept(HL7 + "practitioner-role", *role),
        "specialty": [specialty],
    }
    return {
        **leave_out(practitioner, "qualification"),
        "name": _convert_name(practitioner["name"][0]),
        "practitionerRole": [practitioner_role],
    }


def _convert_encounter(encounter: Json) -> Json:
    kind = {"AMB": "ambulatory", "EMER": "emergency", "IMP": "inpatient"}[encounter["class"]["code"]]
    changed = {**leave_out(encounter, "extension"), "class": kind}
    return rename_elements(changed, subject="patient", reasonCode="reason", reasonReference="indication")


def _convert_condition(condition: Json) -> Json:
    problem = code_of(condition["category"][0]) != "encounter-diagnosis"
    statuses: Json = {name: code_of(condition[name]) for name in ("clinicalStatus", "verificationStatus") if name in condition}
    changed = {**leave_out(condition, "extension"), **statuses, "category": _PROBLEM if problem else _DIAGNOSIS}
    return rename_elements(changed, subject="patient", recordedDate="dateRecorded", recorder="asserter")


def _convert_allergy(allergy: Json) -> Json:
    changed = {**leave_out(allergy, "clinicalStatus", "verificationStatus"), "status": "active"}
    if "reaction" in allergy:
        changed.update(criticality=_CRITICALITY[allergy["criticality"]], category=allergy["category"][0])
    return rename_elements(changed, code="substance", onsetDateTime="onset")


def _convert_dosage(order: Json) -> list[Json]:
    dosages = []
    for dose in order["dosageInstruction"]:
        repeat = rename_elements(dose["timing"]["repeat"], periodUnit="periodUnits")
        dosages.append({**leave_out(dose, "doseAndRate"), "timing": {"repeat": repeat}, **dose["doseAndRate"][0]})
    return dosages


def _convert_order(order: Json) -> Json:
    changed = {
        **leave_out(
            order, "intent", "category", "reportedBoolean", "reportedReference", "reasonCode", "dispenseRequest", "extension"
        ),
        "resourceType": "MedicationOrder",
        "dosageInstruction": _convert_dosage(order),
    }
    dispense = leave_out(order["dispenseRequest"], "validityPeriod")
    if "validityPeriod" in order["dispenseRequest"]:
        changed["dateEnded"] = order["dispenseRequest"]["validityPeriod"]["end"]
    if not dispense["numberOfRepeatsAllowed"]:  # DSTU2 requires a positive number
        dispense = leave_out(dispense, "numberOfRepeatsAllowed")
    changed["dispenseRequest"] = dispense
    if "reasonReference" in order:
        changed["reasonReference"] = order["reasonReference"][0]
    return rename_elements(changed, subject="patient", authoredOn="dateWritten", requester="prescriber")


_CATEGORIES = {code_of(category[0]): _systems(category[0]) for kind, category in CATEGORIES.items() if kind in _OLD}


@cache
def _interpretation_concept(code: str, display: str) -> Json:
    return make_concept(HL7 + "v2/0078", code, display)


@cache
def _render_other_category(code: str) -> Json:
    """Returns the nearest category: those of US Core did not exist, so they become social history."""
    return dict(_CATEGORIES.get(code) or _CATEGORIES["social-history"])


def _convert_observation(observation: Json) -> Json:
    """Converts an observation. Nine in ten resources are observations, so their recurring parts are cached."""
    changed = {**observation_before(observation), "category": _render_other_category(code_of(observation["category"][0]))}
    if "interpretation" in observation:
        interpretation = observation["interpretation"][0]["coding"][0]
        changed["interpretation"] = _interpretation_concept(interpretation["code"], interpretation["display"])
    if "dataAbsentReason" in observation:
        changed["dataAbsentReason"] = _systems(observation["dataAbsentReason"])
    if "component" in observation:
        changed["component"] = [_convert_component(component) for component in observation["component"]]
    if "valueBoolean" in observation:
        changed = leave_out(changed, "valueBoolean")
        changed["valueCodeableConcept"] = {"text": "Yes" if observation["valueBoolean"] else "No"}
    return changed


def _convert_component(component: Json) -> Json:
    return component if "valueQuantity" in component else dict(_systems(component))


def _convert_dispense(dispense: Json) -> Json:
    """Converts a dispense; the performer is omitted because it had to be a person."""
    orders = add_type_names(dispense["authorizingPrescription"], _BEFORE)
    changed = {
        **leave_out(dispense, "performer", "context"),
        "identifier": dispense["identifier"][0],
        "authorizingPrescription": orders,
    }
    return rename_elements({**changed, "dosageInstruction": _convert_dosage(dispense)}, subject="patient")


def _convert_appointment(appointment: Json) -> Json:
    status = "arrived" if appointment["status"] == "checked-in" else appointment["status"]
    return rename_elements(
        {**leave_out(appointment, "created"), "status": status, "reasonCode": appointment["reasonCode"][0]}, reasonCode="reason"
    )


def _convert_coverage(coverage: Json) -> Json:
    return {
        "resourceType": "Coverage",
        "id": coverage["id"],
        "issuer": coverage["payor"][0],
        "period": coverage["period"],
        "type": coverage["type"]["coding"][0],
        "identifier": [leave_out(coverage["identifier"][0], "type")],
        "subscriberId": {"value": coverage["subscriberId"]},
        "plan": coverage["class"][0]["value"],
        "subscriber": coverage["beneficiary"],
    }


def _related_person(related_person: Json) -> Json:
    changed = {
        **leave_out(related_person, "active"),
        "name": _convert_name(related_person["name"][0]),
        "relationship": related_person["relationship"][0],
    }
    return changed


def _convert_team(team: Json) -> Json:
    """Converts a CareTeam to a CarePlan, as Argonaut did: the type did not exist."""
    status = "active" if team["status"] == "active" else "completed"
    return {
        "resourceType": "CarePlan",
        "id": team["id"],
        "subject": team["subject"],
        "status": status,
        "category": [make_concept("http://argonaut.hl7.org", "careteam", "Care Team")],
        "participant": care_team_before(team),
    }


def _convert_statement(statement: Json) -> Json:
    changed = rename_elements(leave_out(statement, "context", "statusReason"), subject="patient")
    return {**changed, "status": "completed"} if changed["status"] == "stopped" else changed


def _convert_immunization(immunization: Json) -> Json:
    changed = {
        **leave_out(immunization, "primarySource", "statusReason", "occurrenceString"),
        **immunization_status_before(immunization, "wasNotGiven"),
        "reported": not immunization["primarySource"],
        **({"performer": immunization["performer"][0]["actor"]} if "performer" in immunization else {}),
    }
    return rename_elements(changed, occurrenceDateTime="date")


def _convert_request(request: Json) -> Json:
    changed = {**_keep_single_reason(leave_out(request, "intent", "category")), "resourceType": "ProcedureRequest"}
    return rename_elements(
        changed,
        occurrenceDateTime="scheduledDateTime",
        occurrencePeriod="scheduledPeriod",
        authoredOn="orderedOn",
        requester="orderer",
    )


def _keep_single_reason(resource: Json) -> Json:
    """Returns the resource with a single reason: the problem, or else its concept."""
    changed = leave_out(resource, "reasonCode", "reasonReference")
    if "reasonReference" in resource:
        return {**changed, "reasonReference": resource["reasonReference"][0]}
    return {**changed, "reasonCodeableConcept": resource["reasonCode"][0]} if "reasonCode" in resource else changed


def _convert_procedure(procedure: Json) -> Json:
    changed = _keep_single_reason(procedure)
    if "basedOn" in procedure:
        changed["basedOn"] = add_type_names(procedure["basedOn"], _BEFORE)[0]
    return rename_elements(changed, basedOn="request")


def _convert_report(report: Json) -> Json:
    changed = {**report_before(report), "category": report["category"][0], "performer": report["performer"][0]}
    if "basedOn" in report:
        changed["basedOn"] = add_type_names(report["basedOn"], _BEFORE)
    return rename_elements(changed, basedOn="request")


def _convert_goal(goal: Json) -> Json:
    changed = {**leave_out(goal, "lifecycleStatus", "target"), "description": goal["description"]["text"]}
    return rename_elements({**changed, "status": goal_status(goal)}, expressedBy="author")


def _convert_plan(plan: Json) -> Json:
    activity = [{"detail": {**activity_entry["detail"], "prohibited": False}} for activity_entry in plan["activity"]]
    category = make_concept("http://argonaut.hl7.org", "assess-plan", "Assessment and Plan of Treatment")
    changed = {**leave_out(plan, "intent", "title", "careTeam"), "category": [category], "activity": activity}
    return rename_elements(changed, contributor="author")


def _convert_device(device: Json) -> Json:
    changed = {**leave_out(device, "udiCarrier", "distinctIdentifier", "serialNumber"), "status": "available"}
    return rename_elements({**changed, "udi": device["udiCarrier"][0]["carrierHRF"]}, expirationDate="expiry")


def _convert_document(document: Json) -> Json:
    changed = document_before(document)
    changed["content"] = [{**content, "format": [content["format"]]} for content in document["content"]]
    return changed


def _convert_binary(binary: Json) -> Json:
    patient_extension = {"url": EXTENSION, "valueReference": binary["securityContext"]}
    return rename_elements({**leave_out(binary, "securityContext"), "meta": {"extension": [patient_extension]}}, data="content")


def _convert_provenance(provenance: Json) -> Json:
    agents = [{"role": agent["type"]["coding"][0], "actor": agent["who"]} for agent in provenance["agent"]]
    return {**provenance, "agent": agents, "target": add_type_names(provenance["target"], _BEFORE)}


_renderer = Renderer(
    {
        "Task": None,
        "Organization": lambda organization: {**organization, "type": organization["type"][0]},
        "Practitioner": _convert_practitioner,
        "PractitionerRole": None,
        "Schedule": lambda schedule: {**schedule, "actor": schedule["actor"][0]},
        "Patient": _convert_patient,
        "Encounter": _convert_encounter,
        "Condition": _convert_condition,
        "AllergyIntolerance": _convert_allergy,
        "MedicationRequest": _convert_order,
        "MedicationDispense": _convert_dispense,
        "Questionnaire": render_questionnaire,
        "QuestionnaireResponse": render_response,
        "Observation": _convert_observation,
        "Coverage": _convert_coverage,
        "RelatedPerson": _related_person,
        "CareTeam": _convert_team,
        "MedicationStatement": _convert_statement,
        "Immunization": _convert_immunization,
        "ServiceRequest": _convert_request,
        "Procedure": _convert_procedure,
        "DiagnosticReport": _convert_report,
        "Goal": _convert_goal,
        "CarePlan": _convert_plan,
        "Device": _convert_device,
        "DocumentReference": _convert_document,
        "Binary": _convert_binary,
        "Provenance": _convert_provenance,
        "Medication": lambda medication: leave_out(medication, "status"),
        "Location": lambda location: {**location, "type": location["type"][0]} if "type" in location else location,
        "Specimen": lambda specimen: leave_out(specimen, "condition"),
        "Media": media_dstu2,
        "Claim": claim_dstu2,
        "ExplanationOfBenefit": benefit_dstu2,
        "Endpoint": None,
        "Consent": None,
        "Group": lambda group: leave_out(group, "active", "managingEntity"),
        "Slot": lambda slot: rename_elements(slot, status="freeBusyType"),
        "Appointment": _convert_appointment,
    },
    _systems,
    plain=frozenset({"Observation"}),
)
render_hospital, render_record, render_panel = _renderer.render_hospital, _renderer.render_record, _renderer.render_panel
render_slot, render_appointment = _renderer.render_slot, _renderer.render_appointment
