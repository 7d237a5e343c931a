"""Indexes resources that an older Sickbay stored again, in small transactions while requests are served."""

from __future__ import annotations

import asyncio

from sickbay.fhir import lossless_json
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.services.context import Runtime
from sickbay.storage.answers import Outdated
from sickbay.storage.interface import Reindex, ResourceSpace

BATCH = 100


async def reindex_resources(runtime: Runtime) -> int:
    """Reindexes outdated resources and returns how many. It can be interrupted and resumed, and run on several workers."""
    count = 0
    while batch := await runtime.store.list_outdated(BATCH):
        await runtime.store.transaction([_reindex_step(runtime, outdated) for outdated in batch])
        count += len(batch)
        await asyncio.sleep(0)
    return count


def _reindex_step(runtime: Runtime, outdated: Outdated) -> Reindex:
    space, type, id, version, body = outdated
    return Reindex(space, type, id, version, extract_entries_of_body(runtime, space, body))


def extract_entries_of_body(runtime: Runtime, space: ResourceSpace, body: bytes) -> IndexEntries:
    tenant = runtime.tenants.get(space.tenant)
    base = tenant.fhir_base(space.version) if tenant else ""
    return extract_entries(space.version, lossless_json.loads(body), base)
