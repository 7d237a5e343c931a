"""Refuses requests that are too large or not valid UTF-8. The response has a finding, and it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.stages import REQUEST
from sickbay.fhir.outcome import Issue
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.services.decision import Decision
from sickbay.services.decision import refuse as decided
from sickbay.services.journal.write import Exchange, RecordedResponse
from sickbay.services.redaction.excerpt import UNKNOWN_SENDER, make_excerpt
from sickbay.web import error_responses, html_response, http_request
from sickbay.web.fhir.response import FhirResponse, issue_response
from sickbay.web.html_response import accepts_html
from sickbay.web.http_request import UnreadableRequest, mark_resent_exchange, state_of
from sickbay.web.middleware import cors
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link

OPEN = {"token": "token", "introspect": "introspection", "revoke": "revocation", "userinfo": "userinfo"}
"""Endpoints that pages of any origin may call, by the last segment of their path: their stage."""
ENDPOINTS = {**OPEN, "authorize": "authorize", "register": "registration", "logout": "logout"}


async def respond_to_unreadable(request: Request, sandbox: Sandbox, error: UnreadableRequest) -> Response:
    """Respond with OAuth error members for an app, a page for a browser, otherwise problem details (RFC 9457)."""
    tenant, stage = _tenant_and_stage(sandbox, request.scope["path"])
    decision = decided(REQUEST, None, None, error.refusal)
    explanation = decision.explain()
    browses = stage not in OPEN.values() and accepts_html(request.headers.get("accept", ""))
    if browses:
        response = _error_page(request, sandbox, explanation, error.refusal.status)
    else:
        response = _error_members(request, sandbox, tenant, stage, decision, explanation)
    return await http_request.record_exchange(
        request,
        response,
        stage=stage,
        tenant=tenant.name if tenant else "",
        decision=decision,
        explanation=explanation,
        body=error.body,
        shown=not browses,
    )


async def respond_with_cors(request: Request, sandbox: Sandbox, error: UnreadableRequest) -> Response:
    """The response of `respond` with the CORS headers of an endpoint that pages of any origin may call.

    A path or query that can't be read is refused before its endpoint is found.
    """
    response = await respond_to_unreadable(request, sandbox, error)
    if state_of(request.scope).open_to:
        return await cors.allow_origins(request, sandbox, response)
    tenant, stage = _tenant_and_stage(sandbox, request.scope["path"])
    if tenant is not None and stage in OPEN.values():
        lines = await cors.allow_reading(sandbox, tenant, state_of(request.scope), request.method)
        response.raw_headers.extend(lines)
    return response


async def respond_in_fhir(
    scope: Mapping[str, Any], sandbox: Sandbox, tenant: Tenant, version: str, error: UnreadableRequest
) -> FhirResponse:
    """An OperationOutcome. The sender isn't known yet, so the exchange is recorded afterwards."""
    decision = decided(REQUEST, None, None, error.refusal)
    explanation, status = decision.explain(), error.refusal.status
    finding = explanation.findings[0]
    text = f"{finding.title}. {finding.why} {finding.fix}"
    code = "too-long" if status == 413 else "structure"
    answer = issue_response(version, status, Issue(code, text, rule=finding.id, text=finding.title))
    runtime = sandbox.runtime
    examined, unexamined = make_excerpt(http_request.recorded_request(scope, runtime.base, error.body), UNKNOWN_SENDER)
    exchange = Exchange(
        state_of(scope).exchange,
        runtime.effects.now(),
        tenant.name,
        "access",
        "",
        "",
        examined,
        RecordedResponse(status, answer.headers, answer.body.decode(), len(answer.body)),
        decision,
        explanation,
        unexamined,
        seconds=state_of(scope).seconds(),
    )
    sandbox.journal.write_later(mark_resent_exchange(state_of(scope), exchange), lambda waiting: waiting)
    return answer


def _tenant_and_stage(sandbox: Sandbox, path: str) -> tuple[Tenant | None, str]:
    """The hospital and the stage of an endpoint."""
    segments = path.split("/")[1:] or [""]
    tenant = sandbox.runtime.tenants.get(segments[0])
    last = segments[-2] if segments[-2:-1] == ["register"] else segments[-1]
    return tenant, ENDPOINTS.get(last, "request") if tenant else "request"


def _error_members(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant | None,
    stage: str,
    decision: Decision[None, None],
    explanation: Explanation,
) -> Response:
    refusal, finding = decision.refusal, explanation.findings[0]
    assert refusal is not None
    if tenant is not None and (
        stage != "request" or error_responses.is_oauth_path(sandbox.runtime.tenants, request.scope["path"])
    ):
        id = http_request.exchange_id(request)
        words = error_responses.oauth_words(sandbox.runtime, tenant, decision, explanation, id, "", "")
        return error_responses.oauth_json(words, refusal.status, tenant, False)
    detail = f"{finding.why} {finding.fix}"
    return error_responses.respond_problem(refusal.status, finding.title, [finding.to_json()], detail)


def _error_page(request: Request, sandbox: Sandbox, explanation: Explanation, status: int) -> Response:
    finding = explanation.findings[0]
    view = NoticeView(
        title=finding.title,
        text=f"{finding.why} {finding.fix}",
        primary=Link("Show this exchange", f"/exchanges/{http_request.exchange_id(request)}"),
        others=(Link("Read about this rule", f"/rules/{finding.id}"), Link("Go to the hospitals", "/")),
    )
    quiet = Request({**request.scope, "query_string": b""})  # the page would quote it
    return html_response.render_page(quiet, sandbox, "notice", view, status=status)
