"""The authorization endpoint over HTTP, and the delivery of its responses."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.requests import is_fetched
from sickbay.diagnosis.explain import Explanation
from sickbay.faults.asked import AskedRequest
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import authorize as operation
from sickbay.services import login, pending_authorization
from sickbay.services.authorize import AuthorizeResult
from sickbay.services.client_documents import DocumentSource
from sickbay.services.context import Tenant
from sickbay.services.decision import Decision
from sickbay.services.injection import choose, codes
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.login import SignInResult
from sickbay.services.pending_authorization import PendingAuthorization
from sickbay.services.registration import AppRemoved
from sickbay.settings.database import Unavailable
from sickbay.storage.interface import ResourceSpace
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.admin.wrong_tokens import extract_network
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link
from sickbay.web.population_pending import is_browser_navigation
from sickbay.web.redirects import redirect_to

LOG = logging.getLogger("sickbay")
FAULT = "server-error"
"""The name under which a dialect has its own wording for a server error."""


class Delivered(NamedTuple):
    """The response to an accepted request. finished: None while the user still has to answer. explanation: of a refusal."""

    response: Response
    finished: SignInResult | None = None
    explanation: Explanation | None = None


async def authorize(request: Request, sandbox: Sandbox, tenant: Tenant, persona: str = "provider") -> Response:
    """GET and POST (RFC 6749 3.1; SMART 2.2, authorize-post). Checks everything before any page is shown."""
    body = await http_request.read_body(request) if request.method == "POST" else ""
    recorded = http_request.recorded_request(request.scope, sandbox.runtime.base, body)
    session = await cookies.find_session(request, sandbox)
    guard: AdminGuard = request.app.state.guard
    result = await operation.authorize(
        sandbox.runtime,
        tenant,
        _text_of_request(recorded),
        recorded.method,
        session,
        http_request.exchange_id(request),
        elsewhere=request.path_params.get("tenant_id", ""),
        fetched=is_fetched(recorded.headers),
        automatic=partial(guard.opens_sign_in, request.scope, recorded.headers),
        resent=http_request.state_of(request.scope).resent is not None,
        source=_find_source(request, guard, recorded),
    )
    decision: Decision[Any, Any] = result.decision
    if result.waiting is None:
        explanation: Explanation | None = decision.explain()
        refused = _refuse_request(request, sandbox, tenant, result, persona)
        if refused is None:
            return await _record_and_show(request, sandbox, tenant, result, body)
        response = refused
    else:
        try:
            response, finished, explanation = await next_step(request, sandbox, tenant, result.waiting)
        except Exception as error:
            return await deliver_failure(request, sandbox, tenant, result.waiting, "authorize", error)
        if finished is not None and finished.decision.refusal is not None:
            decision = finished.decision
    return await http_request.record_exchange(
        request,
        response,
        stage=decision.stage.name,
        tenant=tenant.name,
        timeline=result.timeline,
        decision=decision,
        client_id=result.client.client_id if result.client else "",
        explanation=explanation,
        recorded=recorded,
        shown=False,
    )


def _find_source(request: Request, guard: AdminGuard, recorded: RecordedRequest) -> DocumentSource | None:
    """Returns the sender of a request that may cause a fetch of a metadata document. Used only for such a client_id."""
    if "client_id=http" not in recorded.url and "client_id=http" not in recorded.body:
        return None
    if http_request.state_of(request.scope).resent is not None:
        return None
    headers = recorded.headers
    opened = headers.get("sec-fetch-mode", "navigate") == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    own = opened and headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    address = http_request.get_peer(request.scope)
    return DocumentSource(extract_network(address), own and guard.is_at_keyboard(request.scope, headers), opened)


async def refuse_misdirected_request(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """Refuse an authorization request at an unknown address, with a page that names the right endpoint."""
    body = await http_request.read_body(request) if request.method == "POST" else ""
    result = await operation.authorize(
        sandbox.runtime,
        tenant,
        _text_of_request(http_request.recorded_request(request.scope, sandbox.runtime.base, body)),
        request.method,
        None,
        http_request.exchange_id(request),
        misdirected=True,
    )
    return await _record_and_show(request, sandbox, tenant, result, body, 404)


def _text_of_request(recorded: RecordedRequest) -> str:
    """Append the form of a POST to the URL as its query."""
    return f"{recorded.url}{'&' if '?' in recorded.url else '?'}{recorded.body}" if recorded.body else recorded.url


async def next_step(request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization) -> Delivered:
    """Redirect to the next page, or to the app with a code or an error.

    The next step isn't known before the sample patients exist. A browser is redirected at once, to a page that shows the
    progress.
    """
    space = ResourceSpace(tenant.name, waiting.version)
    waits = waiting.sign_in_parameters.is_silent or not is_browser_navigation(request)
    if waits:
        await sandbox.filling.ensure(space)
    is_ready = waits or await sandbox.filling.is_filled(space)
    step = await login.next_step(sandbox.runtime, tenant, waiting) if is_ready else ""
    if step == "nothing":
        finished = await login.finish_login(sandbox.runtime, tenant, waiting)
        return await redirect_with_result(request, sandbox, tenant, waiting, finished)
    if step and waiting.sign_in_parameters.is_silent:
        return await redirect_with_result(request, sandbox, tenant, waiting, login.refuse_silent_step(waiting, step))
    session, cookie = await cookies.load_session(request, sandbox)
    stored = await pending_authorization.store_pending(sandbox.runtime, tenant, waiting, session)
    response = redirect_to(f"/{tenant.name}/oauth/continue?request={stored.id}")
    cookies.put(request, response, sandbox, cookie)
    return Delivered(response)


async def redirect_with_result(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, finished: SignInResult
) -> Delivered:
    """Redirect to the app's redirect URI, with code and state or with the error."""
    state = waiting.request.parameters.get("state")
    if finished.code is not None:
        iss = tenant.server.issuer if tenant.dialect.answers.iss else None
        parameters = await _add_faults(request, sandbox, tenant, waiting, {"code": finished.code, "state": state, "iss": iss})
        return Delivered(error_responses.redirect(waiting.redirect_uri, parameters, request.method), finished)
    explanation = finished.decision.explain()
    words = error_responses.oauth_words(
        sandbox.runtime,
        tenant,
        finished.decision,
        explanation,
        http_request.exchange_id(request),
        waiting.client.client_id,
        waiting.client.type,
    )
    response = error_responses.error_redirect(tenant, words, waiting.redirect_uri, state, request.method)
    return Delivered(response, finished, explanation)


