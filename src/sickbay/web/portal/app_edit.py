"""The form that changes an app: the fields of its registration, with the same checks."""

from __future__ import annotations

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.diagnosis.rule import Finding
from sickbay.protocol import scopes
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration, secret_rotation
from sickbay.web import cookies, html_response, http_request
from sickbay.web.pages.parts import Link
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.apps import show_secret
from sickbay.web.portal.registration import (
    BOXES,
    EXPIRED,
    find_missing_fields,
    find_other_problems,
    make_form,
    registration_fields,
)
from sickbay.web.portal.views import RegisterView


async def edit(request: Request, sandbox: Sandbox, id: str) -> Response:
    """GET shows the form with the current registration. POST saves it, or shows the form again with its errors."""
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is None:
        return html_response.respond_not_found(request, sandbox)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        return html_response.render_page(
            request, sandbox, "register", _edit_form(sandbox, client, _read_registration(sandbox, client), ()), options
        )
    sent = _replace_members(parse(await http_request.read_body(request)), tenant=client.tenant)
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return html_response.render_page(
            request, sandbox, "register", _edit_form(sandbox, client, sent, (), EXPIRED), options, 403
        )
    if faults := find_missing_fields(sandbox, sent, keys=client.jwks is not None):
        form = _edit_form(sandbox, client, sent, find_other_problems(sandbox, sent, faults, client), faults)
        return html_response.render_page(request, sandbox, "register", form, options, 422)
    parts = sent.get("id") or "", sent.get("csrf") or ""
    secret = secret_rotation.secret_of_form(sandbox.runtime, client.app_id, *parts)
    result = await registration.edit_app(sandbox.runtime, client, registration_fields(sent), secret)
    if result.client is None:
        all_findings = result.decision.explain().findings
        return html_response.render_page(
            request, sandbox, "register", _edit_form(sandbox, client, sent, all_findings), options, 422
        )
    return await show_secret(request, sandbox, result.client, options, *parts, status=200)


def _replace_members(sent: Parameters, **more: str) -> Parameters:
    return Parameters((*((name, value) for name, value in sent.pairs if name not in more), *more.items()), sent.raw)


def _read_registration(sandbox: Sandbox, client: Client) -> Parameters:
    """The current registration, as the form would send it."""
    boxes = {scope: _find_box(scope, client.smart_version) for scope in scopes.split(client.scope)}
    pairs = [
        ("id", registration.make_identifier(sandbox.runtime.effects, 9)),
        ("tenant", client.tenant),
        ("name", client.name),
        ("type", client.type),
        ("client", client.client),
        ("launch_uri", client.launch_uri or ""),
        ("redirect_uris", "\n".join(client.redirect_uris)),
        ("post_logout_redirect_uris", "\n".join(client.post_logout_redirect_uris)),
        ("fhir", client.fhir),
        ("smart_version", str(client.smart_version)),
        ("jwks_uri", client.jwks_uri or ""),
        ("more_scopes", " ".join(scope for scope, box in boxes.items() if not box)),
        *(("scope", box) for box in boxes.values() if box),
    ]
    return Parameters(tuple(pairs))


def _find_box(scope: str, smart_version: int) -> str:
    """The box of a scope, which has the syntax of SMART 2; "" if it has none."""
    box = scope.replace(".read", ".rs") if smart_version == 1 else scope
    return box if box in BOXES and (box != scope or "/" not in scope or smart_version == 2) else ""


def _edit_form(
    sandbox: Sandbox, client: Client, sent: Parameters, all_findings: tuple[Finding, ...], faults: dict[str, str] | None = None
) -> RegisterView:
    app_path = f"/developer/apps/{client.app_id}"
    return replace(
        make_form(sandbox, sent, all_findings, faults),
        action=f"{app_path}/edit",
        app=Link(client.name, app_path),
        tenants=(),
        boxes=portal_views.scope_boxes(sent.all("scope")),
        hospital=sandbox.runtime.tenants[client.tenant].title,
        has_keys=client.jwks is not None,
    )
