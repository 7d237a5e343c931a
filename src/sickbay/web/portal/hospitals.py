"""The hospitals in the portal: the list, adding and removing one, and the policy of each with changes at run time."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox import hospitals as own_hospitals
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.context import Tenant
from sickbay.web import cookies, html_response, http_request
from sickbay.web.admin.hospitals import FILE_BYTES
from sickbay.web.http_request import headers_of
from sickbay.web.portal import policy_form
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.apps import TOO_LATE
from sickbay.web.redirects import redirect_to


async def show_hospitals(request: Request, sandbox: Sandbox) -> Response:
    """GET lists them. POST: csrf, and file (TOML) to add one, or remove (a name). On errors the same page, 422."""
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        view = _list_view(sandbox, saved=_SAVED.get(request.query_params.get("done", ""), ""))
        return html_response.render_page(request, sandbox, "hospitals", view, options)
    sent = parse(await http_request.read_body(request, FILE_BYTES))
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        view = _list_view(sandbox, file=sent.get("file") or "", problems=(TOO_LATE,))
        return html_response.render_page(request, sandbox, "hospitals", view, options, 403)
    if name := sent.get("remove"):
        await own_hospitals.remove(sandbox, name)
        return redirect_to("/developer/hospitals?done=removed#main")
    try:
        await own_hospitals.add(sandbox, sent.get("file") or "")
    except own_hospitals.WrongHospital as error:
        problems = tuple(map(str, error.problems))
    except own_hospitals.HospitalTaken as error:
        problems = (str(error),)
    else:
        return redirect_to("/developer/hospitals?done=added#main")
    view = _list_view(sandbox, file=sent.get("file") or "", problems=problems)
    return html_response.render_page(request, sandbox, "hospitals", view, options, 422)


_SAVED = {
    "added": "The hospital was added. Its apps and users can sign in now.",
    "removed": "The hospital and all its data were deleted.",
}


def _list_view(sandbox: Sandbox, **more: Any) -> portal_views.HospitalsView:
    rows = tuple(
        portal_views.HospitalRow(
            name,
            tenant.title,
            ", ".join(tenant.dialect.fhir),
            f"/developer/hospitals/{name}",
            f"/{name}/ehr",
            bool(tenant.digest),
        )
        for name, tenant in sandbox.runtime.tenants.items()
    )
    return portal_views.HospitalsView(rows=rows, action="/developer/hospitals", **more)


async def show_hospital(request: Request, sandbox: Sandbox, name: str) -> Response:
    """GET shows it. POST: csrf, policy (all overrides, in the syntax of sickbay.toml). On errors the same page, 422."""
    tenant = sandbox.runtime.tenants.get(name)
    if tenant is None:
        return html_response.respond_not_found(request, sandbox)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        view = replace(
            _hospital_view(tenant), saved="saved" in request.query_params, certificate=_certificate_path(request, sandbox)
        )
        return html_response.render_page(request, sandbox, "hospital", view, options)
    sent = parse(await http_request.read_body(request))
    wrong = await _save_hospital(request, sandbox, tenant, sent, options)
    if wrong is not None:
        view = replace(wrong, certificate=_certificate_path(request, sandbox))
        return html_response.render_page(request, sandbox, "hospital", view, options, 422)
    return redirect_to(f"/developer/hospitals/{name}?saved")


async def _save_hospital(
    request: Request, sandbox: Sandbox, tenant: Tenant, sent: Parameters, options: html_response.PageOptions
) -> portal_views.HospitalView | None:
    """Apply what the form or the text says, and restore all other defaults. Returns the view if there are errors."""
    text = sent.get("policy") or ""
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return _hospital_view(tenant, text, TOO_LATE)
    if "form" not in sent.names():
        chosen, fault = portal_views.read_policy(text)
        fault = fault or "; ".join(await _choose_values(sandbox, tenant, chosen))
        return _hospital_view(tenant, text, fault) if fault else None
    read = policy_form.read(sent, tenant.configured)
    if not read.faults:
        await _choose_values(sandbox, tenant, read.chosen)
        return None
    groups = policy_form.make_groups(tenant.configured, tenant.chosen, tenant.file, sent=sent, faults=read.faults)
    return replace(_hospital_view(tenant), groups=groups)


async def _choose_values(sandbox: Sandbox, tenant: Tenant, chosen: Mapping[str, Any]) -> list[str]:
    return await runtime_settings.choose_policy(sandbox.runtime, tenant, dict.fromkeys(tenant.chosen) | dict(chosen))


def _certificate_path(request: Request, sandbox: Sandbox) -> str:
    """The path of the certificate; "" unless the request comes directly from this machine."""
    path, headers = sandbox.settings.certificate, headers_of(request.scope)
    return quote(str(path.resolve())) if path and request.app.state.guard.is_at_keyboard(request.scope, headers) else ""


def _hospital_view(tenant: Tenant, text: str | None = None, fault: str = "") -> portal_views.HospitalView:
    return portal_views.HospitalView(
        title=tenant.title,
        name=tenant.name,
        groups=policy_form.make_groups(tenant.configured, tenant.chosen, tenant.file),
        action=f"/developer/hospitals/{tenant.name}",
        fault=fault,
        policy=portal_views.policy_text(tenant.chosen) if text is None else text,
    )
