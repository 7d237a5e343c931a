"""FHIR DSTU2 1.0.2, what R4 writes in the shapes that hospitals of its time served (Argonaut's race and ethnicity)."""

from __future__ import annotations

from functools import cache

from sickbay.fhir.binary import EXTENSION
from sickbay.population.render.accounts_before import benefit_dstu2, claim_dstu2, media_dstu2
from sickbay.population.render.changing import (
    Renderer,
    aimed,
    care_team_before,
    code_of,
    counted_before,
    document_before,
    given_before,
    pictured_before,
    pointed,
    renamed,
    systems_below,
    without,
)
from sickbay.population.render.common import Json, coded
from sickbay.population.render.forms_before import questionnaire, response
from sickbay.population.render.r4.clinical import CATEGORIES

HL7 = "http://hl7.org/fhir/"
ARGONAUT = "http://fhir.org/guides/argonaut/StructureDefinition/"
_NAMES = {"us-core-race": "argo-race", "us-core-ethnicity": "argo-ethnicity", "us-core-birthsex": "argo-birthsex"}
_RACE = {"argo-race": HL7 + "v3/Race", "argo-ethnicity": HL7 + "v3/Ethnicity"}
_CRITICALITY = {"low": "CRITL", "high": "CRITH"}
_BEFORE = {"CareTeam": "CarePlan", "MedicationRequest": "MedicationOrder", "ServiceRequest": "ProcedureRequest"}
"""R4's name of a type -> its name here."""
_PROBLEM = coded("http://argonaut.hl7.org", "problem", "Problem")
_DIAGNOSIS = coded(HL7 + "condition-category", "diagnosis", "Diagnosis")
_systems = systems_below({})
_OLD = ("vital-signs", "laboratory", "social-history", "survey", "exam")


def _name(one: Json) -> Json:
    """Family names were a list."""
    return {**one, "family": [one["family"]]}


def _extension(one: Json) -> Json:
    name = _NAMES[one["url"].rpartition("/")[2]]
    if "extension" not in one:
        return {**one, "url": ARGONAUT + name}
    category, text = one["extension"]
    coding = {**category["valueCoding"], "system": _RACE[name]}
    return {"url": ARGONAUT + name, "extension": [{**category, "valueCoding": coding}, text]}


def _patient(one: Json) -> Json:
    known = [_extension(each) for each in one["extension"] if each["url"].rpartition("/")[2] in _NAMES]
    changed = {**one, "extension": known, "name": [_name(each) for each in one["name"]]}
    if "contact" in one:
        parent = coded(HL7 + "patient-contact-relationship", "parent", "Parent")
        changed["contact"] = [{"relationship": [parent], "name": _name(each["name"])} for each in one["contact"]]
    return renamed(changed, generalPractitioner="careProvider")


def _practitioner(one: Json) -> Json:
    specialty = one["qualification"][0]["code"]
    role = ("nurse", "Nurse") if specialty["text"] == "Nurse" else ("doctor", "Doctor")
    role_of = {
        "managingOrganization": {"reference": "Organization/org-1"},
        "role": coded(HL7 + "practitioner-role", *role),
        "specialty": [specialty],
    }
    return {**without(one, "qualification"), "name": _name(one["name"][0]), "practitionerRole": [role_of]}


def _encounter(one: Json) -> Json:
    kind = {"AMB": "ambulatory", "EMER": "emergency", "IMP": "inpatient"}[one["class"]["code"]]
    changed = {**without(one, "extension"), "class": kind}
    return renamed(changed, subject="patient", reasonCode="reason", reasonReference="indication")


def _condition(one: Json) -> Json:
    problem = code_of(one["category"][0]) != "encounter-diagnosis"
    told: Json = {name: code_of(one[name]) for name in ("clinicalStatus", "verificationStatus") if name in one}
    changed = {**without(one, "extension"), **told, "category": _PROBLEM if problem else _DIAGNOSIS}
    return renamed(changed, subject="patient", recordedDate="dateRecorded", recorder="asserter")


def _allergy(one: Json) -> Json:
    changed = {**without(one, "clinicalStatus", "verificationStatus"), "status": "active"}
    if "reaction" in one:
        changed.update(criticality=_CRITICALITY[one["criticality"]], category=one["category"][0])
    return renamed(changed, code="substance", onsetDateTime="onset")


