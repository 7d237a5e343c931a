"""Revokes a grant with all its tokens in one transaction."""

from __future__ import annotations

from dataclasses import replace

from sickbay.authorization.values import Family, RevokedBy, Token
from sickbay.operations import records
from sickbay.operations.context import Tenant, World
from sickbay.storage.store import DeleteFamily, Put, Step

REMEMBERED = 100
"""How many of a grant's newest access tokens stay on record as revoked. The others are deleted."""


async def ended(world: World, tenant: Tenant, family: str, by: RevokedBy) -> list[Step]:
    """The steps that revoke a grant and all its tokens. What stays on record says who revoked it and when."""
    if not family:
        return []
    now, record = world.now(), await world.store.get("family", family)
    steps: list[Step] = [DeleteFamily(family, ("token",))]
    for token in await world.store.find("token", family=family, limit=REMEMBERED):
        steps.append(Put(records.revoked_token(token.key, records.parse(Token, token.value), tenant.name, by, now)))
    if record is not None:
        revoked = replace(records.parse(Family, record.value), revoked=True, revoked_by=by, revoked_at=now)
        steps.append(Put(records.family(revoked, tenant.name, record.at)))
    return steps
