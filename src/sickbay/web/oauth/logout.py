"""end_session_endpoint over HTTP (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.requests import LogoutRequest
from sickbay.operations import sessions
from sickbay.operations.context import Tenant
from sickbay.operations.exchange_record import Masked
from sickbay.operations.journal import Answered, Exchange
from sickbay.operations.logout import Asked
from sickbay.operations.logout import logout as decide
from sickbay.operations.sessions import Session
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, cookies, exchanges, show, wire
from sickbay.web.pages import notice
from sickbay.web.pages.frame import Link
from sickbay.web.pages.logout import LogoutView

OURS = ("csrf", "decision")
"""Parameters that our form adds to those of the app."""


async def logout(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET or POST from an app, or POST with a decision from our own page."""
    body = await wire.read_body(request) if request.method == "POST" else ""
    sent = parse(body) if request.method == "POST" else wire.query_of(request.scope)
    url = sandbox.world.base + wire.raw_path(request.scope)
    asked = LogoutRequest(sent.replaced([(name, None) for name in OURS]), url, request.method)
    session = await cookies.session(request, sandbox)
    found = await decide(sandbox.world, tenant, asked, session)
    masked = None
    if found.decision.refusal is not None:
        response, masked = await _refused(request, sandbox, tenant, found, body)
    elif found.asks and not (sent.get("decision") and cookies.form_is_ours(request, session, sent.get("csrf"))):
        response = _confirm(request, sandbox, tenant, found, asked.parameters, session)
    elif found.asks and sent.get("decision") != "out":
        response = _done(request, sandbox, tenant, found, None, session)
    else:
        if session is not None:
            await sessions.sign_out(sandbox.world, tenant, session)
        response = _done(request, sandbox, tenant, found, asked.parameters, session)
    return await wire.note(
        request,
        response,
        stage="logout",
        tenant=tenant.name,
        decision=found.decision,
        body=body,
        shown=False,
        masked=masked,
        client_id=found.client.client_id if found.client else "",
    )


def _confirm(
    request: Request, sandbox: Sandbox, tenant: Tenant, found: Asked, sent: Parameters, session: Session | None
) -> Response:
    assert found.user is not None
    view = LogoutView(
        action=wire.raw_path(request.scope),
        hospital=tenant.title,
        person=found.user.name or found.user.username,
        app=found.client.name if found.client else "",
        sent=tuple(sent.pairs),
    )
    to = sent.get("post_logout_redirect_uri") or ""
    return show.page(request, sandbox, "logout", view, show.Around(tenant, session, bare=True, leads_to=(to,)))


def _done(
    request: Request, sandbox: Sandbox, tenant: Tenant, found: Asked, sent: Parameters | None, session: Session | None
) -> Response:
    """Redirect to the requested URI, which is registered, or show a page. sent: None if the user stays signed in."""
    to = sent.get("post_logout_redirect_uri") if sent else None
    if sent is not None and to:
        return answers.redirect(to, {"state": sent.get("state")}, request.method)
    home = f"/{tenant.name}/ehr"
    stays = notice.NoticeView(
        title="You’re still signed in",
        text=f"You stay signed in at {tenant.title}.",
        primary=Link("Continue", home),
    )
    view = stays if sent is None else notice.signed_out(tenant.title, f"{home}/sign-in")
    return show.page(request, sandbox, "notice", view, show.Around(tenant, session, bare=True))


async def _refused(request: Request, sandbox: Sandbox, tenant: Tenant, found: Asked, body: str) -> tuple[Response, Masked]:
    """Always a page: the redirect URI isn't verified."""
    one = Exchange(
        wire.exchange_id(request),
        sandbox.world.effects.now(),
        tenant.name,
        "logout",
        found.client.client_id if found.client else "",
        "",
        wire.wire_of(request.scope, sandbox.world.base, body),
        Answered(400, {"content-type": "text/html"}),
        found.decision,
        found.decision.explained(),
    )
    return await exchanges.shown(request, sandbox, one, 400)
