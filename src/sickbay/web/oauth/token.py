"""The token endpoint over HTTP."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.origin import is_withheld
from sickbay.authorization.requests import TokenRequest, token_request
from sickbay.faults.asked import AskedRequest
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.client_authentication import count_guess, limit_guesses
from sickbay.services.context import Tenant
from sickbay.services.injection import choose, grants
from sickbay.services.token import issue_token
from sickbay.web import error_responses, http_request
from sickbay.web.admin_guard import is_direct
from sickbay.web.http_request import stand_in_of, state_of


class TokenResponse(Response):
    """A token response (RFC 6749 5.1). Starlette would encode its headers, which are the same each time, again."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.status_code, self.background = 200, None
        self.body = orjson.dumps(members)
        length = (b"content-length", b"%d" % len(self.body))
        self.raw_headers = [*error_responses.RAW_NO_STORE, length, (b"content-type", b"application/json")]


async def handle_token(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """The token endpoint (RFC 6749 3.2). Any method other than POST is a finding too."""
    body = await http_request.read_body(request)
    recorded = http_request.recorded_request(request.scope, sandbox.runtime.base, body)
    sent = token_request(
        recorded.method,
        recorded.url,
        recorded.headers,
        body,
        direct=is_direct(request, recorded.headers, body),
        stand_in=stand_in_of(request),
    )
    await limit_guesses(sandbox.runtime, tenant, sent, recorded.client)
    result = await issue_token(sandbox.runtime, tenant, sent, elsewhere=request.path_params.get("tenant_id", ""))
    await count_guess(sandbox.runtime, tenant, result.decision, recorded.client)
    response: Response
    decision, explanation = result.decision, None
    if result.response is not None:
        members = result.response
        if sandbox.runtime.faults:
            members = await _add_faults(request, sandbox, tenant, sent, members)
        response = TokenResponse(members)
    else:
        state_of(request.scope).withheld = is_withheld(decision.examination)
        explanation = decision.explain()
        assert decision.refusal is not None
        proven = result.client_id if decision.refusal.error != "invalid_client" else ""
        words = error_responses.oauth_words(
            sandbox.runtime, tenant, decision, explanation, http_request.exchange_id(request), proven, ""
        )
        status = decision.refusal.status
        status = tenant.dialect.answers.client_status if status == 401 else status
        response = error_responses.oauth_json(words, status, tenant, "authorization" in recorded.headers)
    return await http_request.record_exchange(
        request,
        response,
        stage="token",
        tenant=tenant.name,
        client_id=result.client_id,
        timeline=result.timeline,
        decision=decision,
        explanation=explanation,
        recorded=recorded,
    )


async def _add_faults(
    request: Request, sandbox: Sandbox, tenant: Tenant, sent: TokenRequest, members: dict[str, Any]
) -> dict[str, Any]:
    """The members of the response, with the faults that are active for it."""
    runtime = sandbox.runtime
    refresh_token = sent.parameters.get("refresh_token")
    stage = "refresh" if sent.parameters.get("grant_type") == "refresh_token" else "token"
    asked = AskedRequest(tenant.name, stage, request.method, request.url.path, sent.claimed or "")
    faults = await choose.faults_for(runtime, asked, grants.is_about_grant)
    state = state_of(request.scope)
    state.injected = state.injected or choose.describe_injected_fault(faults)
    return await grants.apply_to_token_response(runtime, tenant, faults, members, refresh_token)
