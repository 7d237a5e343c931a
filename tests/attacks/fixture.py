"""The shared data of all attacks: two unrelated patients, their records, and the tokens of the requests."""

from __future__ import annotations

from typing import Any

import orjson

from sickbay.authorization.models import AccessToken, Client, User
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.services import records
from sickbay.storage.interface import Put, ResourceSpace, Save, Step

Json = dict[str, Any]
BASE = "http://localhost:7425/general/r4"
SPACE = ResourceSpace("general", "r4")
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LOINC = "http://loinc.org"
AT = 1_700_000_000_000


def ref(to: str) -> Json:
    return {"reference": to}


def patient(id: str, name: str, **more: Any) -> Json:
    number = [{"system": "urn:mrn", "value": f"mrn-{id}"}]
    return {
        "resourceType": "Patient",
        "id": id,
        "active": True,
        "identifier": number,
        "name": [{"family": name}],
        **more,
    }


def observation(id: str, subject: str | None, category: str = "laboratory", code: str = "1-1", **more: Any) -> Json:
    fields = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": {"coding": [{"system": LOINC, "code": code}]},
        **more,
    }
    return fields | ({"subject": ref(subject)} if subject else {})


def resource(kind: str, named: str, **more: Any) -> Json:
    return {"resourceType": kind, "id": named, **more}


RESOURCES: tuple[Json, ...] = (
    patient("A", "Alfa", birthDate="1980-01-01", generalPractitioner=[ref("Practitioner/p")]),
    patient("B", "Bravo", birthDate="1970-01-01", generalPractitioner=[ref("Practitioner/p")]),
    patient("A2", "Alfatwo", link=[{"other": ref("Patient/A"), "type": "refer"}]),
    resource("Practitioner", "p", name=[{"family": "Papa"}]),
    resource("Encounter", "ea", status="finished", subject=ref("Patient/A")),
    resource("Encounter", "eb", status="finished", subject=ref("Patient/B")),
    observation("oa-lab", "Patient/A", encounter=ref("Encounter/ea"), performer=[ref("Practitioner/p")]),
    observation("oa-vit", "Patient/A", "vital-signs", "8867-4"),
    observation("ob-lab", "Patient/B", performer=[ref("Practitioner/p")]),
    observation("ob-hiv", "Patient/B", code="59419-2", valueQuantity={"value": 4000, "unit": "1"}),
    observation("o-focus", "Patient/B", focus=[ref("Patient/A")]),
    observation("o-orphan", None),
    observation("oa-cont", "Patient/A", contained=[patient("c", "Bravo")], hasMember=[ref("Observation/ob-lab")]),
    observation("ob-member", "Patient/B", hasMember=[ref("Observation/oa-lab")]),
    resource(
        "DiagnosticReport",
        "dra",
        status="final",
        subject=ref("Patient/A"),
        result=[ref("Observation/oa-lab"), ref("Observation/o-focus")],
    ),
    resource("DiagnosticReport", "drb", status="final", subject=ref("Patient/B"), result=[ref("Observation/oa-lab")]),
    resource("Coverage", "cva", status="active", beneficiary=ref("Patient/A"), subscriber=ref("Patient/B")),
    resource("DocumentReference", "dda", status="current", subject=ref("Patient/A")),
    resource("DocumentReference", "ddb", status="current", subject=ref("Patient/B")),
    resource("Binary", "ba", contentType="text/plain", securityContext=ref("DocumentReference/dda")),
    resource("Binary", "bb", contentType="text/plain", securityContext=ref("DocumentReference/ddb")),
    resource("Binary", "bx", contentType="text/plain"),
    resource("Device", "dev-b", patient=ref("Patient/B")),
    resource("Device", "dev-free"),
    resource("Group", "g", actual=True, type="person", member=[{"entity": ref("Patient/A")}, {"entity": ref("Patient/B")}]),
    resource(
        "List",
        "l",
        status="current",
        mode="working",
        subject=ref("Patient/A"),
        entry=[{"item": ref("Observation/oa-lab")}, {"item": ref("Observation/ob-lab")}],
    ),
    resource(
        "Appointment",
        "ap",
        status="booked",
        participant=[{"actor": ref(actor), "status": "accepted"} for actor in ("Patient/A", "Patient/B", "Practitioner/p")],
    ),
    resource("Provenance", "pv-b", target=[ref("Observation/ob-lab")]),
    resource("AuditEvent", "ae-b", entity=[{"what": ref("Patient/B")}]),
)

