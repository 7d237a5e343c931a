"""What R4 says of what was done, asked for, given, planned and put in."""

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
    coded,
    coding,
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
    "LAB": (TERMS + "v2-0074", "LAB", "Laboratory"),
    "RAD": (LOINC, "LP29684-5", "Radiology"),
    "CUS": (LOINC, "LP29708-2", "Cardiology"),
    "PF": (TERMS + "v2-0074", "PF", "Pulmonary Function"),
    "OTH": (TERMS + "v2-0074", "OTH", "Other"),
    "PAT": (LOINC, "LP7839-6", "Pathology"),
}
"""What US Core groups reports by, where it has a word for it."""


_GREY = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAk0lEQVR42mOYMamnraGqJC8jr6Sqoa1nEsOErpa6iqKctIS0nKKKupYuho6mmr"
    "KCrJS4iLiUrIKymiYGsPKkmLCAsJgkkDYGsPKoED8Pv5AokDYGsPIgHzcHN58gkDYGsHIvFzsLOxcvkDYGsHInGzMDMxsnkDYGsHIrEz0NPRMr"
    "kDZMFRhmYNiC4Q4Ml2L4Bd23ACAcYAEf+yTfAAAAAElFTkSuQmCC"
)
"""A PNG of 16 by 16 pixels."""
_UNKNOWN = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
UNKNOWN_DAY = "On an unknown day, as the patient remembers"
"""In words: not every library for FHIR reads a required choice that has nothing but an extension."""
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
    if dose.remembered:
        told = {key: value for key, value in found.items() if key not in ("occurrenceDateTime", "location", "performer")}
        return {**told, "occurrenceString": UNKNOWN_DAY, "_lotNumber": _UNKNOWN, "primarySource": False}
    if dose.vaccine is not procedure_codes.ROTAVIRUS:
        found["site"] = concept(procedure_codes.THIGH if who.age(visit.day) < 1.5 else procedure_codes.ARM)
    return {**found, "lotNumber": dose.lot}


def request(patient: str, asked: ServiceRequest) -> Json:
    visit = asked.visit
    found: Json = {
        **profiled("ServiceRequest", part_of(patient, "q", asked.number), "us-core-servicerequest"),
        "status": "completed",
        "intent": "order",
        "category": [_SOCIAL if asked.social else concept(asked.kind)],
        "code": concept(asked.concept),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, visit.number),
        **_occurring(asked),
        "authoredOn": instant(visit.start + datetime.timedelta(minutes=4)),
        "requester": practitioner(visit.practitioner),
    }
    if visit.reason:
        found["reasonCode"] = [concept(visit.reason)]
    if asked.problem:
        found["reasonReference"] = [reference("Condition", part_of(patient, "c", asked.problem))]
    return found


_SOCIAL = {
    "coding": [
        {"system": US_CORE_CATEGORY, "code": "sdoh", "display": "SDOH"},
        coding(procedure_codes.SOCIAL_SERVICE.codes[0]),
    ],
    "text": procedure_codes.SOCIAL_SERVICE.text,
}


def _occurring(asked: ServiceRequest) -> Json:
    day = asked.visit.day.isoformat()
    if asked.until is None:
        return {"occurrenceDateTime": day}
    return {"occurrencePeriod": {"start": day, "end": asked.until.isoformat()}}


SHORT = 10
"""Minutes: what takes no longer has a point in time, not a period."""


def procedure(patient: str, act: Procedure) -> Json:
    found: Json = {
        **profiled("Procedure", part_of(patient, "d", act.number), "us-core-procedure"),
        "status": "completed",
        "code": concept(act.concept),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, act.visit.number),
        **_performed(act),
        "performer": [{"actor": practitioner(act.visit.practitioner)}],
        "location": reference("Location", act.visit.location),
    }
    if act.request:
        found["basedOn"] = [reference("ServiceRequest", part_of(patient, "q", act.request))]
    if act.problem:
        found["reasonReference"] = [reference("Condition", part_of(patient, "c", act.problem))]
    if act.visit.reason:
        found["reasonCode"] = [concept(act.visit.reason)]
    if act.site:
        found["bodySite"] = [concept(act.site)]
    if act.device:
        found["focalDevice"] = [{"manipulated": reference("Device", part_of(patient, "v", act.device))}]
    return found