def _dosage(one: Json) -> list[Json]:
    told = []
    for dose in one["dosageInstruction"]:
        repeat = renamed(dose["timing"]["repeat"], periodUnit="periodUnits")
        told.append({**without(dose, "doseAndRate"), "timing": {"repeat": repeat}, **dose["doseAndRate"][0]})
    return told


def _order(one: Json) -> Json:
    changed = {
        **without(
            one,
            "intent",
            "category",
            "reportedBoolean",
            "reportedReference",
            "reasonCode",
            "dispenseRequest",
            "extension",
        ),
        "resourceType": "MedicationOrder",
        "dosageInstruction": _dosage(one),
    }
    dispense = without(one["dispenseRequest"], "validityPeriod")
    if "validityPeriod" in one["dispenseRequest"]:
        changed["dateEnded"] = one["dispenseRequest"]["validityPeriod"]["end"]
    if not dispense["numberOfRepeatsAllowed"]:  # it had to be positive
        dispense = without(dispense, "numberOfRepeatsAllowed")
    changed["dispenseRequest"] = dispense
    if "reasonReference" in one:
        changed["reasonReference"] = one["reasonReference"][0]
    return renamed(changed, subject="patient", authoredOn="dateWritten", requester="prescriber")


_CATEGORIES = {code_of(each[0]): _systems(each[0]) for kind, each in CATEGORIES.items() if kind in _OLD}


@cache
def _interpreted(code: str, display: str) -> Json:
    return coded(HL7 + "v2/0078", code, display)


@cache
def _other_category(code: str) -> Json:
    """Categories of US Core did not exist; social history was the nearest."""
    return dict(_CATEGORIES.get(code) or _CATEGORIES["social-history"])


def _category(category: Json) -> Json:
    return _other_category(code_of(category))


def _observation(one: Json) -> Json:
    """Nine in ten resources are one, so what is told of it again and again is changed once."""
    changed = {**counted_before(one), "category": _category(one["category"][0])}
    if "interpretation" in one:
        told = one["interpretation"][0]["coding"][0]
        changed["interpretation"] = _interpreted(told["code"], told["display"])
    if "dataAbsentReason" in one:
        changed["dataAbsentReason"] = _systems(one["dataAbsentReason"])
    if "component" in one:
        changed["component"] = [_component(each) for each in one["component"]]
    if "valueBoolean" in one:
        changed = without(changed, "valueBoolean")
        changed["valueCodeableConcept"] = {"text": "Yes" if one["valueBoolean"] else "No"}
    return changed


def _component(one: Json) -> Json:
    return one if "valueQuantity" in one else dict(_systems(one))


def _dispense(one: Json) -> Json:
    """Only a person could hand it out."""
    asked = pointed(one["authorizingPrescription"], _BEFORE)
    changed = {
        **without(one, "performer", "context"),
        "identifier": one["identifier"][0],
        "authorizingPrescription": asked,
    }
    return renamed({**changed, "dosageInstruction": _dosage(one)}, subject="patient")


def _appointment(one: Json) -> Json:
    status = "arrived" if one["status"] == "checked-in" else one["status"]
    return renamed({**without(one, "created"), "status": status, "reasonCode": one["reasonCode"][0]}, reasonCode="reason")


def _coverage(one: Json) -> Json:
    return {
        "resourceType": "Coverage",
        "id": one["id"],
        "issuer": one["payor"][0],
        "period": one["period"],
        "type": one["type"]["coding"][0],
        "identifier": [without(one["identifier"][0], "type")],
        "subscriberId": {"value": one["subscriberId"]},
        "plan": one["class"][0]["value"],
        "subscriber": one["beneficiary"],
    }


def _related(one: Json) -> Json:
    changed = {**without(one, "active"), "name": _name(one["name"][0]), "relationship": one["relationship"][0]}
    return changed


def _team(one: Json) -> Json:
    """There was no CareTeam: Argonaut put it into a CarePlan."""
    status = "active" if one["status"] == "active" else "completed"
    return {
        "resourceType": "CarePlan",
        "id": one["id"],
        "subject": one["subject"],
        "status": status,
        "category": [coded("http://argonaut.hl7.org", "careteam", "Care Team")],
        "participant": care_team_before(one),
    }


def _statement(one: Json) -> Json:
    return renamed(one, subject="patient")


def _immunization(one: Json) -> Json:
    changed = {
        **without(one, "primarySource", "statusReason", "occurrenceString"),
        **given_before(one, "wasNotGiven"),
        "reported": not one["primarySource"],
        **({"performer": one["performer"][0]["actor"]} if "performer" in one else {}),
    }
    return renamed(changed, occurrenceDateTime="date")


