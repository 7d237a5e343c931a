"""Handles GET /admin/launches and /admin/launches/{timeline}: the state of launches."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import launch_progress
from sickbay.web import error_responses
from sickbay.web.admin.lookup import find_app, find_tenant
from sickbay.web.admin.wrong import Wrong


async def get_launch(request: Request, sandbox: Sandbox) -> Response:
    """One launch: what it waits for, and the likely causes if it stalled."""
    id = request.path_params["launch"]
    found = await launch_progress.read_launch(sandbox.runtime, sandbox.journal, id, full=True)
    if found is None:
        raise Wrong(404, f"There is no launch {id}")
    return error_responses.respond_json(launch_progress.to_json(found))


async def list_launches(request: Request, sandbox: Sandbox) -> Response:
    """The newest launches, the last one first."""
    reference, tenant = request.query_params.get("app"), request.query_params.get("tenant")
    if tenant is not None:
        find_tenant(sandbox, tenant)
    client = await find_app(sandbox, reference, tenant) if reference else None
    found = await launch_progress.find_newest(sandbox.runtime, sandbox.journal, client.client_id if client else None, tenant)
    return error_responses.respond_json([launch_progress.to_json(launch) for launch in found])
