"""management_endpoint: users see the apps with access to their account, and revoke it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.operations import manage as operation
from sickbay.operations.context import Tenant
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, cookies, wire
from sickbay.web.ehr import Ward
from sickbay.web.pages import times
from sickbay.web.pages.entrance import ask_groups
from sickbay.web.pages.manage import AllowedApp, ManageView


async def manage(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET shows the list. POST revokes the access of one app: csrf, app (a client_id)."""
    ward = Ward(request, sandbox, tenant)
    if away := await ward.enter():
        return away
    assert ward.user is not None
    here = wire.raw_path(request.scope)
    if request.method == "POST":
        sent = parse(await wire.read_body(request))
        if cookies.form_is_ours(request, ward.session, sent.get("csrf")):
            await operation.withdraw(sandbox.world, tenant, ward.user, sent.get("app") or "")
        return RedirectResponse(here, 303, answers.NO_STORE)
    apps = await operation.allowed(sandbox.world, tenant, ward.user)
    view = ManageView(
        action=here, person=ward.user.name or ward.user.username, hospital=tenant.title, apps=tuple(map(_app, apps))
    )
    return ward.page("manage", view, "Permissions")


def _app(app: operation.Allowed) -> AllowedApp:
    asks = tuple(ask for group in ask_groups(app.scopes) for ask in group.asks)
    return AllowedApp(app.client.client_id, app.client.name, times.day(times.instant(app.since)), asks, app.live, app.away)
