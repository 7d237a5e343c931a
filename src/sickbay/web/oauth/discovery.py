"""The discovery documents. They are public, built once, and cached as bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sickbay import __version__, dialects
from sickbay.authorization import brands, discovery, protected_resource
from sickbay.authorization.access import app_state
from sickbay.authorization.access.search import listed_parameters
from sickbay.authorization.launch import style as launch_style
from sickbay.authorization.models import Policy
from sickbay.fhir import conformance
from sickbay.sandbox import seeding
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import id_token
from sickbay.services.context import Tenant
from sickbay.web import http_request
from sickbay.web.middleware.cors import ANY_ORIGIN_ROUTE, list_cors_headers
from sickbay.web.oauth.metadata_hints import NO_RESOURCE, OF_OPENID, OF_SERVER, find_hint, metadata_url

MADE = "2026-11-26"
"""The date in the CapabilityStatement: when its content last changed."""

OAUTH_URIS = {
    "introspect": "introspection_endpoint",
    "revoke": "revocation_endpoint",
    "register": "registration_endpoint",
    "manage": "management_endpoint",
}
"""The name in the extension oauth-uris (SMART 1.0) -> the member of the discovery document."""

IDENTITY = (("userinfo_endpoint", "userinfo"), ("end_session_endpoint", "logout"))
"""The endpoints that only OpenID Connect has."""


class Documents:
    """The documents as bytes, by tenant and version. They are rebuilt if the tenant's policy changes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._kept: dict[tuple[str, str, str], tuple[Policy, bytes]] = {}
        sandbox.runtime.on_hospitals.append(self._kept.clear)

    def metadata(self, tenant: Tenant, version: str) -> bytes:
        return self._find_document("metadata", tenant, version, lambda: _capability_statement(tenant, version))

    async def prepare(self, tenant: Tenant, version: str) -> None:
        """Make the CapabilityStatement on a thread, unless it is there: it takes long."""
        if self._kept.get(("metadata", tenant.name, version), (None, b""))[0] is not tenant.policy:
            await asyncio.to_thread(self.metadata, tenant, version)

    def smart(self, tenant: Tenant, version: str) -> bytes:
        return self._find_document(
            "smart",
            tenant,
            version,
            lambda: _apply_dialect(
                tenant,
                discovery.smart_configuration(
                    tenant.server,
                    app_state=_app_state(tenant, version),
                    **_list_other_endpoints(tenant),
                    **_brand_members(tenant),
                ),
            ),
        )

    def protected_resource(self, tenant: Tenant, version: str) -> bytes | None:
        """The metadata of a FHIR base; None if the hospital's policy is to have none."""
        if not tenant.policy.resource_metadata:
            return None
        return self._find_document("resource", tenant, version, lambda: _protected_resource(self.sandbox, tenant, version))

    def openid(self, hospital: str) -> bytes:
        tenant = self.sandbox.runtime.tenants[hospital]
        return self._find_document("openid", tenant, "", lambda: _openid_configuration(tenant))

    def _find_document(self, name: str, tenant: Tenant, version: str, make: Callable[[], Any]) -> bytes:
        key = (name, tenant.name, version)
        under, document = self._kept.get(key, (None, b""))
        if under is not tenant.policy:
            document = orjson.dumps(make())
            self._kept[key] = tenant.policy, document
        return document


def list_endpoints(tenant: Tenant) -> dict[str, str]:
    """The endpoints in the discovery documents, by member name, and the URLs of the documents themselves."""
    server, issuer = tenant.server, tenant.base + tenant.dialect.path("issuer").rstrip("/")
    return {
        "authorization_endpoint": server.authorization_endpoint,
        "token_endpoint": server.token_endpoint,
        **{name: f"{tenant.base}/oauth/{path}" for name, path in IDENTITY},
        **_list_other_endpoints(tenant),
        "discovery_document": f"{server.fhir_bases[0]}/.well-known/smart-configuration",
        "openid_configuration": issuer + OF_OPENID,
        "server_metadata": metadata_url(tenant),
    }


def _openid_configuration(tenant: Tenant) -> dict[str, Any]:
    more = {name: f"{tenant.base}/oauth/{path}" for name, path in IDENTITY}
    own_claims = [name for claims in tenant.dialect.id_token.values() for name in claims]
    return _apply_dialect(
        tenant, discovery.openid_configuration(tenant.server, own_claims=own_claims, **more, **_list_other_endpoints(tenant))
    )


def _protected_resource(sandbox: Sandbox, tenant: Tenant, version: str) -> dict[str, Any]:
    guide = f"{sandbox.runtime.base}/docs/how-to/agent-access"
    name = f"{tenant.title}, FHIR {version.upper()}"
    scopes = protected_resource.base_scopes(tenant.policy)
    return protected_resource.make_document(tenant.fhir_base(version), tenant.server.issuer, scopes, name, guide)


def _apply_dialect(tenant: Tenant, document: dict[str, Any]) -> dict[str, Any]:
    """Apply the dialect's own members; False removes a member."""
    members = document | dict(tenant.dialect.discovery)
    return {name: value for name, value in members.items() if value is not False or name not in tenant.dialect.discovery}


