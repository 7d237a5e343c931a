"""management_endpoint: users see the apps with access to their account, and revoke it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import authorized_apps as operation
from sickbay.services.context import Tenant
from sickbay.web import cookies, error_responses, http_request
from sickbay.web.ehr.handlers import EhrPages
from sickbay.web.oauth.authorized_apps_view import AllowedApp, ManageView
from sickbay.web.oauth.sign_in import ask_groups
from sickbay.web.pages import times


async def manage(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET shows the list. POST revokes the access of one app: csrf, app (a client_id)."""
    ward = EhrPages(request, sandbox, tenant)
    if redirect := await ward.enter():
        return redirect
    assert ward.user is not None
    current_path = http_request.raw_path(request.scope)
    if request.method == "POST":
        sent = parse(await http_request.read_body(request))
        if cookies.form_is_ours(request, ward.session, sent.get("csrf")):
            await operation.withdraw(sandbox.runtime, tenant, ward.user, sent.get("app") or "")
        return RedirectResponse(current_path, 303, error_responses.NO_STORE)
    apps = await operation.allowed(sandbox.runtime, tenant, ward.user)
    view = ManageView(
        action=current_path, person=ward.user.name or ward.user.username, hospital=tenant.title, apps=tuple(map(_app, apps))
    )
    return ward.page("manage", view, "Permissions")


def _app(app: operation.Allowed) -> AllowedApp:
    asks = tuple(ask for group in ask_groups(app.scopes) for ask in group.asks)
    return AllowedApp(app.client.client_id, app.client.name, times.day(times.instant(app.since)), asks, app.live, app.away)
