"""Revocation over HTTP (RFC 7009)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.token_parameters import read
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.client_auth_throttle import watched
from sickbay.services.context import Tenant
from sickbay.services.revocation import revoke
from sickbay.web import error_responses, http_request
from sickbay.web.admin_guard import is_direct, peer
from sickbay.web.request_state import headers_of


async def revocation(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    body, headers = await http_request.read_body(request), headers_of(request.scope)
    asked = read(request.method, http_request.address(request.scope, sandbox.runtime.base), headers, body)
    asked.direct = is_direct(request, headers, body)
    given = await watched(sandbox.runtime, tenant, asked, peer(request.scope), revoke)
    explanation, refusal = None, given.decision.refusal
    if refusal is None:
        response = error_responses.json(
            {}, 200, error_responses.NO_STORE
        )  # RFC 7009 2.2 ignores the body; strict clients parse it
    else:
        explanation, id = given.decision.explained(), http_request.exchange_id(request)
        said = error_responses.oauth_words(sandbox.runtime, tenant, given.decision, explanation, id, given.client_id, "")
        response = error_responses.oauth_json(said, refusal.status, tenant, "authorization" in headers)
    return await http_request.note(
        request,
        response,
        stage="revocation",
        tenant=tenant.name,
        client_id=given.client_id,
        timeline=given.timeline,
        decision=given.decision,
        explanation=explanation,
        body=body,
    )
