"""FHIR requests and their context."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.protocol.parameters import parse

BASE = "http://localhost:7425/general/r4"
STRICT = Policy(requires_patient=True, requires_category=True, versioned_update=True)
KNOWN = AccessContext(
    server=Server(fhir_bases=(BASE,), policy=STRICT), token=AccessToken("app", "user/*.cruds", BASE, 0, "f"), version="r4"
)


def search_request(type: str, query: str = "", **changed: object) -> AccessRequest:
    request = AccessRequest("GET", BASE, f"/{type}", parse(query), type=type, interaction="search-type", letters="s")
    return structs.replace(request, **changed)
