"""Two patients with records that differ in what an explanation says, and tokens that see only the first one."""

from __future__ import annotations

from typing import Any

import orjson

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.visibility import Clause, Granular, Visibility
from sickbay.storage.interface import ResourceSpace, Save

BASE = "http://localhost:7425/general/r4"
VITALS = (("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs"),)
ONE_PATIENT = Visibility((Clause("*", "rs", frozenset(("p1",))),))
LIMITED = Visibility((Clause("Observation", "rs", frozenset(("p1",)), (Granular("category", VITALS),)),))
SOME_TYPES = Visibility((Clause("Observation", "rs", frozenset(("p1",))), Clause("Patient", "rs", frozenset(("p1",)))))
NO_PATIENT = Visibility((Clause("Practitioner", "rs", None),))
LABORATORY = ((VITALS[0][0], "laboratory"),)
MIXED = Visibility((*LIMITED.clauses, Clause("Observation", "rs", None, (Granular("category", LABORATORY),))))
"""A scope for a patient, and one for whatever has a category."""
DELETED_PATIENT = Visibility((Clause("*", "rs", frozenset(("gone",))),))
VISIBILITIES = (ONE_PATIENT, LIMITED, SOME_TYPES, NO_PATIENT, MIXED, DELETED_PATIENT)


def patient(id: str, family: str, born: str, number: str) -> dict[str, Any]:
    identifier = [{"system": "urn:mrn", "value": number}]
    name = [{"family": family, "given": ["Ann"]}]
    return {"resourceType": "Patient", "id": id, "name": name, "birthDate": born, "gender": "female", "identifier": identifier}


def observation(id: str, patient: str, code: str, category: str, date: str, value: float, **more: Any) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": f"Test {code}"}]},
        "category": [{"coding": [{"system": system, "code": category}]}],
        "effectiveDateTime": date,
        "valueQuantity": {"value": value, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
    } | more


def encounter(id: str, patient: str, start: str) -> dict[str, Any]:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    period = {"start": start, "end": start}
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": kind,
        "subject": {"reference": f"Patient/{patient}"},
        "period": period,
    }


VISIBLE = (
    patient("p1", "Peters", "1980-02-03", "111-1"),
    observation("o1", "p1", "8867-4", "vital-signs", "2024-02-01", 70, encounter={"reference": "Encounter/e1"}),
    observation("o2", "p1", "8302-2", "vital-signs", "2024-03-01", 180),
    observation("o3", "p1", "2093-3", "laboratory", "2024-04-01", 5.1, performer=[{"reference": "Organization/gone"}]),
    encounter("e1", "p1", "2024-02-01"),
)
HIDDEN = (
    patient("p2", "Petersen", "1801-01-01", "12345"),
    patient("p3", "Zqxj", "2999-01-01", "zq"),
    observation("h1", "p2", "zq", "lab", "2031-05-05", 1e6, device={"reference": "Device/d1"}),
    observation("h2", "p2", "8867-4", "survey", "1950-01-01", 71),
    observation("h3", "p3", "9279-1", "exam", "2024-02-02", 12, encounter={"reference": "Encounter/h4"}),
    encounter("h4", "p2", "2031-01-01"),
    {"resourceType": "Device", "id": "d1", "patient": {"reference": "Patient/p2"}, "status": "active"},
    {"resourceType": "Provenance", "id": "h5", "target": [{"reference": "Observation/h1"}, {"reference": "Patient/p2"}]},
    observation("h6", "p2", "zq", "vital-signs", "2024-02-01", 3, hasMember=[{"reference": "Observation/h1"}]),
    {"resourceType": "Organization", "id": "other", "name": "Hidden organization"},
)
SEARCHES = (
    ("Observation", "category=lab"),
    ("Observation", "category=lab&patient=p1"),
    ("Observation", "code=zq"),
    ("Observation", "code=urn:x|8867-4"),
    ("Observation", "code=9279-1&patient=p1"),
    ("Observation", "code=test"),
    ("Observation", "date=ge2030"),
    ("Observation", "date=2024-02-02"),
    ("Observation", "date=lt1960&category=vital-signs"),
    ("Observation", "value-quantity=gt1000"),
    ("Observation", "value-quantity=71|http://unitsofmeasure.org|kg"),
    ("Observation", "patient=p2"),
    ("Observation", "patient=12345"),
    ("Observation", "subject=Group/p1"),
    ("Observation", "encounter=h4"),
    ("Observation", "encounter=Encounter/e1&code=8302-2"),
    ("Observation", "performer=Organization/other"),
    ("Observation", "subject:Patient.name=petersen"),
    ("Observation", "code-value-quantity=zq$gt5"),
    ("Observation", "combo-code=9279-1"),
    ("Observation", "_id=h1"),
    ("Observation", "_lastUpdated=ge2999"),
    ("Observation", "status=amended"),
    ("Observation", "_content=hidden"),
    ("Observation", "device:missing=false"),
    ("Observation", "code=8867-4&category=laboratory&patient=p1"),
    ("Patient", "name=petersen"),
    ("Patient", "name=Petrs"),
    ("Patient", "family:exact=peters"),
    ("Patient", "birthdate=1801-01-01"),
    ("Patient", "identifier=12345"),
    ("Patient", "gender=male"),
    ("Patient", "_id=p2"),
    ("Patient", "_has:Observation:patient:code=zq"),
    ("Patient", "_has:Observation:patient:category=lab"),
    ("Encounter", "date=2031"),
    ("Encounter", "patient=p2&date=ge2024"),
    ("Device", "patient=p2"),
    ("Provenance", "target=Observation/h1"),
    ("Practitioner", "name=zq"),
)
INCLUDING = (
    ("Observation", "_include=Observation:device"),
    ("Observation", "_include=Observation:performer"),
    ("Observation", "_include=Observation:performer:Practitioner"),
    ("Observation", "_revinclude=Provenance:target"),
    ("Observation", "code=8302-2&_include=Observation:encounter"),
    ("Patient", "_revinclude=Device:patient"),
    ("Encounter", "_include=Encounter:location"),
)


def save_step(resource: dict[str, Any], space: ResourceSpace) -> Save:
    body = orjson.dumps(resource)
    return Save(
        space, resource["resourceType"], resource["id"], 1, body, extract_entries("r4", resource, BASE), 1_700_000_000_000
    )
