"""The token endpoint over HTTP."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.origin import withheld
from sickbay.authorization.token_parameters import read
from sickbay.operations.context import Tenant
from sickbay.operations.token import token as answer
from sickbay.operations.watching import watched
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, wire
from sickbay.web.admin_guard import is_direct, peer
from sickbay.web.request_state import headers_of, state_of


async def token(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """RFC 6749 3.2; every other method than POST is a finding too."""
    body = await wire.read_body(request)
    headers = headers_of(request.scope)
    url = wire.address(request.scope, sandbox.world.base)
    asked = read(request.method, url, headers, body)
    asked.direct = is_direct(request, headers, body)
    redeem = partial(answer, elsewhere=request.path_params.get("tenant_id", ""))
    given = await watched(sandbox.world, tenant, asked, peer(request.scope), redeem)
    decision, explanation = given.decision, None
    state_of(request.scope).withheld = withheld(decision.examination)
    if given.response is not None:
        response = answers.json(given.response, 200, answers.NO_STORE)
    else:
        explanation = decision.explained()
        assert decision.refusal is not None
        proven = given.client_id if decision.refusal.error != "invalid_client" else ""
        said = answers.oauth_words(sandbox.world, tenant, decision, explanation, wire.exchange_id(request), proven, "")
        status = decision.refusal.status
        status = tenant.dialect.answers.client_status if status == 401 else status
        response = answers.oauth_json(said, status, tenant, "authorization" in headers)
    return await wire.note(
        request,
        response,
        stage="token",
        tenant=tenant.name,
        client_id=given.client_id,
        timeline=given.timeline,
        decision=decision,
        explanation=explanation,
        body=body,
    )
