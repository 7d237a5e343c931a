"""Revocation over HTTP (RFC 7009)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.token_parameters import read
from sickbay.operations.context import Tenant
from sickbay.operations.revocation import revoke
from sickbay.operations.watching import watched
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, wire
from sickbay.web.admin_guard import is_direct, peer
from sickbay.web.request_state import headers_of


async def revocation(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    body, headers = await wire.read_body(request), headers_of(request.scope)
    asked = read(request.method, wire.address(request.scope, sandbox.world.base), headers, body)
    asked.direct = is_direct(request, headers, body)
    given = await watched(sandbox.world, tenant, asked, peer(request.scope), revoke)
    explanation, refusal = None, given.decision.refusal
    if refusal is None:
        response = answers.json({}, 200, answers.NO_STORE)  # RFC 7009 2.2 ignores the body; strict clients parse it
    else:
        explanation, id = given.decision.explained(), wire.exchange_id(request)
        said = answers.oauth_words(sandbox.world, tenant, given.decision, explanation, id, given.client_id, "")
        response = answers.oauth_json(said, refusal.status, tenant, "authorization" in headers)
    return await wire.note(
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
