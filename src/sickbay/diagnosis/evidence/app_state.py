"""A request to the endpoint of app state, pasted or from a case. `states`: what the app keeps, by id."""

from __future__ import annotations

from dataclasses import replace

from sickbay.authorization import app_state
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AppState
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence import access
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.evidence.subject import person
from sickbay.kernel.checks import UNKNOWN


def request(given: Json) -> AccessRequest:
    """As if it had come to the R4 base beside the endpoint, of which its token must be."""
    bases = given.get("context", {}).get("server", {}).get("fhir_bases", ())
    base = str(bases[0]).rstrip("/") if bases else ""
    _, _, path = str(given["url"]).partition(app_state.PATH)
    asked = access.request({**given, "url": base + path})
    return replace(asked, url=str(given["url"]), letters=app_state.LETTERS.get(asked.interaction, ""), involved=())


def known(given: Json, asked: AccessRequest) -> AccessContext:
    context = given.get("context", {})
    held = context.get("states", {}).get(asked.id or "")
    state = None if held is None else AppState(held["system"], held["code"], held.get("subject"))
    found = replace(access.known(given, asked), user=person(context), faults=(), ignored=())
    if "states" not in context:
        return found
    return replace(found, state=state, current=held["version"] if held else UNKNOWN)
