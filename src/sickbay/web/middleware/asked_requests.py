"""Reads the properties of a request that faults can select: hospital, stage, app, FHIR type and interaction."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from starlette.types import Scope

from sickbay import dialects
from sickbay.authorization.access import app_state
from sickbay.authorization.protected_resource import WELL_KNOWN
from sickbay.authorization.requests import token_request
from sickbay.faults.asked import AskedRequest
from sickbay.fhir.routing import route_without_suggestions
from sickbay.protocol.parameters import parse
from sickbay.services.access import find_cached_context, load_context
from sickbay.services.context import Runtime, Tenant
from sickbay.web.oauth.metadata_hints import OF_OPENID, OF_SERVER

FORM_STAGES = ("token", "introspection", "revocation")
"""Stages of endpoints whose client authenticates in the form or by the Authorization header."""
PARAMETER = re.compile(rb"(?:^|&)_count=[^&]*")
DOCUMENTS = ("/metadata", "/.well-known/smart-configuration", WELL_KNOWN)
Found = tuple[AskedRequest, tuple[str, ...]]
"""The properties of a request, and the codes and tokens that it sends."""


@lru_cache(maxsize=64)  # a change of a policy makes another Tenant
def _stages_by_path(tenant: Tenant) -> dict[str, str]:
    """The stage of each OAuth and discovery address, by its path below the base URL."""
    home, path = f"/{tenant.name}", tenant.dialect.path
    stages = {home + path("authorize", persona): "authorize" for persona in ("patient", "provider")}
    stages |= {home + path("token"): "token", home + path("introspect"): "introspection", home + path("revoke"): "revocation"}
    stages |= {f"{home}/oauth/register": "registration", f"{home}/oauth/userinfo": "userinfo", home + path("jwks"): "discovery"}
    issuer = tenant.issuer_path
    stages |= dict.fromkeys((issuer + OF_OPENID, OF_OPENID + issuer, OF_SERVER + issuer), "discovery")
    for version in tenant.dialect.fhir:
        for base in _fhir_paths(tenant, version):
            stages |= dict.fromkeys((*(base + document for document in DOCUMENTS), WELL_KNOWN + base), "discovery")
    return stages


def _fhir_paths(tenant: Tenant, version: str) -> tuple[str, ...]:
    home = f"/{tenant.name}"
    return tuple(dict.fromkeys((home + tenant.dialect.fhir_path(version), home + dialects.short_path(version))))


def _tenant_in_path(runtime: Runtime, path: str) -> Tenant | None:
    """The hospital that a path names first, or behind a well-known path that was inserted before it."""
    first, *others = path.removeprefix("/").split("/", 3)
    return runtime.tenants.get(others[1] if first == ".well-known" and len(others) > 1 else first)


def is_oauth(runtime: Runtime, path: str) -> bool:
    """Whether a form that is sent to this path tells which app sends it."""
    tenant = _tenant_in_path(runtime, path)
    return tenant is not None and _stages_by_path(tenant).get(path) in (*FORM_STAGES, "authorize", "registration", "userinfo")


def stage_of(runtime: Runtime, path: str) -> str:
    """The stage of a path at a hospital's OAuth or FHIR server; "" for every other path. path: decoded, as in a scope."""
    tenant = _tenant_in_path(runtime, path)
    if tenant is None:
        return ""
    if path == f"/{tenant.name}/oauth/logout":
        return "logout"
    bases = [base for version in tenant.dialect.fhir for base in _fhir_paths(tenant, version)]
    bases += [f"/{tenant.name}{app_state.PATH}"] if tenant.policy.app_state else []
    below_base = any(path == base or path.startswith(f"{base}/") for base in bases)
    return _stages_by_path(tenant).get(path) or ("access" if below_base else "")


async def read_asked_request(runtime: Runtime, scope: Scope, body: bytes) -> Found | None:
    """Reads the properties of a request; None if no fault applies to this address. body: that of a form."""
    path = scope["path"]
    tenant = _tenant_in_path(runtime, path)
    if tenant is None:
        return None
    stage = _stages_by_path(tenant).get(path)
    if stage is not None:
        return _ask_at_endpoint(tenant, stage, scope, body.decode("utf-8", "replace"))
    for version in tenant.dialect.fhir:
        for base in _fhir_paths(tenant, version):
            if path.startswith(f"{base}/") or path == base:
                return await _ask_at_fhir(runtime, tenant, version, path[len(base) :], scope)
    return None


def _ask_at_endpoint(tenant: Tenant, stage: str, scope: Scope, body: str) -> Found:
    query = scope["query_string"].decode("latin-1")
    method, path, headers = scope["method"], scope["path"], scope["state"].headers
    if stage in FORM_STAGES:
        sent = token_request(method, f"{path}?{query}", headers, body)
        parameters = sent.parameters
        refreshes = stage == "token" and parameters.get("grant_type") == "refresh_token"
        asked = AskedRequest(tenant.name, "refresh" if refreshes else stage, method, path, sent.claimed or "")
        return asked, tuple(parameters.get(name) or "" for name in ("code", "refresh_token"))
    parameters = parse(body or query)
    return AskedRequest(tenant.name, stage, method, path, parameters.get("client_id") or ""), ()


async def _ask_at_fhir(runtime: Runtime, tenant: Tenant, version: str, path: str, scope: Scope) -> Found:
    route: Any = route_without_suggestions(version, scope["method"], path)
    header, base = scope["state"].headers.get("authorization", ""), tenant.fhir_base(version)
    holder = find_cached_context(runtime, base, header) or await load_context(runtime, tenant, version, base, header)
    interaction = route.interaction
    asked = AskedRequest(
        tenant.name,
        "search" if interaction.startswith("search-") else "access",
        scope["method"],
        scope["path"],
        holder.token.client_id if holder.token else "",
        route.type or "",
        interaction=interaction,
        is_export="$export" in path,
    )
    return asked, (header.partition(" ")[2].strip(),)


def limit_count(query: bytes, entries: int) -> bytes:
    """The query with another _count."""
    rest = PARAMETER.sub(b"", query).strip(b"&")
    return b"&".join(filter(None, (rest, b"_count=%d" % entries)))
