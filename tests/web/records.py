"""A small record of one patient in R4 and DSTU2."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
LOINC = "http://loinc.org"


def patient(id: str, family: str, given_name: str, sex: str, born: str, record: str) -> Json:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"family": family, "given": [given_name]}],
        "gender": sex,
        "birthDate": born,
        "identifier": [{"value": record}],
    }


PATIENTS = [
    patient("p-0017", "Peters", "Timothy", "male", "1961-03-14", "4002-1187"),
    patient("p-0031", "Lindqvist", "Rosa", "female", "1954-12-05", "4002-0311"),
    patient("p-0240", "Peters-Adjei", "Kofi", "male", "2017-07-01", "4002-2240"),
    patient("p-0907", "Petersen", "Marek", "male", "1968-05-26", "4002-0907"),
]
OLD_PATIENT = PATIENTS[0] | {"name": [{"family": ["Peters"], "given": ["Timothy"]}]}


def appointment(at: str, minutes: int, index: int, status: str, reason: str) -> Json:
    patient = PATIENTS[index]
    return {
        "resourceType": "Appointment",
        "status": status,
        "description": reason,
        "start": f"2026-11-24T{at}:00Z",
        "minutesDuration": minutes,
        "participant": [
            {"actor": {"reference": f"Patient/{patient['id']}"}},
            {"actor": {"reference": "Location/r4", "display": "Room 4"}},
        ],
    }


APPOINTMENTS = [
    appointment("11:45", 15, 2, "booked", "Cough for two weeks"),
    appointment("08:30", 20, 1, "fulfilled", "Blood pressure follow-up"),
    appointment("09:45", 15, 3, "cancelled", "Travel vaccination"),
    appointment("10:30", 30, 0, "arrived", "Hypertension, yearly review"),
]


def concept(text: str, *codes: str) -> Json:
    return {"text": text, "coding": [{"system": LOINC, "code": code} for code in codes]}


def observation(code: str, text: str, at: str, value: float, unit: str, category: str = "vital-signs") -> Json:
    return {
        "resourceType": "Observation",
        "code": concept(text, code),
        "category": [concept(category, category)],
        "effectiveDateTime": f"{at}T10:00:00Z",
        "valueQuantity": {"value": value, "unit": unit},
    }


def pressure(at: str, systolic: int, diastolic: int) -> Json:
    parts = (("8480-6", systolic), ("8462-4", diastolic))
    return {
        "resourceType": "Observation",
        "code": concept("Blood pressure", "85354-9"),
        "effectiveDateTime": f"{at}T10:00:00Z",
        "component": [{"code": concept("", code), "valueQuantity": {"value": value}} for code, value in parts],
    }


def lab(code: str, text: str, at: str, value: float, unit: str, low: float, high: float) -> Json:
    bounds = {"low": {"value": low}, "high": {"value": high}}
    return observation(code, text, at, value, unit, "laboratory") | {"referenceRange": [bounds]}


DAYS = (
    "2025-12-02",
    "2026-01-12",
    "2026-03-03",
    "2026-04-14",
    "2026-06-09",
    "2026-07-14",
    "2026-08-11",
    "2026-09-06",
    "2026-10-18",
    "2026-11-24",
)
PRESSURES = (
    (152, 94),
    (149, 92),
    (146, 90),
    (144, 91),
    (139, 86),
    (136, 84),
    (138, 85),
    (142, 88),
    (145, 87),
    (148, 88),
)
OBSERVATIONS = [
    *(pressure(at, *values) for at, values in zip(DAYS, PRESSURES, strict=True)),
    *(lab("4548-4", "HbA1c", at, value, "%", 4.0, 5.6) for at, value in zip(DAYS[:6], (6.9, 7, 7.1, 7, 7.2, 7.4), strict=True)),
    *(lab("2823-3", "Potassium", at, value, "mmol/L", 3.5, 5.1) for at, value in zip(DAYS[:3], (4.2, 4.5, 4.4), strict=True)),
    observation("8867-4", "Heart rate", "2026-11-24", 76, "/min"),
    observation("8867-4", "Heart rate", "2026-10-18", 70, "/min"),
    observation("8310-5", "Body temperature", "2026-11-24", 36.7, "°C"),
    observation("59408-5", "Oxygen", "2026-11-24", 97, "%"),
    observation("29463-7", "Body weight", "2026-11-24", 92.4, "kg"),
    observation("39156-5", "BMI", "2026-11-24", 29.8, "kg/m2"),
]


def condition(text: str, since: str, status: Any) -> Json:
    return {"resourceType": "Condition", "code": concept(text), "onsetDateTime": since, "clinicalStatus": status}


def order(text: str, status: str, taken: str) -> Json:
    return {"status": status, "medicationCodeableConcept": concept(text), "dosageInstruction": [{"text": taken}]}


CONDITIONS = [
    condition("Type 2 diabetes mellitus", "2017-02-01", concept("", "active")),
    condition("Essential hypertension", "2014-05-01", "active"),
    condition("Bronchitis", "2019-05-01", "resolved"),
]
ORDERS = [
    order("Lisinopril 20 mg tablet", "active", "once a day"),
    order("Atorvastatin 40 mg tablet", "active", "at night"),
    order("Lisinopril 10 mg tablet", "stopped", "once a day"),
]
ALLERGIES = [
    {"code": concept("Latex"), "onsetDateTime": "2003", "reaction": [{"manifestation": [concept("Rash")], "severity": "mild"}]},
    {
        "substance": concept("Penicillin G"),
        "onset": "1989",
        "criticality": "CRITH",
        "reaction": [{"manifestation": [concept("Anaphylaxis")], "severity": "severe"}],
    },
]
