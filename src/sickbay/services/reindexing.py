"""Indexes resources that an older Sickbay stored again, in small transactions while requests are served."""

from __future__ import annotations

import asyncio

from sickbay.fhir import lossless_json
from sickbay.fhir.search.index import extract
from sickbay.services.context import Runtime
from sickbay.storage.interface import Outdated, Reindex

BATCH = 100


async def reindex(runtime: Runtime) -> int:
    """Reindexes outdated resources and returns how many. It can be interrupted and resumed, and run on several workers."""
    count = 0
    while batch := await runtime.store.outdated(BATCH):
        await runtime.store.transaction([_reindex(runtime, outdated) for outdated in batch])
        count += len(batch)
        await asyncio.sleep(0)
    return count


def _reindex(runtime: Runtime, outdated: Outdated) -> Reindex:
    tenant = runtime.tenants.get(outdated.space.tenant)
    base = tenant.fhir_base(outdated.space.version) if tenant else ""
    return Reindex(
        outdated.space,
        outdated.type,
        outdated.id,
        outdated.version_id,
        extract(outdated.space.version, lossless_json.loads(outdated.body), base),
    )
