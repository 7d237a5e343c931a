"""Generates writes as load: single observations, and transactions of a visit with its measurements."""

from __future__ import annotations

import random
import uuid
from typing import Any

import orjson

from bench.load import post

ENTRIES = 100
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
VITALS = (
    ("8867-4", "Heart rate", "/min", 50, 110),
    ("9279-1", "Respiratory rate", "/min", 10, 24),
    ("8310-5", "Body temperature", "Cel", 36, 39),
    ("29463-7", "Body weight", "kg", 45, 120),
)


def creates(path: str, token: str, patients: list[str], count: int) -> list[bytes]:
    """Return requests that each create an Observation of a random patient."""
    dice = random.Random(2)
    bodies = [orjson.dumps(_vital_sign(dice, f"Patient/{dice.choice(patients)}")) for _ in range(count)]
    return [post(f"{path}/Observation", token, body) for body in bodies]


def transactions(path: str, token: str, patients: list[str], count: int) -> list[bytes]:
    """Return requests of one transaction each: an Encounter and the observations that refer to it by urn:uuid."""
    dice = random.Random(3)
    return [post(path, token, orjson.dumps(_visit(dice, f"Patient/{dice.choice(patients)}"))) for _ in range(count)]


def _visit(dice: random.Random, patient: str) -> dict[str, Any]:
    full_url = f"urn:uuid:{uuid.UUID(int=dice.getrandbits(128), version=4)}"
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": kind,
        "subject": {"reference": patient},
        "period": {"start": "2025-03-04T09:00:00Z", "end": "2025-03-04T09:30:00Z"},
    }
    measured: list[dict[str, Any]] = [
        {**_vital_sign(dice, patient), "encounter": {"reference": full_url}} for _ in range(ENTRIES - 1)
    ]
    entries: list[dict[str, Any]] = [
        {"fullUrl": full_url, "resource": visit},
        *({"resource": observation} for observation in measured),
    ]
    requests = [{**entry, "request": {"method": "POST", "url": entry["resource"]["resourceType"]}} for entry in entries]
    return {"resourceType": "Bundle", "type": "transaction", "entry": requests}


def _vital_sign(dice: random.Random, patient: str) -> dict[str, Any]:
    code, display, unit, low, high = dice.choice(VITALS)
    value = round(dice.uniform(low, high), 1)
    instant = f"2025-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T{dice.randint(0, 23):02}:00:00Z"
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs", "display": "Vital Signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": code, "display": display}], "text": display},
        "subject": {"reference": patient},
        "effectiveDateTime": instant,
        "issued": instant,
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }
