"""The endpoint for app state: an app creates, updates, deletes and searches resources of type Basic that only it sees.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from msgspec import structs

from sickbay.authorization.access import app_state
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.bundle import BundleEntry, make_searchset, search_url
from sickbay.fhir.media import negotiate
from sickbay.fhir.outcome import Issue
from sickbay.fhir.routing import Misrouted, Route
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import UNKNOWN
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import app_state as states
from sickbay.services.app_state import StoredAppState
from sickbay.services.context import Tenant
from sickbay.services.token_cache import BearerContext
from sickbay.web.fhir.context import FhirBase, fhir_base
from sickbay.web.fhir.endpoint import Api, Result
from sickbay.web.fhir.refusals import make_refusal_response
from sickbay.web.fhir.request import PARSED, parse_body
from sickbay.web.fhir.response import FhirResponse, Headers, issue_response, version_headers
from sickbay.web.oauth.discovery import MADE, Documents

JSON = VERSIONS[app_state.VERSION].json.encode()


def app_state_base(sandbox: Sandbox, tenant: Tenant, documents: Documents) -> FhirBase:
    """The app state endpoint as a FHIR base. Its url is that of the FHIR base that tokens are valid for."""
    return fhir_base(sandbox, tenant, app_state.VERSION, documents, app_state.PATH)


def _endpoint_url(base: FhirBase) -> str:
    return base.tenant.base + app_state.PATH


def _move_to_home(base: FhirBase, request: AccessRequest) -> AccessRequest:
    letters = app_state.LETTERS.get(request.interaction, request.letters)
    return structs.replace(request, url=_endpoint_url(base) + request.url.removeprefix(base.url), letters=letters, involved=())


def _respond_to_public_request(
    base: FhirBase, routed: Route | Misrouted, path: str, headers: Mapping[str, str]
) -> FhirResponse | None:
    """The response to a public request; None for any other request."""
    if not isinstance(routed, Route):
        return None
    if routed.interaction == "preflight":
        return FhirResponse(204, b"", [])
    if routed.interaction == "capabilities":
        return FhirResponse(200, orjson.dumps(_capability_statement(_endpoint_url(base))), [(b"content-type", JSON)])
    return issue_response(base.version, 404, Issue("not-found", f"There is no {path} below {_endpoint_url(base)}."))


async def perform(
    base: FhirBase, request: AccessRequest, routed: Route | Misrouted, raw: bytes, holder: BearerContext | None
) -> Result:
    """Execute a request. Only a client with a token learns which interactions aren't supported. The token is loaded again."""
    addressed = (request.id is not None) == (request.interaction in ("update", "delete"))
    if request.type != "Basic" or request.interaction not in app_state.LETTERS or not addressed:
        request = structs.replace(request, interaction="", letters="")
    is_read = request.interaction in PARSED and len(raw) <= app_state.LIMIT
    body = parse_body(base, request, raw) if is_read else UNKNOWN
    result = await states.perform(base.sandbox.runtime, base.tenant, request, body)
    access = result.access
    if access.decision.refusal is not None:
        return make_refusal_response(base.version, base.url, access), access
    return _state_response(base, request, result.states), access


def _state_response(base: FhirBase, request: AccessRequest, stored_states: tuple[StoredAppState, ...]) -> FhirResponse:
    media = negotiate(base.version, request.headers.get("accept"), request.parameters.get("_format"))
    content = [(b"content-type", (media.content_type or VERSIONS[base.version].json).encode())]
    match request.interaction:
        case "search-type":
            entries = {"match": [BundleEntry("Basic", state.id, state.body) for state in stored_states]}
            self_url = search_url(_endpoint_url(base), "Basic", request.parameters.pairs)
            body = make_searchset(_endpoint_url(base), entries, self_url=self_url, next_url=None, total=len(stored_states))
            return FhirResponse(200, body, content)
        case "create" | "update":
            return _describe_saved_state(base, stored_states[0], request.interaction == "create", content)
        case "delete":
            return FhirResponse(204, b"", [])
        case _:
            return _respond_not_supported(base, request)


def _respond_not_supported(base: FhirBase, request: AccessRequest) -> FhirResponse:
    text = f"{_endpoint_url(base)} supports only create, update, delete and search of Basic."
    if request.type != "Basic":
        return issue_response(base.version, 404, Issue("not-supported", text))
    response = issue_response(base.version, 405, Issue("not-supported", text))
    allowed = (b"allow", b"PUT, DELETE" if request.id else b"GET, POST")
    return structs.replace(response, headers=[*response.headers, allowed])


def _describe_saved_state(base: FhirBase, state: StoredAppState, created: bool, content: Headers) -> FhirResponse:
    headers = [*content, *version_headers(state.version_id, state.at * 1000)]
    if created:
        headers.append((b"location", f"{_endpoint_url(base)}/Basic/{state.id}".encode()))
    return FhirResponse(201 if created else 200, state.body, headers)


def _capability_statement(home: str) -> dict[str, object]:
    interactions = ("create", "update", "delete", "search-type")
    parameters = [{"name": "code", "type": "token"}, {"name": "subject", "type": "reference"}]
    resource = {
        "type": "Basic",
        "supportedProfile": ["http://hl7.org/fhir/smart-app-launch/StructureDefinition/smart-app-state-basic"],
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned-update",
        "searchParam": parameters,
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": MADE,
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/smart-app-launch/CapabilityStatement/smart-app-state-server"],
        "implementation": {"description": "App state: what apps store for themselves", "url": home},
        "fhirVersion": VERSIONS[app_state.VERSION].number,
        "format": ["json", "xml"],
        "rest": [{"mode": "server", "resource": [resource]}],
    }


API: Final = Api(_respond_to_public_request, perform, _move_to_home)
