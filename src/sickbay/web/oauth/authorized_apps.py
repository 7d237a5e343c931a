"""management_endpoint: users see the apps with access to their account, and revoke it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sickbay.kernel import english
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import authorized_apps as operation
from sickbay.services import registration
from sickbay.services.context import Tenant
from sickbay.web import cookies, http_request, students
from sickbay.web.ehr.handlers import EhrPages
from sickbay.web.oauth.authorized_apps_view import AllowedApp, ManageView
from sickbay.web.oauth.sign_in import consent_groups
from sickbay.web.redirects import redirect_to

LISTED_APPS: Final = 25
"""Apps on a page of the list."""


async def show_authorized_apps(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET shows the list. POST revokes the access of one app: csrf, app (a client_id).

    In class mode, all students sign in as the same users, so each sees and revokes only apps that this browser may open.
    """
    ehr = EhrPages(request, sandbox, tenant)
    if redirect := await ehr.require_user():
        return redirect
    assert ehr.user is not None
    current_path = http_request.raw_path(request.scope)
    if request.method == "POST":
        sent = parse(await http_request.read_body(request))
        client = await registration.find_by_id(sandbox.runtime, sent.get("app"))
        is_hidden = client is not None and not students.may_open(request, sandbox, client)
        if cookies.is_own_form(request, ehr.session, sent.get("csrf")) and not is_hidden:
            await operation.revoke(sandbox.runtime, tenant, ehr.user, sent.get("app") or "")
        return redirect_to(current_path)
    allowed = await operation.list_authorized_apps(sandbox.runtime, tenant, ehr.user)
    apps = [app for app in allowed if students.may_open(request, sandbox, app.client)]
    start = min(http_request.read_start(request), max(0, len(apps) - 1))
    view = ManageView(
        action=current_path,
        person=ehr.user.name or ehr.user.username,
        hospital=tenant.title,
        apps=tuple(map(_allowed_app, apps[start : start + LISTED_APPS])),
        start=start,
        total=len(apps),
        before=f"{current_path}?from={max(0, start - LISTED_APPS)}" if start else "",
        after=f"{current_path}?from={start + LISTED_APPS}" if len(apps) > start + LISTED_APPS else "",
    )
    return ehr.page("manage", view, "Permissions")


def _allowed_app(app: operation.Allowed) -> AllowedApp:
    items = tuple(item for group in consent_groups(app.scopes) for item in group.items)
    since = english.format_day(english.parse_datetime(app.since))
    return AllowedApp(app.client.client_id, app.client.name, since, items, app.live, app.away)
