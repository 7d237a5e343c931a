"""delete: deletes a resource, or several if a condition matches them and the policy allows it."""

from __future__ import annotations

from msgspec import structs

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import Query
from sickbay.services.context import Runtime
from sickbay.services.matching import list_ids
from sickbay.services.writing import decisions, saving
from sickbay.services.writing.requests import Prepared, WriteRejected, WriteRequest, WriteResult
from sickbay.storage.answers import Stored
from sickbay.storage.interface import Save

DELETED = 1000
"""The maximum number of resources that one conditional delete can delete, if the policy allows several."""


async def prepare_delete(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """Deletes one resource. Returns 404 for one that never existed or is hidden, not the 204 that R4 (3.1.0.7) recommends, so
    that a client isn't told that a resource is gone when it only can't see it. Returns 204 for one that was already deleted
    and for a condition without matches.
    """
    if write.query is not None and write.tenant.policy.multiple_deletes:
        return await _delete_matches(runtime, write, write.query)
    target = await saving.find_target(runtime, write, "d")
    if isinstance(target, WriteRejected):
        return Prepared(WriteResult(204, write.type, "")) if target.status == 204 else target
    before = await decisions.load_before(runtime, write, target)
    declined = decisions.reject_outside(write, target, before) or decisions.reject_conflict(write, target)
    if declined is not None:
        return declined
    version_id = target.version_id if target.deleted else runtime.next_version(write.space, target.version_id)
    done = WriteResult(204, write.type, target.id, version_id, saving.epoch_milliseconds(runtime))
    return Prepared(done, () if target.deleted else (_deletion_save(runtime, write, target, done.at),))


async def _delete_matches(runtime: Runtime, write: WriteRequest, query: Query) -> Prepared | WriteRejected:
    """Deletes those matches that the token may delete, in one transaction."""
    matching_ids = await list_ids(runtime, write.space, query, write.seen.visibility, DELETED + 1)
    if len(matching_ids) > DELETED:
        return WriteRejected(412, "too-costly", f"More than {DELETED} resources match. Narrow the condition.")
    current = [
        await saving.load_current_resource(runtime, write._replace(request=structs.replace(write.request, id=id)), "d")
        for id in matching_ids
    ]
    at = saving.epoch_milliseconds(runtime)
    deletable = [resource for resource in current if resource is not None and not resource.deleted]
    deletable = [
        resource
        for resource in deletable
        if not decisions.reject_outside(write, resource, await decisions.load_before(runtime, write, resource))
    ]
    steps = tuple(_deletion_save(runtime, write, resource, at) for resource in deletable)
    return Prepared(WriteResult(204, write.type, ""), steps)


def _deletion_save(runtime: Runtime, write: WriteRequest, target: Stored, at: int) -> Save:
    before, who = target.version_id, write.seen.client_id
    version = runtime.next_version(write.space, before)
    return Save(write.space, write.type, target.id, version, b"", IndexEntries(), at, "delete", who=who, before=before)
