"""What R4 says of visits, problems, allergies, prescriptions and readings."""

from __future__ import annotations

from sickbay.population.life import Allergy, Person, Prescription, Problem, Reading, Visit
from sickbay.population.pharmacy import REPEATS, supply
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    coded,
    concept,
    encounter,
    instant,
    judged,
    part_of,
    period,
    practitioner,
    profiled,
    quantity,
    reference,
)
from sickbay.population.render.r4.following import amount, dosage, lasting
from sickbay.population.staff import ORGANIZATION

_CLASSES = {
    setting: {"system": TERMS + "v3-ActCode", "code": code, "display": display}
    for setting, code, display in (
        ("ambulatory", "AMB", "ambulatory"),
        ("emergency", "EMER", "emergency"),
        ("inpatient", "IMP", "inpatient encounter"),
    )
}


def encounter_of(patient: str, visit: Visit) -> Json:
    found: Json = {
        **profiled("Encounter", part_of(patient, "e", visit.number), "us-core-encounter"),
        "identifier": [{"system": IDENTIFIERS + "visits", "value": part_of(patient, "e", visit.number)}],
        "status": "finished",
        "class": _CLASSES[visit.setting],
        "type": [concept(visit.kind)],
        "subject": reference("Patient", patient),
        "participant": [
            {
                "type": [coded(TERMS + "v3-ParticipationType", "PPRF", "primary performer")],
                "period": period(visit),
                "individual": practitioner(visit.practitioner),
            }
        ],
        "period": period(visit),
        "location": [{"location": reference("Location", visit.location)}],
        "serviceProvider": reference("Organization", ORGANIZATION),
    }
    if visit.setting == "inpatient":
        home = coded(TERMS + "discharge-disposition", "home", "Home")
        found["hospitalization"] = {"dischargeDisposition": home}
    if visit.reason:
        found["reasonCode"] = [concept(visit.reason)]
    return found


_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
_CONFIRMED = coded(TERMS + "condition-ver-status", "confirmed", "Confirmed")
_IN_ERROR = coded(TERMS + "condition-ver-status", "entered-in-error", "Entered in Error")


def condition(patient: str, problem: Problem) -> Json:
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
        **profiled("Condition", part_of(patient, "c", problem.number), profile),
        "extension": [{"url": _ASSERTED, "valueDateTime": problem.recorded.isoformat()}],
        "verificationStatus": _IN_ERROR if problem.wrong else _CONFIRMED,
        "category": [coded(TERMS + "condition-category", *category)],
        "code": concept(problem.concept),
        "subject": reference("Patient", patient),
        "onsetDateTime": problem.onset.isoformat()[: 4 if problem.vague else 10],
        "recordedDate": problem.recorded.isoformat(),
    }
    if not problem.wrong:  # con-5
        found["clinicalStatus"] = coded(TERMS + "condition-clinical", *status)
    if problem.visit:
        found["encounter"] = encounter(patient, problem.visit)
    if problem.site:
        found["bodySite"] = [concept(problem.site)]
    if problem.over and not problem.wrong:  # con-4: what was never there has not ended
        found["abatementDateTime"] = problem.over.isoformat()
    return found


def allergy(patient: str, allergy: Allergy) -> Json:
    found: Json = {
        **profiled("AllergyIntolerance", part_of(patient, "a", allergy.number), "us-core-allergyintolerance"),
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


def order(patient: str, order: Prescription) -> Json:
    drug, handed = order.drug, supply(order)
    found: Json = {
        **profiled("MedicationRequest", part_of(patient, "m", order.number), "us-core-medicationrequest"),
        "status": ("completed" if order.finished else "stopped") if order.end else "active",
        "intent": "order",
        "category": [coded(TERMS + "medicationrequest-category", "community", "Community")],
        "reportedBoolean": False,
        "medicationCodeableConcept": concept(drug.concept),
        "subject": reference("Patient", patient),
        "authoredOn": order.start.isoformat(),
        "requester": practitioner(order.prescriber),
        "dosageInstruction": [dosage(drug)],
        "dispenseRequest": {
            "numberOfRepeatsAllowed": 0 if order.finished else REPEATS,
            "quantity": amount(handed),
            "expectedSupplyDuration": lasting(handed),
        },
    }
    if order.visit:
        found["encounter"] = encounter(patient, order.visit)
    if order.problem:
        found["reasonReference"] = [reference("Condition", part_of(patient, "c", order.problem))]
    if order.end:
        found["dispenseRequest"]["validityPeriod"] = {"start": order.start.isoformat(), "end": order.end.isoformat()}
    return found


CATEGORIES = {
    kind: [{**coded(TERMS + "observation-category", kind, display), "text": display}]
    for kind, display in (
        ("vital-signs", "Vital Signs"),
        ("laboratory", "Laboratory"),
        ("social-history", "Social History"),
        ("survey", "Survey"),
        ("exam", "Exam"),
    )
}
CATEGORIES["sdoh"] = [
    *CATEGORIES["survey"],
    coded("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh", "SDOH"),
]


_UNKNOWN = coded(TERMS + "data-absent-reason", "unknown", "Unknown")


def observation(who: Person, reading: Reading, specimen: int = 0, response: int = 0) -> Json:
    """specimen, response: the numbers of what it was measured in, and of the form that it was counted from; 0: none."""
    measure, at = reading.measure, instant(reading.at)
    found: Json = {
        **profiled("Observation", part_of(who.id, "o", reading.number), measure.profile),
        "status": "entered-in-error" if reading.wrong else "final",
        "category": CATEGORIES[measure.kind],
        "code": concept(measure.concept),
        "subject": {"reference": f"Patient/{who.id}"},
        "effectiveDateTime": at,
        "issued": at,
        "performer": [practitioner(reading.performer) if reading.performer else reference("Patient", who.id, who.name)],
    }
    if reading.visit:
        found["encounter"] = encounter(who.id, reading.visit)
    if specimen:
        found["specimen"] = reference("Specimen", part_of(who.id, "l", specimen))
    if response:
        found["derivedFrom"] = [reference("QuestionnaireResponse", part_of(who.id, "u", response))]
    if reading.absent:
        found["dataAbsentReason"] = _UNKNOWN
    elif reading.parts:
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
