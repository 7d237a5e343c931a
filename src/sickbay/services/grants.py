"""Revokes a grant with all its tokens in one transaction."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.models import AccessToken, RevokedBy, TokenFamily
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import DeleteFamily, Put, Step

REMEMBERED = 100
"""The number of a grant's newest access tokens that are kept as revoked. The others are deleted."""


async def end_grant(runtime: Runtime, tenant: Tenant, family: str, by: RevokedBy) -> list[Step]:
    """The steps that revoke a grant and all its tokens. The remaining records say who revoked it and when."""
    if not family:
        return []
    now, record = runtime.now(), await runtime.store.get("family", family)
    steps: list[Step] = [DeleteFamily(family, ("token",))]
    for token in await runtime.store.find("token", family=family, limit=REMEMBERED):
        steps.append(Put(records.revoked_token(token.key, records.parse(AccessToken, token.value), tenant.name, by, now)))
    if record is not None:
        revoked = structs.replace(records.parse(TokenFamily, record.value), revoked=True, revoked_by=by, revoked_at=now)
        steps.append(Put(records.make_family_record(revoked, tenant.name, record.at)))
    return steps
