"""R4 resources for immunizations, requests, procedures, reports, goals, care plans, tasks, devices and statements."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterable

from sickbay.population import procedure_codes
from sickbay.population.codings import LOINC, UCUM
from sickbay.population.patient_history import (
    AppTask,
    CarePlan,
    Goal,
    Implant,
    MedicationStatement,
    Person,
    Procedure,
    Report,
    ServiceRequest,
    Vaccination,
)
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    US_CORE_CATEGORY,
    Json,
    begin_resource,
    format_instant,
    make_concept,
    part_of,
    refer_to_encounter,
    refer_to_practitioner,
    render_coding,
    render_concept,
    render_medication,
    render_reference,
)
from sickbay.population.staff import ORGANIZATION

SMART = "http://hl7.org/fhir/smart-app-launch/CodeSystem/smart-codes"
_KINDS = {
    "LAB": (TERMS + "v2-0074", "LAB", "Laboratory"),
    "RAD": (LOINC, "LP29684-5", "Radiology"),
    "CUS": (LOINC, "LP29708-2", "Cardiology"),
    "PF": (TERMS + "v2-0074", "PF", "Pulmonary Function"),
    "OTH": (TERMS + "v2-0074", "OTH", "Other"),
    "PAT": (LOINC, "LP7839-6", "Pathology"),
}
"""The categories by which US Core groups reports, if it defines one."""


_GREY = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAk0lEQVR42mOYMamnraGqJC8jr6Sqoa1nEsOErpa6iqKctIS0nKKKupYuho6mmr"
    "KCrJS4iLiUrIKymiYGsPKkmLCAsJgkkDYGsPKoED8Pv5AokDYGsPIgHzcHN58gkDYGsHIvFzsLOxcvkDYGsHInGzMDMxsnkDYGsHIrEz0NPRMr"
    "kDZMFRhmYNiC4Q4Ml2L4Bd23ACAcYAEf+yTfAAAAAElFTkSuQmCC"
)
"""A PNG of 16 by 16 pixels."""
_UNKNOWN = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
UNKNOWN_DAY = "On an unknown day, as the patient remembers"
"""A text instead of an extension: not every FHIR library can read a required choice that has only an extension."""
_REFUSED = make_concept(TERMS + "v3-ActReason", "PATOBJ", "patient objection")


def render_immunization(person: Person, dose: Vaccination) -> Json:
    """Returns an Immunization. Infants are vaccinated in the thigh; the rotavirus vaccine is oral and has no site."""
    patient, visit = person.id, dose.visit
    resource: Json = {
        **begin_resource("Immunization", part_of(patient, "i", dose.number), "us-core-immunization"),
        "status": "not-done" if dose.refused else "completed",
        "vaccineCode": render_concept(dose.vaccine),
        "patient": render_reference("Patient", patient),
        "encounter": refer_to_encounter(patient, visit.number),
        "occurrenceDateTime": format_instant(visit.start + datetime.timedelta(minutes=15)),
        "primarySource": True,
        "location": render_reference("Location", visit.location),
        "performer": [{"actor": refer_to_practitioner(visit.practitioner)}],
    }
    if dose.refused:
        return {**resource, "statusReason": _REFUSED}
    if dose.remembered:
        shared = {key: value for key, value in resource.items() if key not in ("occurrenceDateTime", "location", "performer")}
        return {**shared, "occurrenceString": UNKNOWN_DAY, "_lotNumber": _UNKNOWN, "primarySource": False}
    if dose.vaccine is not procedure_codes.ROTAVIRUS:
        resource["site"] = render_concept(procedure_codes.THIGH if person.age(visit.day) < 1.5 else procedure_codes.ARM)
    return {**resource, "lotNumber": dose.lot}


def render_request(patient: str, order: ServiceRequest) -> Json:
    visit = order.visit
    resource: Json = {
        **begin_resource("ServiceRequest", part_of(patient, "q", order.number), "us-core-servicerequest"),
        "status": "completed",
        "intent": "order",
        "category": [_SOCIAL if order.social else render_concept(order.kind)],
        "code": render_concept(order.concept),
        "subject": render_reference("Patient", patient),
        "encounter": refer_to_encounter(patient, visit.number),
        **_render_occurrence(order),
        "authoredOn": format_instant(visit.start + datetime.timedelta(minutes=4)),
        "requester": refer_to_practitioner(visit.practitioner),
    }
    if visit.reason:
        resource["reasonCode"] = [render_concept(visit.reason)]
    if order.problem:
        resource["reasonReference"] = [render_reference("Condition", part_of(patient, "c", order.problem))]
    return resource


_SOCIAL = {
    "coding": [
        {"system": US_CORE_CATEGORY, "code": "sdoh", "display": "SDOH"},
        render_coding(procedure_codes.SOCIAL_SERVICE.codes[0]),
    ],
    "text": procedure_codes.SOCIAL_SERVICE.text,
}


def _render_occurrence(order: ServiceRequest) -> Json:
    day = order.visit.day.isoformat()
    if order.until is None:
        return {"occurrenceDateTime": day}
    return {"occurrencePeriod": {"start": day, "end": order.until.isoformat()}}


SHORT = 10
"""Maximum length in minutes of a procedure with a point in time instead of a period."""


def render_procedure(patient: str, procedure: Procedure) -> Json:
    resource: Json = {
        **begin_resource("Procedure", part_of(patient, "d", procedure.number), "us-core-procedure"),
        "status": "completed",
        "code": render_concept(procedure.concept),
        "subject": render_reference("Patient", patient),
        "encounter": refer_to_encounter(patient, procedure.visit.number),
        **_render_period(procedure),
        "performer": [{"actor": refer_to_practitioner(procedure.visit.practitioner)}],
        "location": render_reference("Location", procedure.visit.location),
    }
    if procedure.request:
        resource["basedOn"] = [render_reference("ServiceRequest", part_of(patient, "q", procedure.request))]
    if procedure.problem:
        resource["reasonReference"] = [render_reference("Condition", part_of(patient, "c", procedure.problem))]
    if procedure.visit.reason:
        resource["reasonCode"] = [render_concept(procedure.visit.reason)]
    if procedure.site:
        resource["bodySite"] = [render_concept(procedure.site)]
    if procedure.device:
        resource["focalDevice"] = [{"manipulated": render_reference("Device", part_of(patient, "v", procedure.device))}]
    return resource


def _render_period(procedure: Procedure) -> Json:
    if procedure.minutes <= SHORT:
        return {"performedDateTime": format_instant(procedure.start)}
    end = procedure.start + datetime.timedelta(minutes=procedure.minutes)
    return {"performedPeriod": {"start": format_instant(procedure.start), "end": format_instant(end)}}


def render_report(patient: str, report: Report, specimens: Iterable[int] = ()) -> Json:
    """Returns a DiagnosticReport. specimens: the numbers of those in which its results were measured."""
    profile = "us-core-diagnosticreport-lab" if report.kind == "LAB" else "us-core-diagnosticreport-note"
    resource: Json = {
        **begin_resource("DiagnosticReport", part_of(patient, "x", report.number), profile),
        "status": "final",
        "category": [make_concept(*_KINDS[report.kind])],
        "code": render_concept(report.concept),
        "subject": render_reference("Patient", patient),
        "encounter": refer_to_encounter(patient, report.visit.number),
        "effectiveDateTime": format_instant(report.visit.start),
        "issued": format_instant(report.at),
        "performer": [render_reference("Organization", ORGANIZATION, "General Hospital")],
    }
    if report.note:
        resource["performer"].append(refer_to_practitioner(report.visit.practitioner))
        resource["resultsInterpreter"] = [refer_to_practitioner(report.visit.practitioner)]
    if report.request:
        resource["basedOn"] = [render_reference("ServiceRequest", part_of(patient, "q", report.request))]
    if specimen_numbers := list(specimens):
        resource["specimen"] = [render_reference("Specimen", part_of(patient, "l", number)) for number in specimen_numbers]
    if report.readings:
        resource["result"] = [render_reference("Observation", part_of(patient, "o", number)) for number in report.readings]
    if report.conclusion:
        resource["conclusion"] = report.conclusion
    if report.note:
        url = f"Binary/{part_of(patient, 'b', report.note)}"
        resource["presentedForm"] = [{"contentType": "text/plain", "url": url, "title": report.concept.text}]
    if has_image(report):
        resource["media"] = [{"link": render_reference("Media", part_of(patient, "h", report.number))}]
    return resource


def has_image(report: Report) -> bool:
    """Returns whether the report has an image: if it is a requested imaging study."""
    return report.kind == "RAD" and report.request is not None


def render_image(patient: str, report: Report) -> Json:
    """Returns a small grey image that shows no patient."""
    return {
        "resourceType": "Media",
        "id": part_of(patient, "h", report.number),
        "status": "completed",
        "type": make_concept(TERMS + "media-type", "image", "Image"),
        "subject": render_reference("Patient", patient),
        "encounter": refer_to_encounter(patient, report.visit.number),
        "createdDateTime": format_instant(report.visit.start),
        "content": {"contentType": "image/png", "data": _GREY, "title": report.concept.text},
    }


def render_goal(person: Person, goal: Goal) -> Json:
    patient = person.id
    resource: Json = {
        **begin_resource("Goal", part_of(patient, "g", goal.number), "us-core-goal"),
        "lifecycleStatus": "cancelled" if person.died else "active",
        "description": {**({"coding": render_concept(goal.finding)["coding"]} if goal.finding else {}), "text": goal.text},
        "subject": render_reference("Patient", patient),
        "startDate": goal.start.isoformat(),
        "expressedBy": refer_to_practitioner(person.practitioner),
        "addresses": [render_reference("Condition", part_of(patient, "c", goal.problem))],
    }
    if goal.measure:
        unit = {"unit": goal.measure.unit, "system": UCUM, "code": goal.measure.ucum}
        bounds = {name: {"value": value, **unit} for name, value in (("low", goal.low), ("high", goal.high)) if value}
        due = goal.start + datetime.timedelta(days=365)
        resource["target"] = [
            {"measure": render_concept(goal.measure.concept), "detailRange": bounds, "dueDate": due.isoformat()}
        ]
    return resource


def render_plan(person: Person, care_plan: CarePlan) -> Json:
    """Returns a CarePlan. It ends when the patient dies."""
    patient = person.id
    steps = ", ".join(step.text for step in care_plan.steps)
    narrative = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{care_plan.title}: {steps}.</p></div>'
    resource: Json = {
        **begin_resource("CarePlan", part_of(patient, "k", care_plan.number), "us-core-careplan"),
        "text": {"status": "generated", "div": narrative},
        "status": "completed" if person.died else "active",
        "intent": "plan",
        "category": [
            make_concept(
                "http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", "Assessment and Plan of Treatment"
            )
        ],
        "title": care_plan.title,
        "subject": render_reference("Patient", patient),
        "period": _period_since(care_plan.start, person),
        "contributor": [refer_to_practitioner(person.practitioner)],
        "careTeam": [render_reference("CareTeam", f"{patient}-team")],
        "addresses": [render_reference("Condition", part_of(patient, "c", care_plan.problem))],
        "activity": [
            {"detail": {"code": render_concept(step), "status": "cancelled" if person.died else "in-progress"}}
            for step in care_plan.steps
        ],
    }
    if care_plan.goals:
        resource["goal"] = [render_reference("Goal", part_of(patient, "g", goal)) for goal in care_plan.goals]
    return resource


def render_task(person: Person, app_task: AppTask) -> Json:
    """Returns a Task that asks for an EHR launch. Its code has a second coding, the hospital's own."""
    authored = format_instant(app_task.visit.start + datetime.timedelta(minutes=app_task.visit.minutes))
    return {
        "resourceType": "Task",
        "id": part_of(person.id, "t", app_task.number),
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {
            "coding": [
                {"system": SMART, "code": "launch-app-ehr", "display": "Launch application using the SMART EHR launch"},
                {"system": f"{IDENTIFIERS}errands", "code": app_task.do, "display": app_task.text},
            ]
        },
        "description": app_task.text,
        "focus": render_reference("Condition", part_of(person.id, "c", app_task.problem)),
        "for": render_reference("Patient", person.id),
        "encounter": refer_to_encounter(person.id, app_task.visit.number),
        "authoredOn": authored,
        "lastModified": authored,
        "requester": refer_to_practitioner(app_task.visit.practitioner),
        "owner": refer_to_practitioner(person.practitioner),
        "input": [
            {
                "type": make_concept(SMART, "smartonfhir-application", "SMART on FHIR application URL."),
                "valueUrl": app_task.app,
            },
            {
                "type": make_concept(SMART, "smartonfhir-appcontext", "Application context related to this launch."),
                "valueString": app_task.context,
            },
        ],
    }


