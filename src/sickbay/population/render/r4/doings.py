"""What R4 says of what was done, asked for, given, planned and put in."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterable

from sickbay.population import acts
from sickbay.population.life import (
    LOINC,
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
_KINDS = {
    "LAB": (TERMS + "v2-0074", "LAB", "Laboratory"), "RAD": (LOINC, "LP29684-5", "Radiology"),
    "CUS": (LOINC, "LP29708-2", "Cardiology"), "PF": (TERMS + "v2-0074", "PF", "Pulmonary Function"),
    "OTH": (TERMS + "v2-0074", "OTH", "Other"),
}  # fmt: skip
"""What US Core groups reports by, where it has a word for it."""


_REFUSED = coded(TERMS + "v3-ActReason", "PATOBJ", "patient objection")


def immunization(who: Person, dose: Vaccination) -> Json:
    """Infants are vaccinated in the thigh; against rotavirus they swallow."""
    patient, visit = who.id, dose.visit
    found: Json = {
        **profiled("Immunization", part_of(patient, "i", dose.number), "us-core-immunization"),
        "status": "not-done" if dose.refused else "completed",
        "vaccineCode": concept(dose.vaccine),
        "patient": reference("Patient", patient),
        "encounter": encounter(patient, visit.number),
        "occurrenceDateTime": instant(visit.start + datetime.timedelta(minutes=15)),
        "primarySource": True,
        "location": reference("Location", visit.location),
        "performer": [{"actor": practitioner(visit.practitioner)}],
    }
    if dose.refused:
        return {**found, "statusReason": _REFUSED}
    if dose.vaccine is not acts.ROTAVIRUS:
        found["site"] = concept(acts.THIGH if who.age(visit.day) < 1.5 else acts.ARM)
    return {**found, "lotNumber": dose.lot}


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
    if act.site:
        found["bodySite"] = [concept(act.site)]
    if act.device:
        found["focalDevice"] = [{"manipulated": reference("Device", part_of(patient, "v", act.device))}]
    return found


def report(patient: str, told: Report, specimens: Iterable[int] = ()) -> Json:
    """specimens: the numbers of those in which its results were measured."""
    profile = "us-core-diagnosticreport-lab" if told.kind == "LAB" else "us-core-diagnosticreport-note"
    found: Json = {
        **profiled("DiagnosticReport", part_of(patient, "x", told.number), profile),
        "status": "final",
        "category": [coded(*_KINDS[told.kind])],
        "code": concept(told.concept),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, told.visit.number),
        "effectiveDateTime": instant(told.visit.start),
        "issued": instant(told.at),
        "performer": [reference("Organization", ORGANIZATION, "General Hospital")],
    }
    if told.request:
        found["basedOn"] = [reference("ServiceRequest", part_of(patient, "q", told.request))]
    if drawn := list(specimens):
        found["specimen"] = [reference("Specimen", part_of(patient, "l", each)) for each in drawn]
    if told.readings:
        found["result"] = [reference("Observation", part_of(patient, "o", each)) for each in told.readings]
    if told.conclusion:
        found["conclusion"] = told.conclusion
        data = base64.b64encode(told.conclusion.encode()).decode()
        found["presentedForm"] = [{"contentType": "text/plain", "data": data, "title": told.concept.text}]
    return found


def goal(who: Person, aim: Aim) -> Json:
    patient = who.id
    found: Json = {
        **profiled("Goal", part_of(patient, "g", aim.number), "us-core-goal"),
        "lifecycleStatus": "cancelled" if who.died else "active",
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


def plan(who: Person, one: Plan) -> Json:
    """It ends with the life."""
    patient = who.id
    steps = ", ".join(step.text for step in one.steps)
    story = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{one.title}: {steps}.</p></div>'
    found: Json = {
        **profiled("CarePlan", part_of(patient, "k", one.number), "us-core-careplan"),
        "text": {"status": "generated", "div": story},
        "status": "completed" if who.died else "active",
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
        "period": _since(one.start, who),
        "careTeam": [reference("CareTeam", f"{patient}-team")],
        "addresses": [reference("Condition", part_of(patient, "c", one.problem))],
        "activity": [
            {"detail": {"code": concept(step), "status": "cancelled" if who.died else "in-progress"}}
            for step in one.steps
        ],
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
        "expirationDate": (made + datetime.timedelta(days=5 * 365)).isoformat(),
        "lotNumber": f"L{one.serial[-4:]}",
        "serialNumber": one.serial,
        "type": concept(one.concept),
        "patient": reference("Patient", patient),
    }


def _since(start: datetime.date, who: Person) -> Json:
    """A period that lasts, until the death at the latest."""
    return {"start": start.isoformat(), **({"end": who.died.isoformat()} if who.died else {})}


def statement(who: Person, told: Statement) -> Json:
    patient, drug = who.id, told.drug
    return {
        "resourceType": "MedicationStatement",
        "id": part_of(patient, "s", told.number),
        "status": "completed" if who.died else "active",
        "medicationCodeableConcept": concept(drug.concept),
        "subject": reference("Patient", patient),
        "effectivePeriod": _since(told.since, who),
        "dateAsserted": told.told.isoformat(),
        "informationSource": reference("Patient", patient),
        "dosage": [{"text": drug.taken, "route": concept(drug.route)}],
    }
