"""The response after too many failed sign-ins (RFC 6585, 4): a page, or an OAuth error, and a finding."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.token.client_authentication import guesses_too_many
from sickbay.diagnosis.stages import THROTTLE
from sickbay.kernel.english import count
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services.context import Tenant
from sickbay.services.decision import refuse
from sickbay.services.throttle import Throttled
from sickbay.web import error_responses, html_response, http_request
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link


async def refuse_too_many_failures(request: Request, sandbox: Sandbox, tenant: Tenant, throttled: Throttled) -> Response:
    refusal = guesses_too_many(throttled.seconds)
    stage = "token" if throttled.key.kind == "client" else "login"
    decision = refuse(THROTTLE, None, None, refusal)
    explanation = decision.explain()
    client = await registration.find_by_id(sandbox.runtime, throttled.key.name) if throttled.key.kind == "client" else None
    if "text/html" in request.headers.get("accept", ""):
        response: Response = _throttled_page(request, sandbox, tenant, throttled)
    else:
        words = error_responses.oauth_words(
            sandbox.runtime, tenant, decision, explanation, http_request.exchange_id(request), throttled.key.name, ""
        )
        response = error_responses.oauth_json(words, refusal.status, tenant, False)
    response.headers["retry-after"] = str(throttled.seconds)
    return await http_request.record_exchange(
        request,
        response,
        stage=stage,
        tenant=tenant.name,
        client_id=client.client_id if client else "",
        decision=decision,
        explanation=explanation,
        shown=False,
    )


def _throttled_page(request: Request, sandbox: Sandbox, tenant: Tenant, throttled: Throttled) -> Response:
    """A page of the hospital: the failed attempts came from its sign-in page."""
    view = NoticeView(
        title="Too many failed attempts",
        text=f"There were too many wrong passwords. Go back and try again in {count(throttled.seconds, 'second')}.",
        others=(Link("Why?", "/rules/guesses-too-many"),),
    )
    return html_response.render_page(request, sandbox, "notice", view, html_response.PageOptions(tenant, bare=True), status=429)
