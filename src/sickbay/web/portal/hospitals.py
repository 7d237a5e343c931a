"""The policy of a hospital in the portal: its current settings, where each comes from, and changes at run time."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.context import Tenant
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.http_request import headers_of
from sickbay.web.pages.notice import not_found
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.apps import TOO_LATE, refuse_unless_administrator


async def hospital(request: Request, sandbox: Sandbox, name: str) -> Response:
    """GET shows it. POST: csrf, policy (all overrides, in the syntax of sickbay.toml). On errors the same page, 422."""
    if rejection := refuse_unless_administrator(request, sandbox):
        return rejection
    tenant = sandbox.tenants.get(name)
    if tenant is None:
        return html_response.page(request, sandbox, "notice", not_found(http_request.raw_path(request.scope)), status=404)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        view = replace(_view(tenant), saved="saved" in request.query_params, certificate=_certificate(request, sandbox))
        return html_response.page(request, sandbox, "hospital", view, options)
    sent = parse(await http_request.read_body(request))
    text, fault = sent.get("policy") or "", TOO_LATE
    if cookies.is_own_form(request, options.session, sent.get("csrf")):
        fault = await _choose(sandbox, tenant, text)
    if fault:
        view = replace(_view(tenant, text, fault), certificate=_certificate(request, sandbox))
        return html_response.page(request, sandbox, "hospital", view, options, 422)
    return RedirectResponse(f"/developer/hospitals/{name}?saved#h-choose", 303, error_responses.NO_STORE)


async def _choose(sandbox: Sandbox, tenant: Tenant, text: str) -> str:
    """Apply the settings in the text, and restore the default of all others."""
    chosen, fault = portal_views.read_policy(text)
    if fault:
        return fault
    faults = await runtime_settings.choose(sandbox.runtime, tenant, dict.fromkeys(tenant.chosen) | chosen)
    return "; ".join(faults)


def _certificate(request: Request, sandbox: Sandbox) -> str:
    """The path of the certificate; "" unless the request comes directly from this machine."""
    path, headers = sandbox.settings.certificate, headers_of(request.scope)
    return quote(str(path.resolve())) if path and request.app.state.guard.at_keyboard(request.scope, headers) else ""


def _view(tenant: Tenant, text: str | None = None, fault: str = "") -> portal_views.HospitalView:
    return portal_views.HospitalView(
        title=tenant.title,
        name=tenant.name,
        rows=portal_views.policy_rows(tenant.policy, tenant.chosen, tenant.file),
        action=f"/developer/hospitals/{tenant.name}",
        fault=fault,
        policy=portal_views.policy_text(tenant.chosen) if text is None else text,
    )