def _performed(act: Procedure) -> Json:
    if act.minutes <= SHORT:
        return {"performedDateTime": instant(act.start)}
    end = act.start + datetime.timedelta(minutes=act.minutes)
    return {"performedPeriod": {"start": instant(act.start), "end": instant(end)}}


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
    if told.note:
        found["performer"].append(practitioner(told.visit.practitioner))
        found["resultsInterpreter"] = [practitioner(told.visit.practitioner)]
    if told.request:
        found["basedOn"] = [reference("ServiceRequest", part_of(patient, "q", told.request))]
    if drawn := list(specimens):
        found["specimen"] = [reference("Specimen", part_of(patient, "l", each)) for each in drawn]
    if told.readings:
        found["result"] = [reference("Observation", part_of(patient, "o", each)) for each in told.readings]
    if told.conclusion:
        found["conclusion"] = told.conclusion
    if told.note:
        url = f"Binary/{part_of(patient, 'b', told.note)}"
        found["presentedForm"] = [{"contentType": "text/plain", "url": url, "title": told.concept.text}]
    if pictured(told):
        found["media"] = [{"link": reference("Media", part_of(patient, "h", told.number))}]
    return found


def pictured(told: Report) -> bool:
    """An image that somebody asked for is kept with its report."""
    return told.kind == "RAD" and told.request is not None


def picture(patient: str, told: Report) -> Json:
    """A small grey picture, which shows nobody."""
    return {
        "resourceType": "Media",
        "id": part_of(patient, "h", told.number),
        "status": "completed",
        "type": coded(TERMS + "media-type", "image", "Image"),
        "subject": reference("Patient", patient),
        "encounter": encounter(patient, told.visit.number),
        "createdDateTime": instant(told.visit.start),
        "content": {"contentType": "image/png", "data": _GREY, "title": told.concept.text},
    }


def goal(who: Person, aim: Goal) -> Json:
    patient = who.id
    found: Json = {
        **profiled("Goal", part_of(patient, "g", aim.number), "us-core-goal"),
        "lifecycleStatus": "cancelled" if who.died else "active",
        "description": {**({"coding": concept(aim.finding)["coding"]} if aim.finding else {}), "text": aim.text},
        "subject": reference("Patient", patient),
        "startDate": aim.start.isoformat(),
        "expressedBy": practitioner(who.practitioner),
        "addresses": [reference("Condition", part_of(patient, "c", aim.problem))],
    }
    if aim.measure:
        unit = {"unit": aim.measure.unit, "system": UCUM, "code": aim.measure.ucum}
        bounds = {name: {"value": value, **unit} for name, value in (("low", aim.low), ("high", aim.high)) if value}
        due = aim.start + datetime.timedelta(days=365)
        found["target"] = [{"measure": concept(aim.measure.concept), "detailRange": bounds, "dueDate": due.isoformat()}]
    return found


def plan(who: Person, one: CarePlan) -> Json:
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
        "contributor": [practitioner(who.practitioner)],
        "careTeam": [reference("CareTeam", f"{patient}-team")],
        "addresses": [reference("Condition", part_of(patient, "c", one.problem))],
        "activity": [
            {"detail": {"code": concept(step), "status": "cancelled" if who.died else "in-progress"}} for step in one.steps
        ],
    }
    if one.aims:
        found["goal"] = [reference("Goal", part_of(patient, "g", aim)) for aim in one.aims]
    return found


def task(who: Person, one: AppTask) -> Json:
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


def _barcode(one: Implant) -> Json:
    readable = f"(01)00844588003288(21){one.serial}"
    scanned = f"010084458800328821{one.serial}"
    return {"carrierAIDC": base64.b64encode(scanned.encode()).decode(), "carrierHRF": readable}


def device(patient: str, one: Implant) -> Json:
    made = one.since.replace(day=1) - datetime.timedelta(days=200)
    return {
        **profiled("Device", part_of(patient, "v", one.number), "us-core-implantable-device"),
        "udiCarrier": [{"deviceIdentifier": "00844588003288", **_barcode(one)}],
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


def statement(who: Person, told: MedicationStatement) -> Json:
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
