"""Patients as lines of NDJSON, as many as are wanted: slim ones, so that a hundred thousand are loaded in minutes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

PARTS = ("an", "ber", "cor", "den", "el", "far", "gil", "hor", "is", "jan", "kol", "lar", "mar", "nor", "os", "pel")
CODES = ("8867-4", "9279-1", "8310-5", "29463-7", "4548-4", "2345-7")
CONDITIONS = ("38341003", "44054006", "195967001", "73211009", "35489007")
LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
EACH = 2 + len(CODES) + 1
"""Resources of a patient."""


def write(folder: Path, patients: int) -> None:
    """The same people for the same number; the first thousand of ten thousand are the thousand."""
    folder.mkdir(parents=True)
    with (folder / "people.ndjson").open("wb") as file:
        for number in range(patients):
            file.writelines(orjson.dumps(one) + b"\n" for one in _one(number))


def name(number: int) -> str:
    """A family name that hardly anybody shares: among many as among few one answer."""
    dice = random.Random(number)
    return "".join(dice.choice(PARTS) for _ in range(5)).capitalize()


def born(number: int) -> str:
    """A day that so many share that a page of ten is full among a thousand too."""
    return f"{1930 + number % 90}-05-17"


def _one(number: int) -> Iterator[dict[str, Any]]:
    dice, id = random.Random(number), f"p-{number}"
    of = {"reference": f"Patient/{id}"}
    day = f"20{dice.randint(15, 25)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    yield {
        "resourceType": "Patient",
        "id": id,
        "identifier": [{"system": "urn:mrn", "value": str(number)}],
        "name": [{"family": name(number), "given": ["Alex"]}],
        "gender": ("female", "male")[number % 2],
        "birthDate": born(number),
    }
    yield {
        "resourceType": "Encounter",
        "id": f"e-{number}",
        "status": "finished",
        "subject": of,
        "class": {"code": "AMB"},
        "period": {"start": day, "end": day},
    }
    for at, code in enumerate(CODES):
        yield {
            "resourceType": "Observation",
            "id": f"o-{number}-{at}",
            "status": "final",
            "subject": of,
            "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs" if at < 4 else "laboratory"}]}],
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "encounter": {"reference": f"Encounter/e-{number}"},
            "effectiveDateTime": day,
            "valueQuantity": {"value": dice.randint(1, 999), "unit": "1", "system": UCUM, "code": "1"},
        }
    yield {
        "resourceType": "Condition",
        "id": f"c-{number}",
        "subject": of,
        "onsetDateTime": day,
        "code": {"coding": [{"system": SNOMED, "code": dice.choice(CONDITIONS)}]},
    }
