"""What an older Sickbay stored is indexed by what this one knows: in small transactions, beside the requests that come."""

from __future__ import annotations

import asyncio

from sickbay.fhir import written
from sickbay.fhir.index import extract
from sickbay.operations.context import World
from sickbay.storage.store import Outdated, Reindex

BATCH = 100


async def index_anew(world: World) -> int:
    """How many. It may be stopped at any time and goes on where it was; several workers may do the same at once."""
    count = 0
    while batch := await world.store.outdated(BATCH):
        await world.store.transaction([_anew(world, one) for one in batch])
        count += len(batch)
        await asyncio.sleep(0)
    return count


def _anew(world: World, one: Outdated) -> Reindex:
    tenant = world.tenants.get(one.space.tenant)
    base = tenant.fhir_base(one.space.version) if tenant else ""
    return Reindex(one.space, one.type, one.id, one.version_id, extract(one.space.version, written.loads(one.body), base))
