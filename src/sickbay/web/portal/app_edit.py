"""The form that changes an app: the fields of its registration, with the same checks."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.authorization.values import Client
from sickbay.diagnosis.rule import Finding
from sickbay.operations import registration
from sickbay.protocol import scopes
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, cookies, show, wire
from sickbay.web.apps import app_page, closed
from sickbay.web.pages import portal
from sickbay.web.pages.frame import Link
from sickbay.web.pages.notice import not_found
from sickbay.web.pages.portal import RegisterView
from sickbay.web.registration import EXPIRED, form, missing, told


async def edit(request: Request, sandbox: Sandbox, id: str) -> Response:
    """GET shows the form with the current registration. POST saves it, or shows the form again with its errors."""
    if away := closed(request, sandbox):
        return away
    client = await registration.only(sandbox.world, id)
    if client is None:
        return show.page(request, sandbox, "notice", not_found(wire.raw_path(request.scope)), status=404)
    around = await show.around(request, sandbox, here="Developer portal")
    if request.method != "POST":
        return show.page(request, sandbox, "register", _form(sandbox, client, _registered(client), ()), around)
    sent = _with(parse(await wire.read_body(request)), tenant=client.tenant)
    if not cookies.form_is_ours(request, around.session, sent.get("csrf")):
        return show.page(request, sandbox, "register", _form(sandbox, client, sent, (), EXPIRED), around, 403)
    if faults := missing(sandbox, sent, keys=client.jwks is not None):
        return show.page(request, sandbox, "register", _form(sandbox, client, sent, (), faults), around, 422)
    done = await registration.edit(sandbox.world, client, told(sent))
    if done.client is None:
        found = done.decision.explained().findings
        return show.page(request, sandbox, "register", _form(sandbox, client, sent, found), around, 422)
    if done.secret is not None:
        return await app_page(request, sandbox, done.client, around, done.secret)
    return RedirectResponse(f"/developer/apps/{client.app_id}", 303, answers.NO_STORE)


def _with(sent: Parameters, **more: str) -> Parameters:
    return Parameters((*((name, value) for name, value in sent.pairs if name not in more), *more.items()), sent.raw)


def _registered(client: Client) -> Parameters:
    """The current registration, as the form would send it."""
    held = scopes.split(client.scope)
    ticked = [one for one in held if one in BOXES]
    pairs = [
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
        ("more_scopes", " ".join(one for one in held if one not in BOXES)),
        *(("scope", one) for one in ticked),
    ]
    return Parameters(tuple(pairs))


BOXES = frozenset(one.value for _, boxes in portal.scope_boxes() for one in boxes)


def _form(
    sandbox: Sandbox, client: Client, sent: Parameters, found: tuple[Finding, ...], faults: dict[str, str] | None = None
) -> RegisterView:
    here = f"/developer/apps/{client.app_id}"
    return replace(
        form(sandbox, sent, found, faults),
        action=f"{here}/edit",
        app=Link(client.name, here),
        tenants=(),
        boxes=portal.scope_boxes(sent.all("scope")),
        hospital=sandbox.tenants[client.tenant].title,
    )
