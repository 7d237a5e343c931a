"""UserInfo over HTTP (OpenID Connect Core 5.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.access.bearer import format_challenge
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.userinfo import move_token_to_header
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.services.userinfo import read_userinfo as tell
from sickbay.web import error_responses, http_request
from sickbay.web.http_request import headers_of


async def handle_userinfo(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    headers, query = headers_of(request.scope), http_request.query_of(request.scope)
    url = sandbox.runtime.base + http_request.raw_path(request.scope)
    body = await http_request.read_body(request) if request.method == "POST" else ""
    access_request = AccessRequest(request.method, "", "", query, headers, interaction="userinfo", url=url, body=body)
    result = await tell(sandbox.runtime, tenant, move_token_to_header(access_request))
    explanation, refusal = None, result.decision.refusal
    if refusal is None:
        response = error_responses.respond_json(result.claims, 200)
    else:
        explanation, id = result.decision.explain(), http_request.exchange_id(request)
        words = error_responses.oauth_words(sandbox.runtime, tenant, result.decision, explanation, id, result.client_id, "")
        response = error_responses.oauth_json(words, refusal.status, tenant, False)
        response.headers["www-authenticate"] = format_challenge(refusal, tenant.name)
    return await http_request.record_exchange(
        request,
        response,
        stage="userinfo",
        tenant=tenant.name,
        client_id=result.client_id,
        timeline=result.timeline,
        decision=result.decision,
        explanation=explanation,
    )
