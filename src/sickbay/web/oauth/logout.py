"""end_session_endpoint over HTTP (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.requests import LogoutRequest
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import sessions
from sickbay.services.context import Tenant
from sickbay.services.journal.write import Exchange, RecordedResponse
from sickbay.services.logout import LogoutResult
from sickbay.services.logout import end_session as decide
from sickbay.services.sessions import Session
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.oauth.logout_view import LogoutView
from sickbay.web.pages import notice
from sickbay.web.pages.parts import Link

FORM_PARAMETERS = ("csrf", "decision")
"""Parameters that our form adds to those of the app."""


async def handle_logout(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET or POST from an app, or POST with a decision from our own page."""
    body = await http_request.read_body(request) if request.method == "POST" else ""
    sent = parse(body) if request.method == "POST" else http_request.query_of(request.scope)
    url = sandbox.runtime.base + http_request.raw_path(request.scope)
    logout_request = LogoutRequest(sent.replace([(name, None) for name in FORM_PARAMETERS]), url, request.method)
    session = await cookies.find_session(request, sandbox)
    result = await decide(sandbox.runtime, tenant, logout_request, session)
    if result.decision.refusal is not None:
        return await _refuse_logout(request, sandbox, tenant, result, body)
    if result.asks and not (sent.get("decision") and cookies.is_own_form(request, session, sent.get("csrf"))):
        response = _confirmation_page(request, sandbox, tenant, result, logout_request.parameters, session)
    elif result.asks and sent.get("decision") != "out":
        response = _finish_logout(request, sandbox, tenant, result, None, session)
    else:
        if session is not None:
            await sessions.sign_out(sandbox.runtime, tenant, session)
        response = _finish_logout(request, sandbox, tenant, result, logout_request.parameters, session)
    return await http_request.record_exchange(
        request,
        response,
        stage="logout",
        tenant=tenant.name,
        decision=result.decision,
        body=body,
        shown=False,
        client_id=result.client.client_id if result.client else "",
    )


def _confirmation_page(
    request: Request, sandbox: Sandbox, tenant: Tenant, result: LogoutResult, sent: Parameters, session: Session | None
) -> Response:
    assert result.user is not None
    view = LogoutView(
        action=http_request.raw_path(request.scope),
        hospital=tenant.title,
        person=result.user.name or result.user.username,
        app=result.client.name if result.client else "",
        sent=tuple(sent.pairs),
    )
    to = sent.get("post_logout_redirect_uri") or ""
    return html_response.render_page(
        request, sandbox, "logout", view, html_response.PageOptions(tenant, session, bare=True, leads_to=(to,))
    )


def _finish_logout(
    request: Request, sandbox: Sandbox, tenant: Tenant, result: LogoutResult, sent: Parameters | None, session: Session | None
) -> Response:
    """Redirect to the requested URI, which is registered, or show a page. sent: None if the user stays signed in."""
    to = sent.get("post_logout_redirect_uri") if sent else None
    if sent is not None and to:
        return error_responses.redirect(to, {"state": sent.get("state")}, request.method)
    home = f"/{tenant.name}/ehr"
    stays = notice.NoticeView(
        title="You’re still signed in", text=f"You stay signed in at {tenant.title}.", primary=Link("Continue", home)
    )
    view = stays if sent is None else notice.make_signed_out(tenant.title, f"{home}/sign-in")
    return html_response.render_page(request, sandbox, "notice", view, html_response.PageOptions(tenant, session, bare=True))


async def _refuse_logout(request: Request, sandbox: Sandbox, tenant: Tenant, result: LogoutResult, body: str) -> Response:
    """Always a page: the redirect URI isn't verified."""
    exchange = Exchange(
        http_request.exchange_id(request),
        sandbox.runtime.effects.now(),
        tenant.name,
        "logout",
        result.client.client_id if result.client else "",
        "",
        http_request.recorded_request(request.scope, sandbox.runtime.base, body),
        RecordedResponse(400, {}),
        result.decision,
        result.decision.explain(),
        seconds=http_request.state_of(request.scope).seconds(),
    )
    from sickbay.web.exchanges.handlers import record_and_show

    return await record_and_show(request, sandbox, exchange)
