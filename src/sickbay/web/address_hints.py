"""Requests to unknown addresses: which endpoint was probably meant, and FHIR requests outside a FHIR base."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sickbay.authorization.bases import find_own_base
from sickbay.authorization.models import AuthorizationCode
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.search.parameters import known_types
from sickbay.kernel.english import join
from sickbay.protocol.parameters import find_first_value
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import records, registration
from sickbay.services.access import issuer_of, refuse_outside
from sickbay.services.context import Tenant
from sickbay.web import http_request
from sickbay.web.fhir.refusals import make_refusal_response
from sickbay.web.fhir.request import is_form
from sickbay.web.http_request import headers_of
from sickbay.web.near_addresses import build_tree, find_near
from sickbay.web.oauth.discovery import list_endpoints

EVERY_PATH = "/{path:path}"
"""The path of the route for requests that no other route handles."""
GUESSED = {
    "auth": "authorization_endpoint",
    "token": "token_endpoint",
    "introspect": "introspection_endpoint",
    "revo": "revocation_endpoint",
    "userinfo": "userinfo_endpoint",
    "logout": "end_session_endpoint",
    "end_session": "end_session_endpoint",
    "endsession": "end_session_endpoint",
    "register": "registration_endpoint",
    "jwks": "jwks_uri",
    "smart-conf": "discovery_document",
    "openid-conf": "openid_configuration",
}
"""The start of the last path segment -> the discovery member that was probably meant."""


def suggest_address(sandbox: Sandbox, path: str) -> str:
    """A sentence with the address of the endpoint that was probably meant; "" for any other path."""
    last = path.rstrip("/").rpartition("/")[2].lower()
    member = next((member for beginning, member in GUESSED.items() if last.startswith(beginning)), None)
    if member is None:
        return _list_bases(sandbox) if _names_a_type(sandbox, path) else ""
    name = member.removesuffix("_endpoint").replace("_", " ") + (" endpoint" if member.endswith("_endpoint") else "")
    tenant = sandbox.runtime.tenants.get(path.split("/")[1])
    if tenant is None:
        urls = join([list_endpoints(tenant)[member] for tenant in sandbox.runtime.tenants.values()])
        return f"The {name}s of the hospitals are {urls}."
    source = "" if member == "discovery_document" else ", as listed in .well-known/smart-configuration below its FHIR base"
    return f"The {name} of {tenant.name} is {list_endpoints(tenant)[member]}{source}."


def find_near_addresses(request: Request, sandbox: Sandbox) -> tuple[str, ...]:
    """Finds paths of pages and FHIR addresses that are similar to the requested one."""
    pages = (route for route in request.app.routes if isinstance(route, Route) and "GET" in (route.methods or ()))
    templates = [route.path for route in pages if route.path != EVERY_PATH]
    hospitals = {name: tenant.dialect.fhir for name, tenant in sandbox.runtime.tenants.items()}
    bases = [f"/{name}/{version}/{{path:path}}" for name, versions in hospitals.items() for version in versions]
    return find_near(http_request.raw_path(request.scope), build_tree([*templates, *bases]), hospitals)


def find_hospital(request: Request, sandbox: Sandbox) -> Tenant | None:
    """Finds the hospital of an authorization request: from its path, else from its aud, else the only one."""
    path, sent = http_request.raw_path(request.scope), http_request.query_of(request.scope)
    has_authorize_path = path.partition("&")[0].rstrip("/").rpartition("/")[2].lower().startswith("auth")
    if not has_authorize_path and not ("response_type" in sent and "client_id" in sent):
        return None
    aud = sent.get("aud") or ""
    return _hospital_in_path(
        sandbox, path, [tenant for tenant in sandbox.runtime.tenants.values() if find_own_base(aud, tenant.server)]
    )


def _hospital_in_path(sandbox: Sandbox, path: str, other: list[Tenant]) -> Tenant | None:
    named_hospital = sandbox.runtime.tenants.get(path.split("/")[1])
    tenants = [*sandbox.runtime.tenants.values()]
    return named_hospital or next(iter(other), tenants[0] if len(tenants) == 1 else None)


async def redirect_to_fhir(request: Request, sandbox: Sandbox) -> Response | None:
    """The response to a FHIR request outside every base; None without a resource type or a hospital.

    The hospital is the one in the path, else the one that issued the token, else the only one.
    """
    path = http_request.raw_path(request.scope)
    if not _names_a_type(sandbox, path):
        return None
    url = http_request.make_address(request.scope, sandbox.runtime.base)
    access_request = AccessRequest(
        request.method, "", path, http_request.query_of(request.scope), headers_of(request.scope), url=url.partition("?")[0]
    )
    issuer = await issuer_of(sandbox.runtime, access_request)
    tenant = _hospital_in_path(sandbox, path, [issuer] if issuer else [])
    if tenant is None:
        return None
    version, result = await refuse_outside(sandbox.runtime, tenant, access_request)
    answer = make_refusal_response(version, tenant.fhir_base(version), result)
    response = Response(answer.body, answer.status)
    response.raw_headers.extend(answer.headers)
    return await http_request.record_exchange(
        request,
        response,
        stage="access",
        tenant=tenant.name,
        client_id=result.client_id,
        timeline=result.timeline,
        decision=result.decision,
    )


async def record_token_request(request: Request, sandbox: Sandbox, response: Response) -> Response:
    """Record a token request to an unknown address with its launch, which its authorization code identifies."""
    if request.method != "POST" or not is_form(headers_of(request.scope)):
        return response
    runtime, body = sandbox.runtime, await http_request.read_body(request)
    text = find_first_value(body, "code")
    code = await records.load(runtime, "code", records.digest(text), AuthorizationCode) if text else None
    client = await registration.find_by_id(runtime, code.client_id) if code is not None else None
    if code is None or client is None:
        return response
    recorded = http_request.recorded_request(request.scope, runtime.base, body)
    return await http_request.record_exchange(
        request,
        response,
        stage="token",
        tenant=client.tenant,
        client_id=client.client_id,
        timeline=code.timeline,
        recorded=recorded,
    )


def _list_bases(sandbox: Sandbox) -> str:
    base_urls = [base for tenant in sandbox.runtime.tenants.values() for base in tenant.server.fhir_bases]
    return f"Send FHIR requests to a FHIR base URL: {join(base_urls, 'or')}."


def _names_a_type(sandbox: Sandbox, path: str) -> bool:
    versions = {version for tenant in sandbox.runtime.tenants.values() for version in tenant.dialect.fhir}
    return any(part in known_types(version) for part in path.split("/") for version in versions)
