"""The protected resources of a hospital in the portal: the list, and adding and removing one."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.protected_resource import read_resource
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services import resources as protected_resources
from sickbay.services.context import Tenant
from sickbay.web import cookies, html_response, http_request
from sickbay.web.admin.resources import describe_resources
from sickbay.web.pages.parts import Choice
from sickbay.web.portal.apps import TOO_LATE
from sickbay.web.portal.resources_view import ResourceRow, ResourcesView
from sickbay.web.redirects import redirect_to

SAVED = {"added": "Added.", "removed": "Removed."}


async def show_resources(request: Request, sandbox: Sandbox, name: str) -> Response:
    """GET lists them. POST: csrf, and the members of one to add, or remove (its id). On errors the same page, 422."""
    tenant = sandbox.runtime.tenants.get(name)
    if tenant is None:
        return html_response.respond_not_found(request, sandbox)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        view = await _resources_view(sandbox, tenant, saved=SAVED.get(request.query_params.get("done", ""), ""))
        return html_response.render_page(request, sandbox, "resources", view, options)
    sent = parse(await http_request.read_body(request))
    own = cookies.is_own_form(request, options.session, sent.get("csrf"))
    fault = await _change_resources(sandbox, tenant, sent) if own else TOO_LATE
    if fault:
        typed = {field: sent.get(field) or "" for field in ("url", "name", "scopes")}
        view = await _resources_view(sandbox, tenant, chosen=sent.get("client") or "", fault=fault, **typed)
        return html_response.render_page(request, sandbox, "resources", view, options, 422 if own else 403)
    done = "removed" if sent.get("remove") else "added"
    return redirect_to(f"/developer/hospitals/{name}/resources?done={done}")


async def _change_resources(sandbox: Sandbox, tenant: Tenant, sent: Parameters) -> str:
    """Apply the form. Returns what is wrong with it; "" if it was applied."""
    if id := sent.get("remove"):
        await protected_resources.remove_resource(sandbox.runtime, tenant, id)
        return ""
    client = await registration.find_by_id(sandbox.runtime, sent.get("client"))
    members = {field: (sent.get(field) or "").strip() for field in ("url", "name", "scopes")}
    is_own = client is not None and client.tenant == tenant.name and client.client != "public"
    resource = read_resource(members | {"client_id": client.client_id if client is not None and is_own else ""})
    if isinstance(resource, str):
        return f"{resource}."
    try:
        await protected_resources.add_resource(sandbox.runtime, tenant, resource)
    except protected_resources.ResourceTaken as error:
        return f"{error}."
    return ""


async def _resources_view(sandbox: Sandbox, tenant: Tenant, chosen: str = "", **more: Any) -> ResourcesView:
    confidential = [
        client for client in await registration.list_clients(sandbox.runtime, tenant.name, 200) if client.client != "public"
    ]
    names = {client.client_id: client.name for client in confidential}
    rows = tuple(
        ResourceRow(
            resource.url,
            resource.name,
            resource.scopes,
            names.get(resource.client_id, resource.client_id),
            resource.metadata_url,
            orjson.dumps(resource.metadata, option=orjson.OPT_INDENT_2).decode(),
            resource.id or "",
        )
        for resource in describe_resources(tenant)
    )
    return ResourcesView(
        title=tenant.title,
        hospital=tenant.name,
        action=f"/developer/hospitals/{tenant.name}/resources",
        bases=tenant.server.fhir_bases,
        rows=rows,
        clients=tuple(Choice(client.client_id, client.name, client.client_id == chosen) for client in confidential),
        **more,
    )
