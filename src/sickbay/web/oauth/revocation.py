"""Revocation over HTTP (RFC 7009)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.requests import token_request
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.client_authentication import count_guess, limit_guesses
from sickbay.services.context import Tenant
from sickbay.services.revocation import revoke
from sickbay.web import error_responses, http_request
from sickbay.web.admin_guard import is_direct
from sickbay.web.http_request import get_peer, headers_of, stand_in_of


async def handle_revocation(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    body, headers = await http_request.read_body(request), headers_of(request.scope)
    url, direct = http_request.make_address(request.scope, sandbox.runtime.base), is_direct(request, headers, body)
    sent = token_request(request.method, url, headers, body, direct=direct, stand_in=stand_in_of(request))
    address = get_peer(request.scope)
    await limit_guesses(sandbox.runtime, tenant, sent, address)
    result = await revoke(sandbox.runtime, tenant, sent)
    await count_guess(sandbox.runtime, tenant, result.decision, address)
    explanation, refusal = None, result.decision.refusal
    if refusal is None:
        response = error_responses.respond_json({})  # clients ignore the body (RFC 7009 2.2), but strict ones parse it
    else:
        explanation, id = result.decision.explain(), http_request.exchange_id(request)
        words = error_responses.oauth_words(sandbox.runtime, tenant, result.decision, explanation, id, result.client_id, "")
        response = error_responses.oauth_json(words, refusal.status, tenant, "authorization" in headers)
    return await http_request.record_exchange(
        request,
        response,
        stage="revocation",
        tenant=tenant.name,
        client_id=result.client_id,
        timeline=result.timeline,
        decision=result.decision,
        explanation=explanation,
        body=body,
    )
