"""The brand Bundles: one of each hospital, and one of all hospitals. Public, for any origin."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sickbay.authorization import brands
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.web.fhir.response import is_unchanged
from sickbay.web.html_response import STATIC
from sickbay.web.middleware.cors import list_cors_headers
from sickbay.web.oauth.discovery import MADE


def list_routes(sandbox: Sandbox) -> list[Route]:
    base, all = sandbox.runtime.base, list(sandbox.runtime.tenants.values())
    served = [("", base, all), *((f"/{tenant.name}", tenant.base, [tenant]) for tenant in all)]
    return [
        Route(path + brands.PATH, _bundle_handler(address + brands.PATH, base, tenants), methods=["GET", "OPTIONS"])
        for path, address, tenants in served
    ]


def _bundle_handler(address: str, base: str, tenants: Sequence[Tenant]) -> Callable[[Request], Any]:
    """Serve one Bundle, or 304 if the client has it already (SMART 2.2, Caching Brand Bundles)."""
    all_brands = [_brand_of_tenant(tenant, base) for tenant in tenants]
    body = orjson.dumps(brands.make_bundle(address, all_brands, f"{MADE}T00:00:00Z"))
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'

    async def answer(request: Request) -> Response:
        headers = {
            "etag": tag,
            **{name.decode(): value.decode() for name, value in list_cors_headers(request.headers.get("origin"))},
        }
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        if is_unchanged(request.headers, tag, ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/fhir+json", headers=headers)

    return answer


def _brand_of_tenant(tenant: Tenant, base: str) -> brands.Brand:
    addresses = {version: tenant.fhir_base(version) for version in tenant.dialect.fhir}
    endpoints = {version: (version_url, tenant.server.fhir_versions[version_url]) for version, version_url in addresses.items()}
    logo = (STATIC / "flag.svg").read_bytes()
    return brands.Brand(tenant.name, tenant.title, tenant.dialect.about, tenant.base, endpoints, f"{base}/developer", logo)
