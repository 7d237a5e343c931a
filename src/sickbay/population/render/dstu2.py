"""FHIR DSTU2 1.0.2, in the shapes that hospitals of its time served (Argonaut's race and ethnicity)."""

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

HL7 = "http://hl7.org/fhir/"
ARGONAUT = "http://fhir.org/guides/argonaut/StructureDefinition/"
_CRITICALITY = {"low": "CRITL", "high": "CRITH"}


def hospital() -> Iterator[Json]:
    """Organization, locations, practitioners."""
    yield {
        "resourceType": "Organization",
        "id": ORGANIZATION,
        "active": True,
        "type": coded(HL7 + "organization-type", "prov", "Healthcare Provider"),
        "name": "General Hospital",
        "telecom": [{"system": "phone", "value": "(555) 555-0100"}],
        "address": [
            {"line": ["1 Infirmary Road"], "city": "Wexbridge", "state": "MA", "postalCode": "01201", "country": "US"}
        ],
    }
    yield {
        "resourceType": "Location",
        "id": CLINIC,
        "status": "active",
        "name": "Outpatient clinic",
        "mode": "instance",
        "managingOrganization": reference("Organization", ORGANIZATION),
    }
    for number, room in enumerate(ROOMS, 1):
        yield {
            "resourceType": "Location",
            "id": room,
            "status": "active",
            "name": f"Room {number}",
            "mode": "instance",
            "physicalType": coded(HL7 + "location-physical-type", "ro", "Room"),
            "managingOrganization": reference("Organization", ORGANIZATION),
            "partOf": reference("Location", CLINIC),
        }
    for each in PRACTITIONERS:
        yield _practitioner(each)
    for each in (clinic.practitioner for clinic in CLINICS):
        actor = practitioner(each.id)
        yield {"resourceType": "Schedule", "id": f"schedule-{each.id}", "actor": actor, "comment": each.title}


