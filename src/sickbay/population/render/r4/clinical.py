"""R4 resources for visits, problems, allergies, prescriptions and observations."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sickbay.population.codings import SNOMED, UNKNOWN, Concept
from sickbay.population.patient_history import Allergy, Condition, Measure, Observation, Person, Prescription, Visit
from sickbay.population.pharmacy import REPEATS, choose_supply
from sickbay.population.render.common import (
    CORE,
    IDENTIFIERS,
    TERMS,
    US_CORE_CATEGORY,
    Json,
    begin_resource,
    format_instant,
    interpretation_and_range,
    make_concept,
    part_of,
    refer_to_encounter,
    refer_to_practitioner,
    render_absent_reason,
    render_concept,
    render_medication,
    render_period,
    render_quantity,
    render_reference,
)
from sickbay.population.render.r4.specimens_and_dispenses import days_of_supply, render_amount, render_dosage
from sickbay.population.staff import NAMES, ORGANIZATION

_CLASSES = {
    setting: {"system": TERMS + "v3-ActCode", "code": code, "display": display}
    for setting, code, display in (
        ("ambulatory", "AMB", "ambulatory"),
        ("emergency", "EMER", "emergency"),
        ("inpatient", "IMP", "inpatient encounter"),
    )
}


def render_encounter(person: Person, visit: Visit) -> Json:
    patient = person.id
    resource: Json = {
        **begin_resource("Encounter", part_of(patient, "e", visit.number), "us-core-encounter"),
        "identifier": [{"system": IDENTIFIERS + "visits", "value": part_of(patient, "e", visit.number)}],
        "status": "finished",
        "class": _CLASSES[visit.setting],
        "type": [render_concept(visit.kind)],
        "subject": render_reference("Patient", patient),
        "participant": [
            {
                "type": [make_concept(TERMS + "v3-ParticipationType", "PPRF", "primary performer")],
                "period": render_period(visit),
                "individual": refer_to_practitioner(visit.practitioner),
            }
        ],
        "period": render_period(visit),
        "location": [{"location": render_reference("Location", visit.location)}],
        "serviceProvider": render_reference("Organization", ORGANIZATION),
    }
    if visit.setting == "inpatient":
        home = make_concept(TERMS + "discharge-disposition", "home", "Home")
        resource["hospitalization"] = {"dischargeDisposition": home}
    if visit.reason:
        resource["reasonCode"] = [render_concept(visit.reason)]
    if visit.problem:
        resource["reasonReference"] = [render_reference("Condition", part_of(patient, "c", visit.problem))]
    if person.interpreter is not None:
        resource["extension"] = [render_interpreter(person.interpreter)]
    return resource


def render_interpreter(needed: bool) -> Json:
    """Returns the extension of US Core 8 that says whether an interpreter is needed."""
    code, display = ("373066001", "Yes") if needed else ("373067005", "No")
    return {"url": CORE + "us-core-interpreter-needed", "valueCoding": {"system": SNOMED, "code": code, "display": display}}


_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
_CONFIRMED = make_concept(TERMS + "condition-ver-status", "confirmed", "Confirmed")
_IN_ERROR = make_concept(TERMS + "condition-ver-status", "entered-in-error", "Entered in Error")


_SOCIAL = [
    make_concept("http://hl7.org/fhir/us/core/CodeSystem/condition-category", "health-concern", "Health Concern"),
    make_concept(US_CORE_CATEGORY, "sdoh", "SDOH"),
    make_concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "sdoh", "SDOH"),
]


def render_condition(patient: str, problem: Condition, recorder: str) -> Json:
    """Returns a Condition. recorder: a practitioner's id."""
    profile = "us-core-condition-problems-health-concerns" if problem.lasting else "us-core-condition-encounter-diagnosis"
    category = ("problem-list-item", "Problem List Item") if problem.lasting else ("encounter-diagnosis", "Encounter Diagnosis")
    status = ("resolved", "Resolved") if problem.over else ("active", "Active")
    resource: Json = {
        **begin_resource("Condition", part_of(patient, "c", problem.number), profile),
        "extension": [{"url": _ASSERTED, "valueDateTime": problem.recorded.isoformat()}],
        "verificationStatus": _IN_ERROR if problem.wrong else _CONFIRMED,
        "category": _SOCIAL if problem.social else [make_concept(TERMS + "condition-category", *category)],
        "code": render_concept(problem.concept),
        "subject": render_reference("Patient", patient),
        "onsetDateTime": problem.onset.isoformat()[: 4 if problem.vague else 10],
        "recordedDate": problem.recorded.isoformat(),
        "recorder": refer_to_practitioner(recorder),
    }
    if not problem.wrong:  # con-5
        resource["clinicalStatus"] = make_concept(TERMS + "condition-clinical", *status)
    if problem.visit:
        resource["encounter"] = refer_to_encounter(patient, problem.visit)
    if problem.site:
        resource["bodySite"] = [render_concept(problem.site)]
    if problem.over and not problem.wrong:  # con-4: a condition that was entered in error can't have ended
        resource["abatementDateTime"] = problem.over.isoformat()
    return resource


