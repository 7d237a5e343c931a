"""Introspection over HTTP (RFC 7662)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.access.bearer import format_challenge
from sickbay.authorization.introspection import is_authenticated_by_token, select_status
from sickbay.authorization.requests import token_request
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.client_authentication import count_guess, limit_guesses
from sickbay.services.context import Tenant
from sickbay.services.introspection import introspect
from sickbay.web import error_responses, http_request
from sickbay.web.admin_guard import is_direct
from sickbay.web.http_request import get_peer, headers_of, stand_in_of


async def handle_introspection(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    body, headers = await http_request.read_body(request), headers_of(request.scope)
    url, direct = http_request.make_address(request.scope, sandbox.runtime.base), is_direct(request, headers, body)
    sent = token_request(request.method, url, headers, body, direct=direct, stand_in=stand_in_of(request))
    address = get_peer(request.scope)
    await limit_guesses(sandbox.runtime, tenant, sent, address)
    result = await introspect(sandbox.runtime, tenant, sent)
    await count_guess(sandbox.runtime, tenant, result.decision, address)
    explanation = None
    if result.response is not None:
        response = error_responses.respond_json(result.response, 200)
    else:
        explanation, refusal = result.decision.explain(), result.decision.refusal
        assert refusal is not None
        id = http_request.exchange_id(request)
        words = error_responses.oauth_words(sandbox.runtime, tenant, result.decision, explanation, id, result.client_id, "")
        response = error_responses.oauth_json(words, select_status(refusal), tenant, True)
        if is_authenticated_by_token(sent) and response.status_code == 401:
            response.headers["www-authenticate"] = format_challenge(refusal, tenant.name)
    return await http_request.record_exchange(
        request,
        response,
        stage="introspection",
        tenant=tenant.name,
        client_id=result.client_id,
        decision=result.decision,
        explanation=explanation,
        body=body,
    )
