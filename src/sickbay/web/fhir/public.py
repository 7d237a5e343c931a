"""Public responses of a FHIR base: the CapabilityStatement, SMART discovery and preflights.

https://hl7.org/fhir/R4/http.html#capabilities
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from sickbay.authorization.protected_resource import WELL_KNOWN
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import json_type
from sickbay.fhir.outcome import Issue
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.web.fhir.context import FhirBase, FhirContext
from sickbay.web.fhir.response import FhirResponse, issue_response
from sickbay.web.http_request import RequestState, get_peer
from sickbay.web.oauth.discovery import list_endpoints

INTERACTIONS = frozenset(("preflight", "capabilities", "discovery"))
MAYBE_PUBLIC = INTERACTIONS | {Misrouted.interaction}
"""Only these requests can have a public response."""
LOOKED_UP = frozenset(("capabilities", "discovery"))
"""Requests that are recorded."""


class NotFhir(Exception):
    """Whether a browser looks for an OAuth endpoint below a FHIR base. It gets a page, as for any unknown address."""


def public_response(base: FhirBase, routed: Route | Misrouted, path: str, headers: Mapping[str, str]) -> FhirResponse | None:
    """None if the request needs a token. Raises NotFhir."""
    if isinstance(routed, Misrouted):
        if routed.status == 404 and _looks_for_oauth(path, headers):
            raise NotFhir
        return None
    if routed.interaction == "preflight" or "access-control-request-method" in headers:
        other = route(base.version, "", path)
        return FhirResponse(204, b"", [*other.allow] if isinstance(other, Misrouted) else [])
    if routed.interaction == "capabilities":
        return FhirResponse(200, _capability_statement(base), [(b"content-type", json_type(base.version).encode())])
    if path == "/.well-known/smart-configuration":
        body = base.documents.smart(base.tenant, base.version)
        return FhirResponse(200, body, [(b"content-type", b"application/json")])
    if path == WELL_KNOWN and (document := base.documents.protected_resource(base.tenant, base.version)) is not None:
        return FhirResponse(200, document, [(b"content-type", b"application/json")])
    named = "openid_configuration" if "openid" in path else "server_metadata" if "oauth-auth" in path else "discovery_document"
    text = f"There is no {path} under {base.url}. Use {list_endpoints(base.tenant)[named]}."
    return issue_response(base.version, 404, Issue("not-found", text))


async def capabilities_entry(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """The CapabilityStatement as an entry of a Bundle."""
    return FhirResponse(200, _capability_statement(context.base), context.content)


async def discovery_entry(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """SMART discovery isn't a resource, so no entry of a Bundle can have it."""
    return context.issue(501, Issue("not-supported", "discovery isn't supported by this server yet."))


def _capability_statement(base: FhirBase) -> bytes:
    return base.documents.metadata(base.tenant, base.version)


def _looks_for_oauth(path: str, headers: Mapping[str, str]) -> bool:
    last = path.partition("&")[0].rstrip("/").rpartition("/")[2].lower()
    return last.startswith(("auth", "token")) and "text/html" in headers.get("accept", "")


def record_discovery(base: FhirBase, scope: MutableMapping[str, Any], path: str, answer: FhirResponse) -> None:
    """Record that an app looked up the endpoints. Otherwise, it would look as if nothing had arrived after the launch."""
    state: RequestState = scope["state"]
    recorded = RecordedRequest(scope["method"], f"{base.url}{path}", state.headers, "", get_peer(scope))
    response = RecordedResponse(answer.status, {}, size=len(answer.body))
    base.sandbox.journal.hold(
        Exchange(
            state.exchange,
            base.sandbox.runtime.effects.now(),
            base.tenant.name,
            "discovery",
            "",
            "",
            recorded,
            response,
            injected=state.injected,
            seconds=state.seconds(),
            resent_from=state.resent_from,
        )
    )