def render_allergy(patient: str, allergy: Allergy, recorder: str) -> Json:
    resource: Json = {
        **begin_resource("AllergyIntolerance", part_of(patient, "a", allergy.number), "us-core-allergyintolerance"),
        "clinicalStatus": make_concept(TERMS + "allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": make_concept(TERMS + "allergyintolerance-verification", "confirmed", "Confirmed"),
        "code": render_concept(allergy.concept),
        "patient": render_reference("Patient", patient),
        "recordedDate": allergy.recorded.isoformat(),
        "recorder": refer_to_practitioner(recorder),
    }
    if allergy.reaction is None:
        return resource
    resource.update(type="allergy", category=[allergy.category], criticality=allergy.criticality)
    if allergy.since:
        resource["onsetDateTime"] = allergy.since
    reaction = {"manifestation": [render_concept(allergy.reaction)], "severity": allergy.severity}
    return {**resource, "reaction": [reaction]}


def render_order(person: Person, order: Prescription, problems: Sequence[Condition]) -> Json:
    """Returns a MedicationRequest. problems: all those of the record.

    Drugs that another physician ordered, or that were taken before the record began, are marked as reported.
    """
    patient, drug, supplied = person.id, order.drug, choose_supply(order)
    other = order.prescriber != person.practitioner or order.number == 1
    reported: Json = {"reportedReference": _reporter_of_order(person, order)} if other else {"reportedBoolean": False}
    resource: Json = {
        **begin_resource("MedicationRequest", part_of(patient, "m", order.number), "us-core-medicationrequest"),
        "status": ("completed" if order.finished else "stopped") if order.end else "active",
        "intent": "order",
        "category": [make_concept(TERMS + "medicationrequest-category", "community", "Community")],
        **reported,
        **render_medication(drug),
        "subject": render_reference("Patient", patient),
        "authoredOn": order.start.isoformat(),
        "requester": refer_to_practitioner(order.prescriber),
        "dosageInstruction": [render_dosage(drug)],
        "dispenseRequest": {
            "numberOfRepeatsAllowed": 0 if order.finished else REPEATS,
            "quantity": render_amount(supplied),
            "expectedSupplyDuration": days_of_supply(supplied),
        },
    }
    if order.visit:
        resource["encounter"] = refer_to_encounter(patient, order.visit)
    if order.problem:
        resource["reasonReference"] = [render_reference("Condition", part_of(patient, "c", order.problem))]
        if drug.when_needed:
            resource["reasonCode"] = [render_concept(problems[order.problem - 1].concept)]
    if order.adherence:
        resource["extension"] = [_render_adherence(*order.adherence)]
    if order.end:
        resource["dispenseRequest"]["validityPeriod"] = {"start": order.start.isoformat(), "end": order.end.isoformat()}
    return resource


def _reporter_of_order(person: Person, order: Prescription) -> Json:
    """Returns the prescriber, of some patients' first orders in the role at the hospital."""
    if order.number == 1 and person.number % 4 == 0:
        return render_reference("PractitionerRole", f"role-{order.prescriber}", NAMES[order.prescriber])
    return refer_to_practitioner(order.prescriber)


def _render_adherence(taken: Concept, day: datetime.date) -> Json:
    return {
        "url": CORE + "us-core-medication-adherence",
        "extension": [
            {"url": "medicationAdherence", "valueCodeableConcept": render_concept(taken)},
            {"url": "dateAsserted", "valueDateTime": day.isoformat()},
            {"url": "informationSource", "valueCodeableConcept": make_concept(TERMS + "v3-RoleCode", "ONESELF", "self")},
        ],
    }


CATEGORIES = {
    kind: [{**make_concept(TERMS + "observation-category", kind, display), "text": display}]
    for kind, display in (
        ("vital-signs", "Vital Signs"),
        ("laboratory", "Laboratory"),
        ("social-history", "Social History"),
        ("survey", "Survey"),
        ("exam", "Exam"),
        ("activity", "Activity"),
        ("imaging", "Imaging"),
    )
}
_CORE_CATEGORIES = {
    kind: [make_concept(US_CORE_CATEGORY, kind, display)]
    for kind, display in (
        ("sdoh", "SDOH"),
        ("functional-status", "Functional Status"),
        ("disability-status", "Disability Status"),
        ("cognitive-status", "Cognitive Status"),
        ("treatment-intervention-preference", "Treatment Intervention Preference"),
        ("care-experience-preference", "Care Experience Preference"),
        ("observation-adi-documentation", "Observation ADI Documentation"),
    )
}
_SURVEY = CATEGORIES["survey"]
_SDOH_TAG = make_concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "sdoh", "SDOH")
"""The category of US Core 5; later versions have it in another system."""
CATEGORIES |= {
    "sdoh": [*_SURVEY, *_CORE_CATEGORIES["sdoh"], _SDOH_TAG],
    "household": [*CATEGORIES["social-history"], *_CORE_CATEGORIES["sdoh"], _SDOH_TAG],
    "clinical-test": [
        make_concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-observation-category", "clinical-test", "Clinical Test"),
        *CATEGORIES["exam"],
    ],
    "living": _CORE_CATEGORIES["sdoh"],
    "functional": [*_SURVEY, *_CORE_CATEGORIES["functional-status"]],
    "disability": [*_SURVEY, *_CORE_CATEGORIES["disability-status"]],
    "cognitive": [*_SURVEY, *_CORE_CATEGORIES["cognitive-status"]],
    "activity": [*_SURVEY, *CATEGORIES["activity"]],
    "alcohol": [*_SURVEY, *CATEGORIES["social-history"]],
    "treatment-preference": _CORE_CATEGORIES["treatment-intervention-preference"],
    "care-preference": _CORE_CATEGORIES["care-experience-preference"],
    "directive": _CORE_CATEGORIES["observation-adi-documentation"],
}
_SUPPORTING = "http://hl7.org/fhir/StructureDefinition/workflow-supportingInfo"