async def _add_faults(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, parameters: dict[str, str | None]
) -> dict[str, str | None]:
    """The parameters of the redirect, with the faults that are active for it."""
    runtime = sandbox.runtime
    if not runtime.faults:
        return parameters
    path = tenant.dialect.path("authorize", waiting.client.type)
    asked = AskedRequest(tenant.name, "authorize", request.method, f"/{tenant.name}{path}", waiting.client.client_id)
    faults = await choose.faults_for(runtime, asked, codes.is_about_redirect)
    state = http_request.state_of(request.scope)
    state.injected = state.injected or choose.describe_injected_fault(faults)
    return await codes.apply_to_redirect(runtime, tenant, faults, parameters)


async def deliver_failure(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, stage: str, error: Exception
) -> Response:
    """Redirect with a server error if the redirect URI is verified: a redirect can't have status 500 or 503 (RFC 6749
    4.1.2.1).
    """
    dialect, id, client = tenant.dialect, http_request.exchange_id(request), waiting.client
    if dialect.answers.refused != "redirect" or isinstance(error, AppRemoved):
        raise error  # the redirect URI of an app that was removed is no longer registered
    unavailable = error if isinstance(error, Unavailable) else None
    LOG.error("%s failed: %s", id, error, exc_info=None if unavailable else error)
    name, description = (
        ("temporarily_unavailable", unavailable.detail)
        if unavailable
        else ("server_error", f"Internal error in Sickbay. See its log for {id}.")
    )
    vendor = dialect.error_path(dialect.wording(FAULT, FAULT, stage), id=id, client=client.client_id, persona=client.type)
    uri = tenant.base + vendor if vendor else f"{sandbox.runtime.base}/exchanges/{id}"
    words = error_responses.OAuthErrorText(name, description if dialect.answers.error_description else None, uri)
    state = waiting.request.parameters.get("state")
    response = error_responses.error_redirect(tenant, words, waiting.redirect_uri, state, request.method)
    return await http_request.record_exchange(
        request, response, stage=stage, tenant=tenant.name, client_id=client.client_id, timeline=waiting.timeline, shown=False
    )


def _refuse_request(
    request: Request, sandbox: Sandbox, tenant: Tenant, result: AuthorizeResult, persona: str
) -> Response | None:
    """Redirect with the error if the redirect URI is verified; a dialect may do otherwise. None: show the exchange."""
    style = tenant.dialect.answers
    client = result.client.client_id if result.client else ""
    to_app = result.redirects and result.client is not None and style.refused == "redirect"
    to_vendor = not result.redirects and style.untrusted == "see-other"
    if not to_app and not to_vendor and style.page_title is None:
        return None
    id, explanation = http_request.exchange_id(request), result.decision.explain()
    words = error_responses.oauth_words(sandbox.runtime, tenant, result.decision, explanation, id, client, persona)
    sent = result.decision.request.parameters
    if to_app and result.client is not None:
        address = pending_authorization.redirect_uri(result.decision.request, result.client)
        return error_responses.error_redirect(tenant, words, address, sent.get("state"), request.method)
    if to_vendor:
        return redirect_to(words.uri)
    why = Link("Why was this refused?", words.uri)
    view = NoticeView(title=style.page_title or "", text=style.page_text or "", others=(why,))
    options = html_response.PageOptions(tenant, bare=True, framed=True)
    return html_response.render_page(request, sandbox, "notice", view, options, style.page_status)


async def _record_and_show(
    request: Request, sandbox: Sandbox, tenant: Tenant, result: AuthorizeResult, body: str, status: int = 400
) -> Response:
    exchange = Exchange(
        http_request.exchange_id(request),
        sandbox.runtime.effects.now(),
        tenant.name,
        "authorize",
        result.client.client_id if result.client else "",
        result.timeline,
        http_request.recorded_request(request.scope, sandbox.runtime.base, body),
        RecordedResponse(status, {}),
        result.decision,
        result.decision.explain(),
        seconds=http_request.state_of(request.scope).seconds(),
        injected=http_request.state_of(request.scope).injected,
        student=http_request.state_of(request.scope).student,
    )
    from sickbay.web.exchanges.handlers import record_and_show

    return await record_and_show(request, sandbox, exchange)
