"""The authorization endpoint over HTTP, and the delivery of what it refuses."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis.explain import Explanation
from sickbay.protocol.headers import is_fetched
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import authorize as operation
from sickbay.services import login
from sickbay.services.authorize import AuthorizeResult, PendingAuthorization
from sickbay.services.context import Tenant
from sickbay.services.decision import Decision
from sickbay.services.journal.exchange_record import Masked
from sickbay.services.journal.journal import Exchange, RecordedResponse
from sickbay.services.login import SignInResult
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import ResourceSpace
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.exchanges import handlers as exchange_handlers
from sickbay.web.pages.layout import Link
from sickbay.web.pages.notice import NoticeView
from sickbay.web.population_pending import is_browser_navigation
from sickbay.web.request_state import headers_of

LOG = logging.getLogger("sickbay")
FAULT = "server-error"
"""By this name a dialect has its own words for a fault of the server."""


class Delivered(NamedTuple):
    """The response to an accepted request. finished: None while a person is still asked. explanation: of a refusal."""

    response: Response
    finished: SignInResult | None = None
    explanation: Explanation | None = None


async def authorize(request: Request, sandbox: Sandbox, tenant: Tenant, persona: str = "provider") -> Response:
    """GET and POST (RFC 6749 3.1; SMART 2.2, authorize-post). Examined before any page is shown."""
    body = await http_request.read_body(request) if request.method == "POST" else ""
    text = _text(request, sandbox, body)
    session = await cookies.session(request, sandbox)
    guard: AdminGuard = request.app.state.guard
    asked = await operation.authorize(
        sandbox.runtime,
        tenant,
        text,
        request.method,
        session,
        http_request.exchange_id(request),
        elsewhere=request.path_params.get("tenant_id", ""),
        fetched=is_fetched(headers_of(request.scope)),
        automatic=guard.opens(request.scope, headers_of(request.scope)),
    )
    decision: Decision[Any, Any] = asked.decision
    explanation, masked = None, None
    if asked.waiting is None:
        explanation = decision.explained()
        response, masked = await refusal(request, sandbox, tenant, asked, explanation, persona, body)
    else:
        try:
            response, finished, explanation = await onwards(request, sandbox, tenant, asked.waiting)
        except Exception as error:
            return await failed(request, sandbox, tenant, asked.waiting, "authorize", error)
        if finished is not None and finished.decision.refusal is not None:
            decision = finished.decision
    return await http_request.note(
        request,
        response,
        stage=decision.stage.name,
        tenant=tenant.name,
        timeline=asked.timeline,
        decision=decision,
        client_id=asked.client.client_id if asked.client else "",
        explanation=explanation,
        body=body,
        shown=False,
        masked=masked,
    )


async def astray(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """An authorization request at an address where no endpoint is: nothing is given, and a page says where it belongs."""
    body = await http_request.read_body(request) if request.method == "POST" else ""
    asked = await operation.authorize(
        sandbox.runtime,
        tenant,
        _text(request, sandbox, body),
        request.method,
        None,
        http_request.exchange_id(request),
        astray=True,
    )
    decision, explanation = asked.decision, asked.decision.explained()
    client = asked.client.client_id if asked.client else ""
    response, masked = await _page(request, sandbox, tenant, decision, explanation, client, asked.timeline, body, 404)
    return await http_request.note(
        request,
        response,
        stage="authorize",
        tenant=tenant.name,
        timeline=asked.timeline,
        decision=decision,
        client_id=client,
        explanation=explanation,
        body=body,
        shown=False,
        masked=masked,
    )


def _text(request: Request, sandbox: Sandbox, body: str) -> str:
    url = http_request.address(request.scope, sandbox.runtime.base)
    if request.method != "POST":
        return url
    return f"{url}{'&' if '?' in url else '?'}{body}" if body else url


async def onwards(request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization) -> Delivered:
    """To the next question, or with a code, or an error, to the app. Which it is is not known before the patients are there:
    a browser is sent on at once, to where a page says that they are being written, since nothing else is written meanwhile.
    """
    space = ResourceSpace(tenant.name, waiting.version)
    waits = waiting.wishes.silent or not is_browser_navigation(request)
    if waits:
        await sandbox.filling.ensure(space)
    there = waits or sandbox.filling.is_ready(space)  # which is not known for sure once another worker has written
    ask = await login.next_ask(sandbox.runtime, tenant, waiting) if there else ""
    if ask == "nothing":
        finished = await login.finish(sandbox.runtime, tenant, waiting)
        return delivered(request, sandbox, tenant, waiting, finished)
    if ask and waiting.wishes.silent:
        return delivered(request, sandbox, tenant, waiting, login.not_silently(waiting, ask))
    session, cookie = await cookies.begun(request, sandbox)
    kept = await operation.keep(sandbox.runtime, tenant, waiting, session)
    response = RedirectResponse(f"/{tenant.name}/oauth/continue?request={kept.id}", 303, error_responses.NO_STORE)
    cookies.put(request, response, sandbox, cookie)
    return Delivered(response)


def delivered(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, finished: SignInResult
) -> Delivered:
    """The answer to the app's redirect URI: code and state, or the error."""
    state = waiting.request.parameters.get("state")
    if finished.code is not None:
        iss = tenant.server.issuer if tenant.dialect.answers.iss else None
        given = {"code": finished.code, "state": state, "iss": iss}
        return Delivered(error_responses.redirect(waiting.redirect_uri, given, request.method), finished)
    explanation = finished.decision.explained()
    said = error_responses.oauth_words(
        sandbox.runtime,
        tenant,
        finished.decision,
        explanation,
        http_request.exchange_id(request),
        waiting.client.client_id,
        waiting.client.type,
    )
    response = error_responses.error_redirect(tenant, said, waiting.redirect_uri, state, request.method)
    return Delivered(response, finished, explanation)


