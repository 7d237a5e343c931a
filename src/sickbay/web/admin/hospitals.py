"""Hospitals that are added and removed through the administration API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.kernel.english import count
from sickbay.sandbox import hospitals
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import find_tenant, json_response
from sickbay.web.admin.wrong import Wrong
from sickbay.web.http_request import headers_of, read_body

FILE_BYTES = 100_000


async def add_hospital(request: Request, sandbox: Sandbox) -> Response:
    """Add the hospital that the body describes, as TOML (`application/toml`) or JSON: 201."""
    toml = headers_of(request.scope).get("content-type", "").partition(";")[0].strip().endswith("toml")
    try:
        added = await hospitals.add(sandbox, await read_body(request, FILE_BYTES), toml=toml)
    except hospitals.WrongHospital as error:
        title = f"The hospital's file has {count(len(error.problems), 'problem')}"
        raise Wrong(422, title, detail="\n".join(map(str, error.problems))) from None
    except hospitals.HospitalTaken as error:
        raise Wrong(409, str(error)) from None
    return json_response(describe_hospital(added), 201)


async def list_hospitals(request: Request, sandbox: Sandbox) -> Response:
    return json_response([describe_hospital(tenant) for tenant in sandbox.runtime.tenants.values()])


async def remove_hospital(request: Request, sandbox: Sandbox) -> Response:
    tenant = find_tenant(sandbox, request.path_params["hospital"])
    if not await hospitals.remove(sandbox, tenant.name):
        raise Wrong(409, f"{tenant.name} comes with Sickbay and can't be removed")
    return Response(status_code=204)


def describe_hospital(tenant: Tenant) -> admin_schemas.HospitalAddresses:
    """A hospital with its addresses, as the API returns it."""
    return admin_schemas.HospitalAddresses(
        name=tenant.name,
        title=tenant.title,
        added=bool(tenant.digest),
        issuer=tenant.server.issuer,
        authorize=tenant.server.authorization_endpoint,
        token=tenant.server.token_endpoint,
        ehr=f"{tenant.base}/ehr",
        fhir={version: tenant.fhir_base(version) for version in tenant.dialect.fhir},
    )
