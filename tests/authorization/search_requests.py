"""FHIR requests and what is known of them."""

from __future__ import annotations

from dataclasses import replace

from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Policy, Server, Token
from sickbay.protocol.parameters import parse

BASE = "http://localhost:7425/general/r4"
STRICT = Policy(requires_patient=True, requires_category=True, versioned_update=True)
KNOWN = AccessKnown(
    server=Server(fhir_bases=(BASE,), policy=STRICT), token=Token("app", "user/*.cruds", BASE, 0, "f"), version="r4"
)


def asked(type: str, query: str = "", **changed: object) -> AccessRequest:
    request = AccessRequest("GET", BASE, f"/{type}", parse(query), type=type, interaction="search-type", letters="s")
    return replace(request, **changed)  # type: ignore[arg-type]
