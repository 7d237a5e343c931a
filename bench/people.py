"""Generates any number of patients as NDJSON. They have few resources, so that a hundred thousand load in minutes."""

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
"""Number of resources per patient."""


def write(folder: Path, patients: int) -> None:
    """Write the patients. The same number always gives the same patients, and a smaller set is a prefix of a larger one."""
    folder.mkdir(parents=True)
    with (folder / "people.ndjson").open("wb") as file:
        for number in range(patients):
            file.writelines(orjson.dumps(resource) + b"\n" for resource in _resources_of_person(number))


def name(number: int) -> str:
    """Return a family name that almost no other patient has, so that a search finds one match in any population."""
    dice = random.Random(number)
    return "".join(dice.choice(PARTS) for _ in range(5)).capitalize()


def born(number: int) -> str:
    """Return a birth date that enough patients share to fill a page of ten among a thousand."""
    return f"{1930 + number % 90}-05-17"


def _resources_of_person(number: int) -> Iterator[dict[str, Any]]:
    dice, id = random.Random(number), f"p-{number}"
    subject = {"reference": f"Patient/{id}"}
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
        "subject": subject,
        "class": {"code": "AMB"},
        "period": {"start": day, "end": day},
    }
    for index, code in enumerate(CODES):
        yield {
            "resourceType": "Observation",
            "id": f"o-{number}-{index}",
            "status": "final",
            "subject": subject,
            "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs" if index < 4 else "laboratory"}]}],
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "encounter": {"reference": f"Encounter/e-{number}"},
            "effectiveDateTime": day,
            "valueQuantity": {"value": dice.randint(1, 999), "unit": "1", "system": UCUM, "code": "1"},
        }
    yield {
        "resourceType": "Condition",
        "id": f"c-{number}",
        "subject": subject,
        "onsetDateTime": day,
        "code": {"coding": [{"system": SNOMED, "code": dice.choice(CONDITIONS)}]},
    }
