"""The response after too many failed sign-ins (RFC 6585, 4): a page, or an OAuth error, and a finding."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.client_authentication import guesses_too_many
from sickbay.diagnosis.stages import THROTTLE
from sickbay.kernel.english import count
from sickbay.operations import registration
from sickbay.operations.context import Tenant
from sickbay.operations.decision import refused
from sickbay.operations.throttle import Throttled
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, show, wire
from sickbay.web.pages.frame import Link
from sickbay.web.pages.notice import NoticeView


async def held_off(request: Request, sandbox: Sandbox, tenant: Tenant, waits: Throttled) -> Response:
    refusal = guesses_too_many(waits.seconds)
    stage = "token" if waits.key.kind == "client" else "login"
    decision = refused(THROTTLE, None, None, refusal)
    explanation = decision.explained()
    client = await registration.by_id(sandbox.world, waits.key.name) if waits.key.kind == "client" else None
    if "text/html" in request.headers.get("accept", ""):
        response: Response = _page(request, sandbox, tenant, waits)
    else:
        said = answers.oauth_words(sandbox.world, tenant, decision, explanation, wire.exchange_id(request), waits.key.name, "")
        response = answers.oauth_json(said, refusal.status, tenant, False)
    response.headers["retry-after"] = str(waits.seconds)
    return await wire.note(
        request,
        response,
        stage=stage,
        tenant=tenant.name,
        client_id=client.client_id if client else "",
        decision=decision,
        explanation=explanation,
        shown=False,
    )


def _page(request: Request, sandbox: Sandbox, tenant: Tenant, waits: Throttled) -> Response:
    """A page of the hospital: the failed attempts came from its sign-in page."""
    view = NoticeView(
        title="Too many failed attempts",
        text=f"The password was wrong too often. Go back and try again in {count(waits.seconds, 'second')}.",
        others=(Link("Why?", "/rules/guesses-too-many"),),
    )
    return show.page(request, sandbox, "notice", view, show.Around(tenant, bare=True), status=429)
