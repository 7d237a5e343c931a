"""Reads a request to the app state endpoint. `context.states` maps ids to the stored states of the app."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.access import app_state
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AppState
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence import access
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.evidence.subject import read_user
from sickbay.kernel.checks import UNKNOWN


def read_request(evidence: Json) -> AccessRequest:
    """Reads it as a request to the R4 base URL of the same tenant, for which its token must be issued."""
    bases = evidence.get("context", {}).get("server", {}).get("fhir_bases", ())
    base = str(bases[0]).rstrip("/") if bases else ""
    _, _, path = str(evidence["url"]).partition(app_state.PATH)
    read = access.read_request({**evidence, "url": base + path})
    return structs.replace(read, url=str(evidence["url"]), letters=app_state.LETTERS.get(read.interaction, ""), involved=())


def context_of(evidence: Json, request: AccessRequest) -> AccessContext:
    context = evidence.get("context", {})
    stored = context.get("states", {}).get(request.id or "")
    state = None if stored is None else AppState(stored["system"], stored["code"], stored.get("subject"))
    context_of_request = structs.replace(access.context_of(evidence, request), user=read_user(context), faults=(), ignored=())
    if "states" not in context:
        return context_of_request
    return structs.replace(context_of_request, state=state, current=stored["version"] if stored else UNKNOWN)
