"""UserInfo over HTTP (OpenID Connect Core 5.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.access import challenge
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.userinfo import from_body
from sickbay.operations.context import Tenant
from sickbay.operations.userinfo import userinfo as tell
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, wire
from sickbay.web.request_state import headers_of


async def userinfo(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    headers, query = headers_of(request.scope), wire.query_of(request.scope)
    url = sandbox.world.base + wire.raw_path(request.scope)
    body = await wire.read_body(request) if request.method == "POST" else ""
    asked = AccessRequest(request.method, "", "", query, headers, interaction="userinfo", url=url, body=body)
    told = await tell(sandbox.world, tenant, from_body(asked))
    explanation, refusal = None, told.decision.refusal
    if refusal is None:
        response = answers.json(told.claims, 200, answers.NO_STORE)
    else:
        explanation, id = told.decision.explained(), wire.exchange_id(request)
        said = answers.oauth_words(sandbox.world, tenant, told.decision, explanation, id, told.client_id, "")
        response = answers.oauth_json(said, refusal.status, tenant, False)
        response.headers["www-authenticate"] = challenge(refusal, tenant.name)
    return await wire.note(
        request,
        response,
        stage="userinfo",
        tenant=tenant.name,
        client_id=told.client_id,
        timeline=told.timeline,
        decision=told.decision,
        explanation=explanation,
    )
