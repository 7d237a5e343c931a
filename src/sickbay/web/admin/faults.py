"""Injected faults in the administration API."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.faults.fault import FILTERS
from sickbay.faults.kinds import list_kinds, list_presets
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.injection import setting
from sickbay.web.admin.lookup import find_app, find_tenant, json_response, parse_body
from sickbay.web.admin.wrong import Wrong


async def add_faults(request: Request, sandbox: Sandbox) -> Response:
    """Set a fault, or those of a preset: 201 with the fault, or with a list of them."""
    body: dict[str, Any] = await parse_body(request, dict[str, Any])
    filters = await _filters_of_fault(sandbox, body)
    try:
        if "preset" not in body:
            return json_response((await setting.add_faults(sandbox.runtime, [{**body, **filters}]))[0].to_json(), 201)
        if more := sorted(body.keys() - FILTERS.keys() - {"preset"}):
            raise Wrong(422, f"A preset has only filters, not {', '.join(more)}")
        added = await setting.add_faults(sandbox.runtime, setting.apply_preset(str(body["preset"]), filters))
        return json_response({"faults": [fault.to_json() for fault in added]}, 201)
    except setting.WrongFault as error:
        raise Wrong(422, str(error)) from None


async def _filters_of_fault(sandbox: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    """The filters that a fault was sent with. An app is named in any way, and stored as its client_id.

    Filters of a wrong type are returned as they were sent; `add_faults` refuses them.
    """
    filters = {name: body[name] for name in FILTERS if body.get(name) is not None}
    app, tenant = filters.get("app"), filters.get("tenant")
    if isinstance(tenant, str):
        find_tenant(sandbox, tenant)
    if isinstance(app, str) and isinstance(tenant, str | None):
        client = await find_app(sandbox, app, tenant)
        filters |= {"app": client.client_id, "tenant": client.tenant}
    return filters


async def list_faults(request: Request, sandbox: Sandbox) -> Response:
    return json_response(await setting.list_faults(sandbox.runtime))


async def describe_faults(request: Request, sandbox: Sandbox) -> Response:
    described = {"kinds": list_kinds(), "presets": list_presets()}
    return json_response(described)


async def remove_fault(request: Request, sandbox: Sandbox) -> Response:
    if not await setting.remove_faults(sandbox.runtime, request.path_params["id"]):
        raise Wrong(404, f"There is no fault {request.path_params['id']}")
    return Response(status_code=204)


async def remove_faults(request: Request, sandbox: Sandbox) -> Response:
    await setting.remove_faults(sandbox.runtime, None)
    return Response(status_code=204)
