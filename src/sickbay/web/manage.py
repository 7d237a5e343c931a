"""management_endpoint: a person sees what apps may do in their name, and takes it back."""

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
    """GET the list. POST: csrf, app (a client_id): take back what it may do."""
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
    found = await operation.allowed(sandbox.world, tenant, ward.user)
    view = ManageView(
        action=here, person=ward.user.name or ward.user.username, hospital=tenant.title, apps=tuple(map(_app, found))
    )
    return ward.page("manage", view, "Permissions")


def _app(one: operation.Allowed) -> AllowedApp:
    said = tuple(ask for group in ask_groups(one.scopes) for ask in group.asks)
    return AllowedApp(one.client.client_id, one.client.name, times.day(times.instant(one.since)), said, one.live, one.away)
