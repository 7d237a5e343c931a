"""The form with all settings that an app can have instead of its hospital's."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import structs
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.web import cookies, html_response, http_request
from sickbay.web.pages.parts import Link
from sickbay.web.portal import policy_form
from sickbay.web.portal.apps import TOO_LATE
from sickbay.web.portal.views import AppPolicyView
from sickbay.web.redirects import redirect_to


async def show_settings(request: Request, sandbox: Sandbox, id: str) -> Response:
    """GET shows the form. POST: csrf, form=policy and each setting; on errors the same page, 422."""
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is None:
        return html_response.respond_not_found(request, sandbox)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        return html_response.render_page(request, sandbox, "app_policy", _app_policy_view(sandbox, client), options)
    sent = parse(await http_request.read_body(request))
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        view = replace(_app_policy_view(sandbox, client, sent), fault=TOO_LATE)
        return html_response.render_page(request, sandbox, "app_policy", view, options, 403)
    read = policy_form.read(sent, sandbox.runtime.tenants[client.tenant].policy, app=True)
    if read.faults:
        return html_response.render_page(
            request, sandbox, "app_policy", _app_policy_view(sandbox, client, sent, read.faults), options, 422
        )
    await registration.save_app(sandbox.runtime, structs.replace(client, policy=read.chosen), client)
    return redirect_to(f"/developer/apps/{client.app_id}?saved=policy#h-policy")


def _app_policy_view(
    sandbox: Sandbox, client: Client, sent: Parameters | None = None, faults: Mapping[str, str] | None = None
) -> AppPolicyView:
    tenant, path = sandbox.runtime.tenants[client.tenant], f"/developer/apps/{client.app_id}"
    return AppPolicyView(
        app=Link(client.name, path),
        hospital=Link(tenant.title, f"/developer/hospitals/{tenant.name}"),
        groups=policy_form.make_groups(tenant.policy, client.policy, {}, app=True, sent=sent, faults=faults),
        action=f"{path}/settings",
    )