def _implant_barcode(implant: Implant) -> Json:
    readable = f"(01)00844588003288(21){implant.serial}"
    scanned = f"010084458800328821{implant.serial}"
    return {"carrierAIDC": base64.b64encode(scanned.encode()).decode(), "carrierHRF": readable}


def render_device(patient: str, implant: Implant) -> Json:
    manufactured = implant.since.replace(day=1) - datetime.timedelta(days=200)
    return {
        **begin_resource("Device", part_of(patient, "v", implant.number), "us-core-implantable-device"),
        "udiCarrier": [{"deviceIdentifier": "00844588003288", **_implant_barcode(implant)}],
        "status": "active",
        "distinctIdentifier": implant.serial,
        "manufactureDate": manufactured.isoformat(),
        "expirationDate": (manufactured + datetime.timedelta(days=5 * 365)).isoformat(),
        "lotNumber": f"L{implant.serial[-4:]}",
        "serialNumber": implant.serial,
        "type": render_concept(implant.concept),
        "patient": render_reference("Patient", patient),
    }


def _period_since(start: datetime.date, person: Person) -> Json:
    """Returns a period that ends only if the patient has died."""
    return {"start": start.isoformat(), **({"end": person.died.isoformat()} if person.died else {})}


def render_statement(person: Person, medication_statement: MedicationStatement) -> Json:
    patient, drug, stopped = person.id, medication_statement.drug, medication_statement.stopped
    period = _period_since(medication_statement.since, person)
    return {
        "resourceType": "MedicationStatement",
        "id": part_of(patient, "s", medication_statement.number),
        "status": "stopped" if stopped else "completed" if person.died else "active",
        **({"statusReason": [{"text": stopped[1]}]} if stopped else {}),
        **render_medication(drug),
        "subject": render_reference("Patient", patient),
        "context": refer_to_encounter(patient, medication_statement.visit),
        "effectivePeriod": {**period, "end": stopped[0].isoformat()} if stopped else period,
        "dateAsserted": medication_statement.reported.isoformat(),
        "informationSource": render_reference("Patient", patient),
        "dosage": [{"text": drug.taken, "route": render_concept(drug.route)}],
    }