TOKENS: dict[str, AccessToken] = {
    name: AccessToken("attacker", scope, BASE, 4_000_000_000, f"family-{name}", f"timeline-{name}", user, patient)
    for name, scope, patient, user in (
        ("TA", "patient/*.rs", "A", None),
        ("TB", "patient/*.rs", "B", None),
        ("TAO", "patient/Observation.rs", "A", None),
        ("TAL", f"patient/Observation.rs?category={CATEGORY}|laboratory", "A", None),
        (
            "TALV",
            f"patient/Observation.rs?category={CATEGORY}|laboratory patient/Observation.rs?category={CATEGORY}|vital-signs",
            "A",
            None,
        ),
        ("TAP", "patient/Patient.r", "A", None),
        ("TAPS", "patient/Patient.rs", "A", None),
        ("TAW", "patient/Observation.cruds patient/Patient.rs", "A", None),
        ("TU", "user/*.rs", None, "papa"),
        ("TS", "system/Observation.rs", None, None),
        ("ALL", "system/*.rs", None, None),
        ("none", "patient/*.rs", None, None),
        ("mixed", "patient/*.rs system/*.rs", "A", None),
        ("mixed-user", "user/*.rs system/*.rs", "A", "papa"),
        ("encoded", "patient%2f*.rs", "A", None),
        ("shouted", "PATIENT/*.rs", "A", None),
        ("big", "patient/*.RS", "A", None),
        ("unordered", "patient/*.sr", "A", None),
        ("star", "patient/Obs*.rs", "A", None),
        ("nbsp", "patient/*.rs\u00a0", "A", None),
        ("not", "patient/Observation.rs?category:not=laboratory", "A", None),
        ("chain", "patient/Observation.rs?patient.name=x", "A", None),
        ("has", "patient/Observation.rs?_has:Observation:patient:code=x", "A", None),
        ("filter", "patient/Observation.rs?_filter=x", "A", None),
        ("bare", "patient/Observation.rs?", "A", None),
        ("unfilterable", "patient/Observation.rs?date=2020", "A", None),
        ("r", "patient/Observation.r", "A", None),
        ("s", "patient/Observation.s", "A", None),
        ("apart", "patient/Observation.r patient/Condition.s", "A", None),
        ("write", "patient/Observation.write", "A", None),
        ("read", "patient/Observation.read", "A", None),
        ("two", "patient/Observation.rs patient/Encounter.rs", "A", None),
        ("stranger", "user/*.rs", None, "nobody"),
    )
}


def save(content: Json, version: int = 1, space: ResourceSpace = SPACE) -> Save:
    meta = {"versionId": str(version), "lastUpdated": "2023-11-14T22:13:20.000Z"}
    body = orjson.dumps({**content, "meta": meta})
    facts = extract_entries(space.version, content, BASE)
    return Save(space, content["resourceType"], content["id"], version, body, facts, AT, "create" if version == 1 else "update")


def steps() -> list[Step]:
    """All data with deterministic ids, including a deleted patient and an observation that moved to another patient."""
    deleted = save(patient("D", "Delta"))
    return [
        *(save(content) for content in RESOURCES),
        deleted,
        Save(SPACE, "Patient", "D", 2, b"", IndexEntries(), AT, "delete"),
        save(observation("moved", "Patient/B")),
        save(observation("moved", "Patient/A"), 2),
        Put(records.make_app_record(Client("attacker", app_id="attacker", name="Attacker", scope="patient/*.rs"))),
        Put(records.make_user_record(User("papa", "general", "Practitioner/p", patients=("A",), seeded=False))),
        *(Put(records.make_token_record(records.digest(name), token, "general")) for name, token in TOKENS.items()),
    ]
