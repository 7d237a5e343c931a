"""What R4 says of what was done, asked for, given, planned and put in."""

from __future__ import annotations

import datetime

from sickbay.population.life import (
    UCUM,
    Act,
    Aim,
    Errand,
    Implant,
    Person,
    Plan,
    Report,
    Request,
    Statement,
    Vaccination,
    snomed,
)
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    coded,
    concept,
    encounter,
    instant,
    part_of,
    practitioner,
    profiled,
    reference,
)
from sickbay.population.staff import ORGANIZATION

SMART = "http://hl7.org/fhir/smart-app-launch/CodeSystem/smart-codes"
_ARM = snomed("368208006", "Left upper arm structure", "Left arm")
_KINDS = {
    "LAB": ("LAB", "Laboratory"), "RAD": ("RAD", "Radiology"), "CUS": ("CUS", "Cardiac Ultrasound"),
    "GE": ("OTH", "Other"), "PF": ("PF", "Pulmonary Function"),
}  # fmt: skip
_US_CORE_KINDS = {
    "RAD": ("http://loinc.org", "LP29684-5", "Radiology"), "CUS": ("http://loinc.org", "LP29708-2", "Cardiology"),
    "GE": ("http://loinc.org", "LP7839-6", "Pathology"), "PF": ("http://loinc.org", "LP29708-2", "Cardiology"),
}  # fmt: skip


def immunization(patient: str, dose: Vaccination) -> Json:
    visit = dose.visit
    return {
        **profiled("Immunization", part_of(patient, "i", dose.number), "us-core-immunization"),
        "status": "completed",
        "vaccineCode": concept(dose.vaccine),
        "patient": reference("Patient", patient),
        "encounter": encounter(patient, visit.number),
        "occurrenceDateTime": instant(visit.start + datetime.timedelta(minutes=15)),
        "primarySource": True,
        "location": reference("Location", visit.location),
        "lotNumber": dose.lot,
        "site": concept(_ARM),
        "performer": [{"actor": practitioner(visit.practitioner)}],
    }


def request(patient: str, asked: Request) -> Json:
    visit = asked.visit
    found: Json = {
        **profiled("ServiceRequest", part_of(patient, "q", asked.number), "us-core-servicerequest"),
        "status": "completed",
        "intent": "order",
        "category": [concept(asked.kind)],
        "code": concept(asked.concept),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, visit.number),
        "occurrenceDateTime": visit.day.isoformat(),
        "authoredOn": instant(visit.start + datetime.timedelta(minutes=4)),
        "requester": practitioner(visit.practitioner),
    }
    if asked.problem:
        found["reasonReference"] = [reference("Condition", part_of(patient, "c", asked.problem))]
    return found


def procedure(patient: str, act: Act) -> Json:
    end = act.start + datetime.timedelta(minutes=act.minutes)
    found: Json = {
        **profiled("Procedure", part_of(patient, "d", act.number), "us-core-procedure"),
        "status": "completed",
        "code": concept(act.concept),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, act.visit.number),
        "performedPeriod": {"start": instant(act.start), "end": instant(end)},
        "performer": [{"actor": practitioner(act.visit.practitioner)}],
        "location": reference("Location", act.visit.location),
    }
    if act.request:
        found["basedOn"] = [reference("ServiceRequest", part_of(patient, "q", act.request))]
    if act.problem:
        found["reasonReference"] = [reference("Condition", part_of(patient, "c", act.problem))]
    if act.device:
        found["focalDevice"] = [{"manipulated": reference("Device", part_of(patient, "v", act.device))}]
    return found


def report(patient: str, told: Report) -> Json:
    laboratory = told.kind == "LAB"
    kind = coded(TERMS + "v2-0074", *_KINDS[told.kind]) if laboratory else coded(*_US_CORE_KINDS[told.kind])
    profile = "us-core-diagnosticreport-lab" if laboratory else "us-core-diagnosticreport-note"
    found: Json = {
        **profiled("DiagnosticReport", part_of(patient, "x", told.number), profile),
        "status": "final",
        "category": [kind],
        "code": concept(told.concept),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, told.visit.number),
        "effectiveDateTime": instant(told.visit.start),
        "issued": instant(told.at),
        "performer": [reference("Organization", ORGANIZATION, "General Hospital")],
    }
    if told.request:
        found["basedOn"] = [reference("ServiceRequest", part_of(patient, "q", told.request))]
    if told.readings:
        found["result"] = [reference("Observation", part_of(patient, "o", each)) for each in told.readings]
    if told.conclusion:
        found["conclusion"] = told.conclusion
    return found


