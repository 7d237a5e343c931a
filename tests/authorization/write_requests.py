"""Write requests of a patient's token and their context."""

from __future__ import annotations

import json

from msgspec import structs

from sickbay.authorization import access
from sickbay.authorization.access import writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body
from sickbay.kernel.checks import Refusal, examine

NOW = 1_764_000_000
BASE = "http://localhost:7425/general/r4"
CODE = {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}
TOKEN = AccessToken("app", "patient/Observation.cruds", BASE, NOW + 100, "f", user="anna", patient="A")
USER = User("anna", "general", "Practitioner/p", patients=("A", "B"))
KNOWN = AccessContext(now=NOW, server=Server(fhir_bases=(BASE,)), client=Client("app"), token=TOKEN, user=USER, version="r4")


def observation(patient: str | None = "A", **members: object) -> dict[str, object]:
    subject = {} if patient is None else {"subject": {"reference": f"Patient/{patient}"}}
    return {"resourceType": "Observation", "id": "o", "status": "final", "code": CODE, **subject, **members}


def write_request(interaction: str = "update", id: str | None = "o", **changed: object) -> AccessRequest:
    request = AccessRequest(
        "PUT",
        BASE,
        "/Observation/o",
        type="Observation",
        id=id,
        interaction=interaction,
        letters="u",
        headers={"authorization": "Bearer t"},
    )
    return structs.replace(request, **changed)


def with_body(resource: object, context: AccessContext = KNOWN, id: str = "o") -> AccessContext:
    return structs.replace(context, body=body.make_body("r4", "Observation", id, resource, BASE))


def write_refusals(request: AccessRequest, context: AccessContext) -> list[Refusal]:
    """Returns the refusals of the write itself, for a valid token."""
    return [*examine((*access.CHECKS, *writes.all_checks(request)), request, context).refusals]


def refused_writes(request: AccessRequest, context: AccessContext) -> list[tuple[str, str, int]]:
    return [(refusal.name, refusal.error, refusal.status) for refusal in write_refusals(request, context)]


def facts(request: AccessRequest, context: AccessContext) -> dict[str, object]:
    (refusal,) = write_refusals(request, context)
    return dict(refusal.facts)


PATCH = json.dumps([{"op": "replace", "path": "/status", "value": "amended"}])
