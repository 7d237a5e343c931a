"""Revocation: an app gives back a token, and it is worth nothing at once, on every worker."""

from __future__ import annotations

from sickbay.authorization import revocation as stage
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client, Family, Token
from sickbay.diagnosis.stages import REVOCATION
from sickbay.operations import backend, grants, records, subject
from sickbay.operations.context import Tenant, World
from sickbay.operations.token import Answered
from sickbay.storage.store import Conflict, Put, Step


async def revoke(world: World, tenant: Tenant, request: TokenRequest) -> Answered:
    """An empty answer where all went well, also for a token that is none of ours (RFC 7009 2.2)."""
    while True:
        known, revision = await subject.known_of(world, tenant, request)
        decision = await backend.decided(world, tenant, request, known, REVOCATION, stage.checks(request))
        steps = backend.spent(world, request, known, decision.examination, revision)
        if decision.refusal is None:
            steps += await _revoked(world, tenant, request, known.subject)
        try:
            if steps:
                await world.store.transaction(steps)
            break
        except Conflict:  # the same assertion in the same moment: now it was seen
            continue
    one = known.subject
    caller = known.client.client_id if isinstance(known.client, Client) else ""
    timeline = one.timeline if isinstance(one, Token | Family) and one.client_id == caller else ""
    return Answered(decision, None if decision.refusal else {}, caller, timeline)


async def _revoked(world: World, tenant: Tenant, request: TokenRequest, one: object) -> list[Step]:
    """With a refresh token the whole grant ends; an access token ends alone."""
    if isinstance(one, Family):
        return await grants.ended(world, tenant, one.family, "app")
    if not isinstance(one, Token):
        return []
    key = records.digest(request.parameters.get("token") or "")
    return [Put(records.revoked_token(key, one, tenant.name, "app", world.now()))]