def goal(patient: str, aim: Aim) -> Json:
    found: Json = {
        **profiled("Goal", part_of(patient, "g", aim.number), "us-core-goal"),
        "lifecycleStatus": "active",
        "description": {"text": aim.text},
        "subject": reference("Patient", patient),
        "startDate": aim.start.isoformat(),
        "addresses": [reference("Condition", part_of(patient, "c", aim.problem))],
    }
    if aim.measure:
        unit = {"unit": aim.measure.unit, "system": UCUM, "code": aim.measure.ucum}
        bounds = {name: {"value": value, **unit} for name, value in (("low", aim.low), ("high", aim.high)) if value}
        due = aim.start + datetime.timedelta(days=365)
        found["target"] = [{"measure": concept(aim.measure.concept), "detailRange": bounds, "dueDate": due.isoformat()}]
    return found


def plan(patient: str, one: Plan) -> Json:
    steps = ", ".join(step.text for step in one.steps)
    story = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{one.title}: {steps}.</p></div>'
    found: Json = {
        **profiled("CarePlan", part_of(patient, "k", one.number), "us-core-careplan"),
        "text": {"status": "generated", "div": story},
        "status": "active",
        "intent": "plan",
        "category": [
            coded(
                "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                "assess-plan",
                "Assessment and Plan of Treatment",
            )
        ],
        "title": one.title,
        "subject": reference("Patient", patient),
        "period": {"start": one.start.isoformat()},
        "careTeam": [reference("CareTeam", f"{patient}-team")],
        "addresses": [reference("Condition", part_of(patient, "c", one.problem))],
        "activity": [{"detail": {"code": concept(step), "status": "in-progress"}} for step in one.steps],
    }
    if one.aims:
        found["goal"] = [reference("Goal", part_of(patient, "g", aim)) for aim in one.aims]
    return found


def task(who: Person, one: Errand) -> Json:
    """By the profile of a Task that asks for an EHR launch; beside its code stands the hospital's own."""
    asked = instant(one.visit.start + datetime.timedelta(minutes=one.visit.minutes))
    return {
        "resourceType": "Task",
        "id": part_of(who.id, "t", one.number),
        "status": "requested",
        "intent": "order",
        "priority": "routine",
        "code": {
            "coding": [
                {"system": SMART, "code": "launch-app-ehr", "display": "Launch application using the SMART EHR launch"},
                {"system": f"{IDENTIFIERS}errands", "code": one.do, "display": one.text},
            ]
        },
        "description": one.text,
        "focus": reference("Condition", part_of(who.id, "c", one.problem)),
        "for": reference("Patient", who.id),
        "encounter": encounter(who.id, one.visit.number),
        "authoredOn": asked,
        "lastModified": asked,
        "requester": practitioner(one.visit.practitioner),
        "owner": practitioner(who.practitioner),
        "input": [
            {"type": coded(SMART, "smartonfhir-application", "SMART on FHIR application URL."), "valueUrl": one.app},
            {
                "type": coded(SMART, "smartonfhir-appcontext", "Application context related to this launch."),
                "valueString": one.told,
            },
        ],
    }


def device(patient: str, one: Implant) -> Json:
    made = one.since.replace(day=1) - datetime.timedelta(days=200)
    return {
        **profiled("Device", part_of(patient, "v", one.number), "us-core-implantable-device"),
        "udiCarrier": [{"deviceIdentifier": "00844588003288", "carrierHRF": f"(01)00844588003288(21){one.serial}"}],
        "status": "active",
        "distinctIdentifier": one.serial,
        "manufactureDate": made.isoformat(),
        "lotNumber": f"L{one.serial[-4:]}",
        "serialNumber": one.serial,
        "type": concept(one.concept),
        "patient": reference("Patient", patient),
    }


def statement(patient: str, told: Statement) -> Json:
    drug = told.drug
    return {
        "resourceType": "MedicationStatement",
        "id": part_of(patient, "s", told.number),
        "status": "active",
        "medicationCodeableConcept": concept(drug.concept),
        "subject": reference("Patient", patient),
        "effectivePeriod": {"start": told.since.isoformat()},
        "dateAsserted": told.told.isoformat(),
        "informationSource": reference("Patient", patient),
        "dosage": [{"text": drug.taken, "route": concept(drug.route)}],
    }
