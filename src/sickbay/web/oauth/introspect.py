"""Introspection over HTTP (RFC 7662)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.access import challenge
from sickbay.authorization.introspection import by_token, status
from sickbay.authorization.token_parameters import read
from sickbay.operations.context import Tenant
from sickbay.operations.introspection import introspect
from sickbay.operations.watching import watched
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, wire
from sickbay.web.admin_guard import is_direct, peer
from sickbay.web.request_state import headers_of


async def introspection(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    body, headers = await wire.read_body(request), headers_of(request.scope)
    asked = read(request.method, wire.address(request.scope, sandbox.world.base), headers, body)
    asked.direct = is_direct(request, headers, body)
    given = await watched(sandbox.world, tenant, asked, peer(request.scope), introspect)
    explanation = None
    if given.response is not None:
        response = answers.json(given.response, 200, answers.NO_STORE)
    else:
        explanation, refusal = given.decision.explained(), given.decision.refusal
        assert refusal is not None
        id = wire.exchange_id(request)
        said = answers.oauth_words(sandbox.world, tenant, given.decision, explanation, id, given.client_id, "")
        response = answers.oauth_json(said, status(refusal), tenant, True)
        if by_token(asked) and response.status_code == 401:
            response.headers["www-authenticate"] = challenge(refusal, tenant.name)
    return await wire.note(
        request,
        response,
        stage="introspection",
        tenant=tenant.name,
        client_id=given.client_id,
        decision=given.decision,
        explanation=explanation,
        body=body,
    )
