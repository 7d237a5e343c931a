"""The end of a grant: all that it gave, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from sickbay.authorization.values import Family
from sickbay.operations import records
from sickbay.operations.context import Tenant, World
from sickbay.storage.store import DeleteFamily, Put, Step


async def ended(world: World, tenant: Tenant, family: str) -> list[Step]:
    """Steps that end it; what is left of it says that it was revoked."""
    record = await world.store.get("family", family) if family else None
    steps: list[Step] = [DeleteFamily(family, ("token",))] if family else []
    if record is not None:
        dead = replace(records.parse(Family, record.value), revoked=True)
        steps.append(Put(records.family(dead, tenant.name, record.at)))
    return steps
