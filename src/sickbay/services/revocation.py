"""Revocation: an app gives back a token, and it is worth nothing at once, on every worker."""

from __future__ import annotations

from sickbay.authorization import revocation as stage
from sickbay.authorization.models import AccessToken, Client, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.stages import REVOCATION
from sickbay.services import backend_services, grants, records, token_lookup
from sickbay.services.context import Runtime, Tenant
from sickbay.services.token import TokenResult
from sickbay.storage.interface import Conflict, Put, Step


async def revoke(runtime: Runtime, tenant: Tenant, request: TokenRequest) -> TokenResult:
    """An empty answer where all went well, also for a token that is none of ours (RFC 7009 2.2)."""
    while True:
        known, revision = await token_lookup.known_of(runtime, tenant, request)
        decision = await backend_services.decided(runtime, tenant, request, known, REVOCATION, stage.checks(request))
        steps = backend_services.spent(runtime, request, known, decision.examination, revision)
        if decision.refusal is None:
            steps += await _revoked(runtime, tenant, request, known.subject)
        try:
            if steps:
                await runtime.store.transaction(steps)
            break
        except Conflict:  # the same assertion in the same moment: now it was seen
            continue
    one = known.subject
    caller = known.client.client_id if isinstance(known.client, Client) else ""
    timeline = one.timeline if isinstance(one, AccessToken | TokenFamily) and one.client_id == caller else ""
    return TokenResult(decision, None if decision.refusal else {}, caller, timeline)


async def _revoked(runtime: Runtime, tenant: Tenant, request: TokenRequest, one: object) -> list[Step]:
    """With a refresh token the whole grant ends; an access token ends alone."""
    if isinstance(one, TokenFamily):
        return await grants.ended(runtime, tenant, one.family, "app")
    if not isinstance(one, AccessToken):
        return []
    key = records.digest(request.parameters.get("token") or "")
    return [Put(records.revoked_token(key, one, tenant.name, "app", runtime.now()))]