def _request(one: Json) -> Json:
    changed = {**_reasoned(without(one, "intent", "category")), "resourceType": "ProcedureRequest"}
    return renamed(
        changed,
        occurrenceDateTime="scheduledDateTime",
        occurrencePeriod="scheduledPeriod",
        authoredOn="orderedOn",
        requester="orderer",
    )


def _reasoned(one: Json) -> Json:
    """There was one reason: the problem, or else the words for it."""
    changed = without(one, "reasonCode", "reasonReference")
    if "reasonReference" in one:
        return {**changed, "reasonReference": one["reasonReference"][0]}
    return {**changed, "reasonCodeableConcept": one["reasonCode"][0]} if "reasonCode" in one else changed


def _procedure(one: Json) -> Json:
    changed = _reasoned(one)
    if "basedOn" in one:
        changed["basedOn"] = pointed(one["basedOn"], _BEFORE)[0]
    return renamed(changed, basedOn="request")


def _report(one: Json) -> Json:
    changed = {**pictured_before(one), "category": one["category"][0], "performer": one["performer"][0]}
    if "basedOn" in one:
        changed["basedOn"] = pointed(one["basedOn"], _BEFORE)
    return renamed(changed, basedOn="request")


def _goal(one: Json) -> Json:
    changed = {**without(one, "lifecycleStatus", "target"), "description": one["description"]["text"]}
    return renamed({**changed, "status": aimed(one)}, expressedBy="author")


def _plan(one: Json) -> Json:
    activity = [{"detail": {**each["detail"], "prohibited": False}} for each in one["activity"]]
    category = coded("http://argonaut.hl7.org", "assess-plan", "Assessment and Plan of Treatment")
    changed = {**without(one, "intent", "title", "careTeam"), "category": [category], "activity": activity}
    return renamed(changed, contributor="author")


def _device(one: Json) -> Json:
    changed = {**without(one, "udiCarrier", "distinctIdentifier", "serialNumber"), "status": "available"}
    return renamed({**changed, "udi": one["udiCarrier"][0]["carrierHRF"]}, expirationDate="expiry")


def _document(one: Json) -> Json:
    changed = document_before(one)
    changed["content"] = [{**each, "format": [each["format"]]} for each in one["content"]]
    return changed


def _binary(one: Json) -> Json:
    belongs = {"url": EXTENSION, "valueReference": one["securityContext"]}
    return renamed({**without(one, "securityContext"), "meta": {"extension": [belongs]}}, data="content")


def _provenance(one: Json) -> Json:
    agents = [{"role": each["type"]["coding"][0], "actor": each["who"]} for each in one["agent"]]
    return {**one, "agent": agents, "target": pointed(one["target"], _BEFORE)}


_renderer = Renderer(
    {
        "Task": None,
        "Organization": lambda one: {**one, "type": one["type"][0]},
        "Practitioner": _practitioner,
        "PractitionerRole": None,
        "Schedule": lambda one: {**one, "actor": one["actor"][0]},
        "Patient": _patient,
        "Encounter": _encounter,
        "Condition": _condition,
        "AllergyIntolerance": _allergy,
        "MedicationRequest": _order,
        "MedicationDispense": _dispense,
        "Questionnaire": questionnaire,
        "QuestionnaireResponse": response,
        "Observation": _observation,
        "Coverage": _coverage,
        "RelatedPerson": _related,
        "CareTeam": _team,
        "MedicationStatement": _statement,
        "Immunization": _immunization,
        "ServiceRequest": _request,
        "Procedure": _procedure,
        "DiagnosticReport": _report,
        "Goal": _goal,
        "CarePlan": _plan,
        "Device": _device,
        "DocumentReference": _document,
        "Binary": _binary,
        "Provenance": _provenance,
        "Medication": lambda one: without(one, "status"),
        "Location": lambda one: {**one, "type": one["type"][0]} if "type" in one else one,
        "Specimen": lambda one: without(one, "condition"),
        "Media": media_dstu2,
        "Claim": claim_dstu2,
        "ExplanationOfBenefit": benefit_dstu2,
        "Endpoint": None,
        "Consent": None,
        "Group": lambda one: without(one, "active", "managingEntity"),
        "Slot": lambda one: renamed(one, status="freeBusyType"),
        "Appointment": _appointment,
    },
    _systems,
    plain=frozenset({"Observation"}),
)
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
