"""Revocation: an app revokes a token, which stops working immediately on every worker."""

from __future__ import annotations

from sickbay.authorization import revocation as stage
from sickbay.authorization.models import AccessToken, Client, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.stages import REVOCATION
from sickbay.services import client_authentication, grants, records, token_lookup
from sickbay.services.client_authentication import TokenResult
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import decide_in_turn
from sickbay.storage.interface import Conflict, Put, Step


async def revoke(runtime: Runtime, tenant: Tenant, request: TokenRequest) -> TokenResult:
    """Returns an empty response on success, even for an unknown token (RFC 7009 2.2)."""
    while True:
        known, revision = await token_lookup.context_of(runtime, tenant, request)
        decision = await decide_in_turn(runtime, REVOCATION, tenant, stage.checks_for(request), request, known)
        steps = client_authentication.spend_assertion(runtime, request, known, decision.examination, revision)
        if decision.refusal is None:
            steps += await _revoke_steps(runtime, tenant, request, known.subject)
        try:
            if steps:
                await runtime.store.transaction(steps)
            break
        except Conflict:  # the same assertion at the same moment: it counts as seen now
            continue
    subject = known.subject
    caller = known.client.client_id if isinstance(known.client, Client) else ""
    timeline = subject.timeline if isinstance(subject, AccessToken | TokenFamily) and subject.client_id == caller else ""
    return TokenResult(decision, None if decision.refusal else {}, caller, timeline)


async def _revoke_steps(runtime: Runtime, tenant: Tenant, request: TokenRequest, subject: object) -> list[Step]:
    """The steps to revoke. A refresh token ends its whole grant; an access token ends without affecting others."""
    if isinstance(subject, TokenFamily):
        return await grants.end_grant(runtime, tenant, subject.family, "app")
    if not isinstance(subject, AccessToken):
        return []
    key = records.digest(request.parameters.get("token") or "")
    return [Put(records.revoked_token(key, subject, tenant.name, "app", runtime.now()))]
