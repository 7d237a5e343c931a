"""Writes: read the current version if the token may change it, decide, and save; retry if another write comes first.

update, patch, delete  what these interactions prepare; what a create prepares is here
saving                 what they share: reading the current version, and the step that saves
decisions              why a write is rejected
requests               a write that was requested, prepared, done or rejected
"""

from __future__ import annotations

import asyncio

from sickbay.services.context import Runtime
from sickbay.services.writing import delete, patch, saving, update
from sickbay.services.writing.requests import Outcome, Prepared, WriteRejected, WriteRequest
from sickbay.storage.interface import Conflict

ATTEMPTS = 20
"""How often a write is tried while others keep changing its resource, before it fails."""


async def perform_write(runtime: Runtime, write_request: WriteRequest) -> Outcome:
    """Prepares and stores a write. It is durable when this returns."""
    for attempt in range(ATTEMPTS):
        prepared = await prepare_write(runtime, write_request)
        if isinstance(prepared, WriteRejected):
            return prepared
        try:
            await runtime.store.transaction(prepared.steps)
            return prepared.done
        except Conflict:
            await asyncio.sleep(0.001 * attempt)
    return WriteRejected(409, "conflict", "Other requests keep changing this resource. Try again.")


async def prepare_write(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """The steps to store, based on what is stored now."""
    return await PREPARE[write.request.interaction](runtime, write)


async def _prepare_create(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """The steps of a create. If a condition matches a resource, nothing is stored."""
    assert write.body is not None
    if write.query is None:
        return saving.prepare_save(runtime, write, write.body, 0, "create")
    matches, lock = await saving.find_matches(runtime, write, write.query)
    if isinstance(matches, WriteRejected):
        return matches
    if matches:
        return Prepared(saving.report_unchanged_resource(write, matches[0]))
    prepared = saving.prepare_save(runtime, write, write.body, 0, "create")
    return prepared._replace(steps=(lock, *prepared.steps))


PREPARE = {
    "create": _prepare_create,
    "update": update.prepare_update,
    "patch": patch.prepare_patch,
    "delete": delete.prepare_delete,
}
