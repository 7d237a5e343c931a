"""FHIR R4 4.0.1, by the profiles of US Core 6.1 where a resource meets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sickbay.population.calendar import CLINICS, Booking, Slot
from sickbay.population.life import Allergy, Code, Life, Person, Prescription, Problem, Reading, Visit
from sickbay.population.render.common import (
    IDENTIFIERS,
    Json,
    coded,
    coding,
    concept,
    encounter,
    instant,
    judged,
    part_of,
    period,
    practitioner,
    quantity,
    reference,
    room_name,
)
from sickbay.population.staff import CLINIC, ORGANIZATION, PRACTITIONERS, ROOMS, Practitioner

TERMS = "http://terminology.hl7.org/CodeSystem/"
CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def _profiled(kind: str, id: str, profile: str) -> Json:
    return (
        {"resourceType": kind, "id": id, "meta": {"profile": [CORE + profile]}}
        if profile
        else {"resourceType": kind, "id": id}
    )


def hospital() -> Iterator[Json]:
    """Organization, locations, practitioners."""
    yield {
        **_profiled("Organization", ORGANIZATION, "us-core-organization"),
        "active": True,
        "type": [coded(TERMS + "organization-type", "prov", "Healthcare Provider")],
        "name": "General Hospital",
        "telecom": [{"system": "phone", "value": "(555) 555-0100"}],
        "address": [
            {"line": ["1 Infirmary Road"], "city": "Wexbridge", "state": "MA", "postalCode": "01201", "country": "US"}
        ],
    }
    yield {
        **_profiled("Location", CLINIC, "us-core-location"),
        "status": "active",
        "name": "Outpatient clinic",
        "mode": "instance",
        "managingOrganization": reference("Organization", ORGANIZATION),
    }
    for number, room in enumerate(ROOMS, 1):
        yield {
            **_profiled("Location", room, "us-core-location"),
            "status": "active",
            "name": f"Room {number}",
            "mode": "instance",
            "physicalType": coded(TERMS + "location-physical-type", "ro", "Room"),
            "managingOrganization": reference("Organization", ORGANIZATION),
            "partOf": reference("Location", CLINIC),
        }
    for each in PRACTITIONERS:
        yield _practitioner(each)
    for each in (clinic.practitioner for clinic in CLINICS):
        actor = practitioner(each.id)
        yield {"resourceType": "Schedule", "id": f"schedule-{each.id}", "actor": [actor], "comment": each.title}


def _practitioner(who: Practitioner) -> Json:
    name: Json = {"use": "official", "text": who.name, "family": who.family, "given": [who.given]}
    if who.prefix:
        name["prefix"] = [who.prefix]
    return {
        **_profiled("Practitioner", who.id, "us-core-practitioner"),
        "identifier": [{"system": IDENTIFIERS + "staff", "value": who.id}],
        "active": True,
        "name": [name],
        "gender": who.sex,
        "qualification": [{"code": {"coding": [coding(who.specialty)], "text": who.title}}],
    }


def record(life: Life) -> Iterator[Json]:
    """Everything of one patient, the patient first."""
    who = life.person
    yield patient(who)
    for visit in life.visits:
        yield _encounter(who.id, visit)
    for problem in life.problems:
        yield _condition(who.id, problem)
    for allergy in life.allergies:
        yield _allergy(who.id, allergy)
    for order in life.prescriptions:
        yield _order(who.id, order)
    for reading in life.readings:
        yield _observation(who, reading)


def _ombs(url: str, code: Code) -> Json:
    return {
        "url": CORE + url,
        "extension": [
            {"url": "ombCategory", "valueCoding": coding(code)},
            {"url": "text", "valueString": code.display},
        ],
    }


def patient(who: Person) -> Json:
    status = Code(
        TERMS + "v3-MaritalStatus", "M" if who.married else "S", "Married" if who.married else "Never Married"
    )
    found: Json = {
        **_profiled("Patient", who.id, "us-core-patient"),
        "extension": [
            _ombs("us-core-race", who.race),
            _ombs("us-core-ethnicity", who.ethnicity),
            {"url": CORE + "us-core-birthsex", "valueCode": "F" if who.sex == "female" else "M"},
        ],
        "identifier": [
            {
                "use": "usual",
                "type": {**coded(TERMS + "v2-0203", "MR", "Medical record number"), "text": "Medical record number"},
                "system": IDENTIFIERS + "record-numbers",
                "value": who.record_number,
            }
        ],
        "active": True,
        "name": [{"use": "official", "text": who.name, "family": who.family, "given": list(who.given)}],
        "telecom": [{"system": "phone", "value": who.phone, "use": "home"}],
        "gender": who.sex,
        "birthDate": who.born.isoformat(),
        "address": [
            {
                "use": "home",
                "line": [who.street],
                "city": who.city,
                "state": "MA",
                "postalCode": who.postal,
                "country": "US",
            }
        ],
        "maritalStatus": {"coding": [coding(status)]},
        "communication": [{"language": {"coding": [coding(who.language)], "text": who.language.display}}],
        "generalPractitioner": [practitioner(who.practitioner)],
        "managingOrganization": reference("Organization", ORGANIZATION),
    }
    if who.contact:
        given, family = who.contact.split(" ", 1)
        mother = coded(TERMS + "v3-RoleCode", "MTH", "mother")
        found["contact"] = [{"relationship": [mother], "name": {"family": family, "given": [given]}}]
    return found


def _encounter(patient: str, visit: Visit) -> Json:
    found: Json = {
        **_profiled("Encounter", part_of(patient, "e", visit.number), "us-core-encounter"),
        "identifier": [{"system": IDENTIFIERS + "visits", "value": part_of(patient, "e", visit.number)}],
        "status": "finished",
        "class": {"system": TERMS + "v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [concept(visit.kind)],
        "subject": reference("Patient", patient),
        "participant": [
            {
                "type": [coded(TERMS + "v3-ParticipationType", "PPRF", "primary performer")],
                "individual": practitioner(visit.practitioner),
            }
        ],
        "period": period(visit),
        "location": [{"location": reference("Location", visit.location)}],
        "serviceProvider": reference("Organization", ORGANIZATION),
    }
    if visit.reason:
        found["reasonCode"] = [concept(visit.reason)]
    return found


def _condition(patient: str, problem: Problem) -> Json:
    profile = (
        "us-core-condition-problems-health-concerns" if problem.lasting else "us-core-condition-encounter-diagnosis"
    )
    category = (
        ("problem-list-item", "Problem List Item")
        if problem.lasting
        else ("encounter-diagnosis", "Encounter Diagnosis")
    )
    status = ("resolved", "Resolved") if problem.over else ("active", "Active")
    found: Json = {
        **_profiled("Condition", part_of(patient, "c", problem.number), profile),
        "clinicalStatus": coded(TERMS + "condition-clinical", *status),
        "verificationStatus": coded(TERMS + "condition-ver-status", "confirmed", "Confirmed"),
        "category": [coded(TERMS + "condition-category", *category)],
        "code": concept(problem.concept),
        "subject": reference("Patient", patient),
        "onsetDateTime": problem.onset.isoformat(),
        "recordedDate": problem.recorded.isoformat(),
    }
    if problem.visit:
        found["encounter"] = encounter(patient, problem.visit)
    if problem.site:
        found["bodySite"] = [concept(problem.site)]
    if problem.over:
        found["abatementDateTime"] = problem.over.isoformat()
    return found


def _allergy(patient: str, allergy: Allergy) -> Json:
    found: Json = {
        **_profiled("AllergyIntolerance", part_of(patient, "a", allergy.number), "us-core-allergyintolerance"),
        "clinicalStatus": coded(TERMS + "allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": coded(TERMS + "allergyintolerance-verification", "confirmed", "Confirmed"),
        "code": concept(allergy.concept),
        "patient": reference("Patient", patient),
        "recordedDate": allergy.recorded.isoformat(),
    }
    if allergy.reaction is None:
        return found
    found.update(type="allergy", category=[allergy.category], criticality=allergy.criticality)
    if allergy.since:
        found["onsetDateTime"] = allergy.since
    reaction = {"manifestation": [concept(allergy.reaction)], "severity": allergy.severity}
    return {**found, "reaction": [reaction]}


def _order(patient: str, order: Prescription) -> Json:
    drug = order.drug
    found: Json = {
        **_profiled("MedicationRequest", part_of(patient, "m", order.number), "us-core-medicationrequest"),
        "status": ("completed" if order.finished else "stopped") if order.end else "active",
        "intent": "order",
        "category": [coded(TERMS + "medicationrequest-category", "community", "Community")],
        "reportedBoolean": False,
        "medicationCodeableConcept": concept(drug.concept),
        "subject": reference("Patient", patient),
        "authoredOn": order.start.isoformat(),
        "requester": practitioner(order.prescriber),
        "dosageInstruction": [
            {
                "text": drug.taken,
                "timing": {"repeat": {"frequency": drug.times, "period": drug.period, "periodUnit": drug.unit}},
                "asNeededBoolean": drug.when_needed,
                "route": concept(drug.route),
                "doseAndRate": [{"doseQuantity": {"value": drug.dose, "unit": drug.form}}],
            }
        ],
        "dispenseRequest": {"numberOfRepeatsAllowed": 0 if order.finished else 3},
    }
    if order.visit:
        found["encounter"] = encounter(patient, order.visit)
    if order.problem:
        found["reasonReference"] = [reference("Condition", part_of(patient, "c", order.problem))]
    if order.end:
        found["dispenseRequest"]["validityPeriod"] = {"start": order.start.isoformat(), "end": order.end.isoformat()}
    return found


_CATEGORIES = {
    kind: [{**coded(TERMS + "observation-category", kind, display), "text": display}]
    for kind, display in (
        ("vital-signs", "Vital Signs"),
        ("laboratory", "Laboratory"),
        ("social-history", "Social History"),
    )
}


def _observation(who: Person, reading: Reading) -> Json:
    measure, at = reading.measure, instant(reading.at)
    found: Json = {
        **_profiled("Observation", part_of(who.id, "o", reading.number), measure.profile),
        "status": "final",
        "category": _CATEGORIES[measure.kind],
        "code": concept(measure.concept),
        "subject": {"reference": f"Patient/{who.id}"},
        "effectiveDateTime": at,
        "issued": at,
        "performer": [practitioner(reading.performer) if reading.performer else reference("Patient", who.id, who.name)],
    }
    if reading.visit:
        found["encounter"] = encounter(who.id, reading.visit)
    if reading.parts:
        found["component"] = [
            {"code": concept(part.concept), "valueQuantity": quantity(part, value)} for part, value in reading.parts
        ]
    elif reading.concept:
        found["valueCodeableConcept"] = concept(reading.concept)
    elif reading.value is not None:
        found["valueQuantity"] = quantity(measure, reading.value)
    verdict = judged(reading, who.sex, who.age(reading.at.date()))
    if verdict:
        found["interpretation"] = [coded(TERMS + "v3-ObservationInterpretation", *verdict[0])]
        found["referenceRange"] = [verdict[1]]
    return found


def panel(who: Practitioner, patients: Sequence[str]) -> Json:
    """Whom somebody looks after: a Group, by which exports are asked for."""
    return {
        "resourceType": "Group",
        "id": f"panel-{who.id}",
        "active": True,
        "type": "person",
        "actual": True,
        "name": f"Patients of {who.name}",
        "quantity": len(patients),
        "managingEntity": practitioner(who.id),
        "member": [{"entity": reference("Patient", id)} for id in patients],
    }


def slot(slot: Slot) -> Json:
    return {
        "resourceType": "Slot",
        "id": slot.id,
        "schedule": reference("Schedule", f"schedule-{slot.practitioner}"),
        "status": "busy" if slot.busy else "free",
        "start": instant(slot.start),
        "end": instant(slot.end),
    }


def appointment(booking: Booking) -> Json:
    comes = "declined" if booking.state == "cancelled" else "accepted"
    return {
        "resourceType": "Appointment",
        "id": booking.id,
        "status": booking.state,
        "reasonCode": [{"text": booking.reason}],
        "description": booking.reason,
        "start": instant(booking.slot.start),
        "end": instant(booking.slot.end),
        "minutesDuration": booking.slot.minutes,
        "slot": [reference("Slot", booking.slot.id)],
        "created": booking.made.isoformat(),
        "participant": [
            {
                "actor": reference("Patient", booking.patient.id, booking.patient.name),
                "required": "required",
                "status": comes,
            },
            {"actor": practitioner(booking.slot.practitioner), "required": "required", "status": "accepted"},
            {
                "actor": reference("Location", booking.room, room_name(booking.room)),
                "required": "required",
                "status": "accepted",
            },
        ],
    }
