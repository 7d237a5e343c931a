"""The settings of each tenant (/admin/policies)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization import policy
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.context import Tenant
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import find_tenant, json_response, parse_body
from sickbay.web.admin.wrong import Wrong


async def list_policies(request: Request, sandbox: Sandbox) -> Response:
    chosen = request.query_params.get("tenant")
    tenants = [find_tenant(sandbox, chosen)] if chosen else list(sandbox.runtime.tenants.values())
    return json_response([_tenant_policy(tenant) for tenant in tenants])


async def get_policy(request: Request, sandbox: Sandbox) -> Response:
    return json_response(_tenant_policy(find_tenant(sandbox, request.path_params["tenant"])))


async def change_policy(request: Request, sandbox: Sandbox) -> Response:
    tenant = find_tenant(sandbox, request.path_params["tenant"])
    body: dict[str, Any] = await parse_body(request, dict[str, Any])
    if faults := await runtime_settings.choose_policy(sandbox.runtime, tenant, body):
        raise Wrong(422, "; ".join(faults))
    return json_response(_tenant_policy(find_tenant(sandbox, tenant.name)))


def _tenant_policy(tenant: Tenant) -> admin_schemas.TenantPolicy:
    return admin_schemas.TenantPolicy(tenant.name, policy.list_values(tenant.policy), dict(tenant.chosen), dict(tenant.file))