def _list_other_endpoints(tenant: Tenant) -> dict[str, Any]:
    base, path = tenant.base, tenant.dialect.path
    return {
        "jwks_uri": base + path("jwks"),
        "introspection_endpoint": base + path("introspect"),
        "revocation_endpoint": base + path("revoke"),
        "registration_endpoint": f"{base}/oauth/register",
        "management_endpoint": base + path("manage"),
    }


def _brand_members(tenant: Tenant) -> dict[str, Any]:
    return {
        "user_access_brand_bundle": tenant.base + brands.PATH,
        "user_access_brand_identifier": brands.make_identifier(tenant.base),
    }


def _app_state(tenant: Tenant, version: str) -> str:
    """The app state endpoint that accepts tokens of this FHIR base; "" if the hospital has none."""
    return tenant.base + app_state.PATH if version == app_state.VERSION and tenant.policy.app_state else ""


def _capability_statement(tenant: Tenant, version: str) -> dict[str, Any]:
    listed, server = _apply_dialect(tenant, _list_other_endpoints(tenant)), tenant.server
    oauth = {"authorize": server.authorization_endpoint, "token": server.token_endpoint}
    oauth |= {name: listed[member] for name, member in OAUTH_URIS.items() if member in listed}
    details = conformance.Self(
        tenant.fhir_base(version),
        MADE,
        __version__,
        oauth,
        multiple_deletes=tenant.policy.multiple_deletes,
        searchable=listed_parameters(tenant.policy.search_parameters),
    )
    return conformance.make_statement(version, details)


def list_routes(sandbox: Sandbox, documents: Documents) -> list[Route]:
    """The metadata of each issuer where OpenID Connect appends the well-known path, and where RFC 8414 inserts both of them."""
    well_known: list[Route] = []
    jwks = _jwks_handler(sandbox)
    for tenant in sandbox.runtime.tenants.values():
        issuer = tenant.issuer_path
        openid = _record_lookup(tenant.name, _json_handler(partial(documents.openid, tenant.name)))
        well_known += [
            *(
                Route(path, openid, name=ANY_ORIGIN_ROUTE)
                for path in (issuer + OF_OPENID, OF_OPENID + issuer, OF_SERVER + issuer)
            ),
            Route(f"/{tenant.name}{tenant.dialect.path('jwks')}", jwks, name=ANY_ORIGIN_ROUTE),
            Route(f"/{tenant.name}{launch_style.PATH}", _json_handler(lambda: launch_style.DOCUMENT), name=ANY_ORIGIN_ROUTE),
            *_resource_routes(sandbox, documents, tenant),
        ]
    return well_known


def _resource_routes(sandbox: Sandbox, documents: Documents, tenant: Tenant) -> list[Route]:
    """The metadata of each FHIR base, where a client looks first: the well-known path stands between host and path."""

    def answer_for(version: str) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            document = documents.protected_resource(sandbox.runtime.tenants[tenant.name], version)
            if document is None:
                return _respond_without_metadata(request, NO_RESOURCE)
            return _make_public_response(request, document)

        return _record_lookup(tenant.name, answer)

    return [
        Route(f"{protected_resource.WELL_KNOWN}/{tenant.name}{path}", answer_for(version), name=ANY_ORIGIN_ROUTE)
        for version in tenant.dialect.fhir
        for path in dict.fromkeys((tenant.dialect.fhir_path(version), dialects.short_path(version)))
    ]


async def explain_metadata(request: Request, sandbox: Sandbox) -> Response | None:
    """The response to a request for metadata where there are none; None if it isn't one. A client reads JSON, and no page."""
    hint = find_hint(http_request.raw_path(request.scope), sandbox.runtime.tenants)
    if hint is None or request.method not in ("GET", "HEAD"):
        return None
    response = _respond_without_metadata(request, hint.text)
    if hint.tenant is None:
        return response
    return await http_request.record_exchange(request, response, stage="discovery", tenant=hint.tenant.name)


def _respond_without_metadata(request: Request, text: str) -> Response:
    response = _make_public_response(request, orjson.dumps({"error": "not_found", "error_description": text}))
    response.status_code = 404
    return response


def _json_handler(body: Callable[[], bytes]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return _make_public_response(request, body())

    return answer


def _record_lookup(tenant: str, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Record that an app looked up the endpoints. Otherwise, it would look as if nothing had arrived after the launch."""

    async def answer_and_record(request: Request) -> Response:
        response: Response = await answer(request)
        await http_request.record_exchange(request, response, stage="discovery", tenant=tenant, shown=False)
        return response

    return answer_and_record


def _jwks_handler(sandbox: Sandbox) -> Callable[[Request], Any]:
    """Read for each request, because keys rotate."""

    async def answer(request: Request) -> Response:
        return _make_public_response(request, orjson.dumps(await id_token.key_set(sandbox.runtime)))

    return answer


def _make_public_response(request: Request, body: bytes) -> Response:
    response = Response(body, media_type="application/json")
    for name, value in list_cors_headers(request.headers.get("origin")):
        response.headers[name.decode()] = value.decode()
    return response


def sample_config(sandbox: Sandbox) -> Response:
    """The configuration of the sample app: its client_id at each issuer."""
    clients = {
        tenant.fhir_base(version): seeding.sample_id(tenant, version)
        for tenant in sandbox.runtime.tenants.values()
        for version in tenant.dialect.fhir
    }
    body = {"sickbay": sandbox.runtime.base, "clients": clients}
    return Response(orjson.dumps(body), media_type="application/json", headers={"cache-control": "no-store"})