def render_observation(person: Person, reading: Observation, specimen: int = 0, response: int = 0) -> Json:
    """Returns an Observation. specimen, response: the numbers of its specimen and of the form it was scored from, or 0."""
    measure, at = reading.measure, format_instant(reading.at)
    resource: Json = {
        **begin_resource("Observation", part_of(person.id, "o", reading.number), measure.profile),
        "status": "entered-in-error" if reading.wrong else "final",
        "category": CATEGORIES[measure.kind],
        "code": render_concept(measure.concept),
        "subject": {"reference": f"Patient/{person.id}"},
        **_effective_time(reading, at),
        "issued": at,
        "performer": [
            refer_to_practitioner(reading.performer)
            if reading.performer
            else render_reference("Patient", person.id, person.name)
        ],
    }
    if reading.visit:
        resource["encounter"] = refer_to_encounter(person.id, reading.visit)
    if specimen:
        resource["specimen"] = render_reference("Specimen", part_of(person.id, "l", specimen))
    if reading.derived or response:
        derived = [render_reference("Observation", part_of(person.id, "o", number)) for number in reading.derived]
        resource["derivedFrom"] = [
            *derived,
            *([render_reference("QuestionnaireResponse", part_of(person.id, "u", response))] if response else ()),
        ]
    if reading.members:
        resource["hasMember"] = [render_reference("Observation", part_of(person.id, "o", number)) for number in reading.members]
    if reading.note:
        document = render_reference("DocumentReference", part_of(person.id, "n", reading.note))
        resource["extension"] = [{"url": _SUPPORTING, "valueReference": document}]
    if reading.absent:
        resource["dataAbsentReason"] = render_absent_reason(reading.why)
    else:
        resource.update(_render_value(reading))
    if reading.parts:
        resource["component"] = [
            {"code": render_concept(part.concept), **_render_component(part, value)} for part, value in reading.parts
        ]
    interpretation = interpretation_and_range(reading, person.sex, person.age(reading.at.date()))
    if interpretation:
        resource["interpretation"] = [make_concept(TERMS + "v3-ObservationInterpretation", *interpretation[0])]
        resource["referenceRange"] = [interpretation[1]]
    return resource


def _effective_time(reading: Observation, at: str) -> Json:
    if reading.since is None:
        return {"effectiveDateTime": at}
    return {"effectivePeriod": {"start": format_instant(reading.since), **({} if reading.open else {"end": at})}}


def _render_value(reading: Observation) -> Json:
    if reading.concept:
        return {"valueCodeableConcept": render_concept(reading.concept)}
    if reading.value is not None:
        return {"valueQuantity": render_quantity(reading.measure, reading.value)}
    if reading.text is not None:
        return {"valueString": reading.text}
    return {} if reading.flag is None else {"valueBoolean": reading.flag}


def _render_component(part: Measure, value: float | Concept | None) -> Json:
    if value is None:
        return {"dataAbsentReason": render_absent_reason(UNKNOWN)}
    if isinstance(value, Concept):
        return {"valueCodeableConcept": render_concept(value)}
    return {"valueQuantity": render_quantity(part, value)}
