"""What an older Sickbay stored is indexed by what this one knows: in small transactions, beside the requests that come."""

from __future__ import annotations

import asyncio

from sickbay.fhir import lossless_json
from sickbay.fhir.search.index import extract
from sickbay.services.context import Runtime
from sickbay.storage.interface import Outdated, Reindex

BATCH = 100


async def index_anew(runtime: Runtime) -> int:
    """How many. It may be stopped at any time and goes on where it was; several workers may do the same at once."""
    count = 0
    while batch := await runtime.store.outdated(BATCH):
        await runtime.store.transaction([_anew(runtime, one) for one in batch])
        count += len(batch)
        await asyncio.sleep(0)
    return count


def _anew(runtime: Runtime, one: Outdated) -> Reindex:
    tenant = runtime.tenants.get(one.space.tenant)
    base = tenant.fhir_base(one.space.version) if tenant else ""
    return Reindex(one.space, one.type, one.id, one.version_id, extract(one.space.version, lossless_json.loads(one.body), base))