async def failed(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, stage: str, error: Exception
) -> Response:
    """A fault of ours once the redirect URI is proven: a redirect cannot say 500 or 503 (RFC 6749 4.1.2.1)."""
    how, id, client = tenant.dialect, http_request.exchange_id(request), waiting.client
    if how.answers.refused != "redirect":
        raise error
    away = error if isinstance(error, Unavailable) else None
    LOG.error("%s failed: %s", id, error, exc_info=None if away else error)
    name, said = (
        ("temporarily_unavailable", away.detail)
        if away
        else ("server_error", f"Internal error in Sickbay. See its log for {id}.")
    )
    vendor = how.error_path(how.wording(FAULT, FAULT, stage), id=id, client=client.client_id, persona=client.type)
    uri = tenant.base + vendor if vendor else f"{sandbox.runtime.base}/exchanges/{id}"
    spoken = error_responses.OAuthErrorText(name, said if how.answers.error_description else None, uri)
    state = waiting.request.parameters.get("state")
    response = error_responses.error_redirect(tenant, spoken, waiting.redirect_uri, state, request.method)
    return await http_request.note(
        request,
        response,
        stage=stage,
        tenant=tenant.name,
        client_id=client.client_id,
        timeline=waiting.timeline,
        shown=False,
    )


async def refusal(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant,
    asked: AuthorizeResult,
    explanation: Explanation,
    persona: str,
    body: str,
) -> tuple[Response, Masked | None]:
    """By redirect if the redirect URI is proven, else a page; a dialect may deliver otherwise. Masked: what the page shows."""
    how = tenant.dialect.answers
    client = asked.client.client_id if asked.client else ""
    id = http_request.exchange_id(request)
    said = error_responses.oauth_words(sandbox.runtime, tenant, asked.decision, explanation, id, client, persona)
    sent = asked.decision.request.parameters
    if asked.redirects and asked.client is not None and how.refused == "redirect":
        address = operation.redirect_uri(asked.decision.request, asked.client)
        return error_responses.error_redirect(tenant, said, address, sent.get("state"), request.method), None
    if not asked.redirects and how.untrusted == "see-other":
        return RedirectResponse(said.uri, 303, error_responses.NO_STORE), None
    if how.page_title is not None:
        view = NoticeView(title=how.page_title, text=how.page_text or "", others=(Link("Why was this refused?", said.uri),))
        return html_response.page(
            request, sandbox, "notice", view, html_response.PageOptions(tenant, bare=True, framed=True), how.page_status
        ), None
    return await _page(request, sandbox, tenant, asked.decision, explanation, client, asked.timeline, body)


async def _page(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant,
    decision: Decision[AuthorizeRequest, Any],
    explanation: Explanation,
    client: str,
    timeline: str,
    body: str,
    status: int = 400,
) -> tuple[Response, Masked]:
    """The page of this very exchange, before it is written."""
    one = Exchange(
        http_request.exchange_id(request),
        sandbox.runtime.effects.now(),
        tenant.name,
        "authorize",
        client,
        timeline,
        http_request.wire_of(request.scope, sandbox.runtime.base, body),
        RecordedResponse(status, {"content-type": "text/html"}),
        decision,
        explanation,
    )
    return await exchange_handlers.shown(request, sandbox, one, status)