def _practitioner(who: Practitioner) -> Json:
    name: Json = {"use": "official", "text": who.name, "family": [who.family], "given": [who.given]}
    if who.prefix:
        name["prefix"] = [who.prefix]
    specialty = {"coding": [coding(who.specialty)], "text": who.title}
    role = ("nurse", "Nurse") if who.title == "Nurse" else ("doctor", "Doctor")
    return {
        "resourceType": "Practitioner",
        "id": who.id,
        "identifier": [{"system": IDENTIFIERS + "staff", "value": who.id}],
        "active": True,
        "name": name,
        "gender": who.sex,
        "practitionerRole": [
            {
                "managingOrganization": reference("Organization", ORGANIZATION),
                "role": coded(HL7 + "practitioner-role", *role),
                "specialty": [specialty],
            }
        ],
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


def _ombs(url: str, system: str, code: Code) -> Json:
    category = {"system": HL7 + system, "code": code.code, "display": code.display}
    parts = [{"url": "ombCategory", "valueCoding": category}, {"url": "text", "valueString": code.display}]
    return {"url": ARGONAUT + url, "extension": parts}


def patient(who: Person) -> Json:
    status = ("M", "Married") if who.married else ("S", "Never Married")
    found: Json = {
        "resourceType": "Patient",
        "id": who.id,
        "extension": [
            _ombs("argo-race", "v3/Race", who.race),
            _ombs("argo-ethnicity", "v3/Ethnicity", who.ethnicity),
            {"url": ARGONAUT + "argo-birthsex", "valueCode": "F" if who.sex == "female" else "M"},
        ],
        "identifier": [
            {
                "use": "usual",
                "type": {**coded(HL7 + "v2/0203", "MR", "Medical record number"), "text": "Medical record number"},
                "system": IDENTIFIERS + "record-numbers",
                "value": who.record_number,
            }
        ],
        "active": True,
        "name": [{"use": "official", "text": who.name, "family": [who.family], "given": list(who.given)}],
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
        "maritalStatus": coded(HL7 + "v3/MaritalStatus", *status),
        "communication": [{"language": {"coding": [coding(who.language)], "text": who.language.display}}],
        "careProvider": [practitioner(who.practitioner)],
        "managingOrganization": reference("Organization", ORGANIZATION),
    }
    if who.contact:
        given, family = who.contact.split(" ", 1)
        parent = coded(HL7 + "patient-contact-relationship", "parent", "Parent")
        found["contact"] = [{"relationship": [parent], "name": {"family": [family], "given": [given]}}]
    return found


def _encounter(patient: str, visit: Visit) -> Json:
    found: Json = {
        "resourceType": "Encounter",
        "id": part_of(patient, "e", visit.number),
        "identifier": [{"system": IDENTIFIERS + "visits", "value": part_of(patient, "e", visit.number)}],
        "status": "finished",
        "class": "ambulatory",
        "type": [concept(visit.kind)],
        "patient": reference("Patient", patient),
        "participant": [
            {
                "type": [coded(HL7 + "v3/ParticipationType", "PPRF", "primary performer")],
                "individual": practitioner(visit.practitioner),
            }
        ],
        "period": period(visit),
        "location": [{"location": reference("Location", visit.location)}],
        "serviceProvider": reference("Organization", ORGANIZATION),
    }
    if visit.reason:
        found["reason"] = [concept(visit.reason)]
    return found


def _condition(patient: str, problem: Problem) -> Json:
    found: Json = {
        "resourceType": "Condition",
        "id": part_of(patient, "c", problem.number),
        "patient": reference("Patient", patient),
        "dateRecorded": problem.recorded.isoformat(),
        "code": concept(problem.concept),
        "category": _PROBLEM if problem.lasting else _DIAGNOSIS,
        "clinicalStatus": "resolved" if problem.over else "active",
        "verificationStatus": "confirmed",
        "onsetDateTime": problem.onset.isoformat(),
    }
    if problem.visit:
        found["encounter"] = encounter(patient, problem.visit)
    if problem.site:
        found["bodySite"] = [concept(problem.site)]
    if problem.over:
        found["abatementDateTime"] = problem.over.isoformat()
    return found


_PROBLEM = coded("http://argonaut.hl7.org", "problem", "Problem")
_DIAGNOSIS = coded(HL7 + "condition-category", "diagnosis", "Diagnosis")


def _allergy(patient: str, allergy: Allergy) -> Json:
    found: Json = {
        "resourceType": "AllergyIntolerance",
        "id": part_of(patient, "a", allergy.number),
        "recordedDate": allergy.recorded.isoformat(),
        "patient": reference("Patient", patient),
        "substance": concept(allergy.concept),
        "status": "active",
    }
    if allergy.reaction is None:
        return found
    assert allergy.criticality is not None
    found.update(criticality=_CRITICALITY[allergy.criticality], type="allergy", category=allergy.category)
    if allergy.since:
        found["onset"] = allergy.since
    reaction = {"manifestation": [concept(allergy.reaction)], "severity": allergy.severity}
    return {**found, "reaction": [reaction]}


def _order(patient: str, order: Prescription) -> Json:
    drug = order.drug
    found: Json = {
        "resourceType": "MedicationOrder",
        "id": part_of(patient, "m", order.number),
        "dateWritten": order.start.isoformat(),
        "status": ("completed" if order.finished else "stopped") if order.end else "active",
        "patient": reference("Patient", patient),
        "prescriber": practitioner(order.prescriber),
        "medicationCodeableConcept": concept(drug.concept),
        "dosageInstruction": [
            {
                "text": drug.taken,
                "timing": {"repeat": {"frequency": drug.times, "period": drug.period, "periodUnits": drug.unit}},
                "asNeededBoolean": drug.when_needed,
                "route": concept(drug.route),
                "doseQuantity": {"value": drug.dose, "unit": drug.form},
            }
        ],
    }
    if not order.finished:
        found["dispenseRequest"] = {"numberOfRepeatsAllowed": 3}
    if order.visit:
        found["encounter"] = encounter(patient, order.visit)
    if order.problem:
        found["reasonReference"] = reference("Condition", part_of(patient, "c", order.problem))
    if order.end:
        found["dateEnded"] = order.end.isoformat()
    return found


_CATEGORIES = {
    kind: {**coded(HL7 + "observation-category", kind, display), "text": display}
    for kind, display in (
        ("vital-signs", "Vital Signs"),
        ("laboratory", "Laboratory"),
        ("social-history", "Social History"),
    )
}


def _observation(who: Person, reading: Reading) -> Json:
    measure, at = reading.measure, instant(reading.at)
    found: Json = {
        "resourceType": "Observation",
        "id": part_of(who.id, "o", reading.number),
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
        found["interpretation"] = coded(HL7 + "v2/0078", *verdict[0])
        found["referenceRange"] = [verdict[1]]
    return found


def panel(who: Practitioner, patients: Sequence[str]) -> Json:
    """Whom somebody looks after: a Group, by which exports are asked for."""
    return {
        "resourceType": "Group",
        "id": f"panel-{who.id}",
        "type": "person",
        "actual": True,
        "name": f"Patients of {who.name}",
        "quantity": len(patients),
        "member": [{"entity": reference("Patient", id)} for id in patients],
    }


def slot(slot: Slot) -> Json:
    return {
        "resourceType": "Slot",
        "id": slot.id,
        "schedule": reference("Schedule", f"schedule-{slot.practitioner}"),
        "freeBusyType": "busy" if slot.busy else "free",
        "start": instant(slot.start),
        "end": instant(slot.end),
    }


def appointment(booking: Booking) -> Json:
    comes = "declined" if booking.state == "cancelled" else "accepted"
    return {
        "resourceType": "Appointment",
        "id": booking.id,
        "status": "arrived" if booking.state == "checked-in" else booking.state,
        "reason": {"text": booking.reason},
        "description": booking.reason,
        "start": instant(booking.slot.start),
        "end": instant(booking.slot.end),
        "minutesDuration": booking.slot.minutes,
        "slot": [reference("Slot", booking.slot.id)],
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
