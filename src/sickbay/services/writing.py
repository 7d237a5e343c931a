"""Writes: reads the current version if the token may change it, decides, and saves; retries if another write comes first."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
from typing import Literal

from msgspec import structs

from sickbay.authorization.access import writes
from sickbay.authorization.refusals import write as refusals
from sickbay.fhir import body as bodies
from sickbay.fhir import lossless_json
from sickbay.fhir.body import Body
from sickbay.fhir.patch import formats as patch_formats
from sickbay.fhir.patch import json_patch
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.query import Query
from sickbay.fhir.subjects import Before
from sickbay.fhir.visibility import through
from sickbay.kernel.memoize import memoized
from sickbay.services import write_decisions as decisions
from sickbay.services.context import Runtime
from sickbay.services.matching import ids
from sickbay.services.write_requests import Outcome, Prepared, WriteRejected, WriteRequest, WriteResult
from sickbay.storage.interface import Conflict, Interaction, Put, Record, Save, Step, Stored, whole

ATTEMPTS = 20
"""How often a write is tried while others keep changing its resource, before it fails."""
LOCK_FOR = 86_400
DELETED = 1000
"""The most resources that one conditional delete can delete, if the policy allows several."""


async def write(runtime: Runtime, write_request: WriteRequest) -> Outcome:
    """Prepares and stores a write. It is durable when this returns."""
    for attempt in range(ATTEMPTS):
        prepared = await prepare(runtime, write_request)
        if isinstance(prepared, WriteRejected):
            return prepared
        try:
            await runtime.store.transaction(prepared.steps)
            return prepared.done
        except Conflict:
            await asyncio.sleep(0.001 * attempt)
    return WriteRejected(409, "conflict", "Other requests keep changing this resource. Try again.")


async def prepare(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """The steps to store, based on what is stored now."""
    match write.request.interaction:
        case "create":
            return await _create(runtime, write)
        case "update":
            return await _update(runtime, write)
        case "patch":
            return await _patch(runtime, write)
        case _:
            return await _delete(runtime, write)


async def _create(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    assert write.body is not None
    if write.query is None:
        return _save(runtime, write, write.body, 0, "create")
    matches, lock = await _find_matches(runtime, write, write.query)
    if isinstance(matches, WriteRejected):
        return matches
    if matches:
        return Prepared(_unchanged(write, matches[0]))
    prepared = _save(runtime, write, write.body, 0, "create")
    return prepared._replace(steps=(lock, *prepared.steps))


async def _update(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    assert write.body is not None
    steps: tuple[Step, ...] = ()
    if write.query is not None:
        matches, lock = await _find_matches(runtime, write, write.query)
        if isinstance(matches, WriteRejected):
            return matches
        steps = (lock,)
        if not matches and write.body.id is None:
            new_body = decisions.checked_body(runtime, write, write.body.resource, write.fresh or new_id(runtime))
            if isinstance(new_body, WriteRejected):
                return new_body
            declined = decisions.added_to_other_record(write, new_body, None)
            declined = declined or decisions.new_conditional_references(write, new_body, None)
            return declined or _preceded_by(_save(runtime, write, new_body, 0, "create"), steps)
        id = matches[0].id if matches else write.body.id or ""
        if matches and write.body.id not in (None, id):
            return decisions.rejected_by(write, refusals.FHIR_BODY_ID_MISMATCH(received=write.body.id, expected=id))
        body = decisions.checked_body(runtime, write, write.body.resource, id)
        if isinstance(body, WriteRejected):
            return body
        write = write._replace(body=body, request=structs.replace(write.request, id=id))
        return _preceded_by(await _replace(runtime, write, only_new=not matches), steps)
    return await _replace(runtime, write)


async def _replace(runtime: Runtime, write: WriteRequest, only_new: bool = False) -> Prepared | WriteRejected:
    """Replaces the resource at the address. A deleted one counts as missing, whatever its last version was."""
    assert write.body is not None
    current = await _current(runtime, write, "u")
    if current is None and not writes.may_choose_the_id(write.seen.decision.context.token, write.type):
        return decisions.not_found(write)
    before = await decisions.record(runtime, write, current)
    declined = decisions.outside_record(write, current, before)
    if declined is None and only_new and current is not None and not current.deleted:
        return decisions.id_taken(write, current)
    stored = current if _is_there(current) else None
    readable = stored is not None and decisions.is_readable(write, stored)
    declined = declined or decisions.version_conflict(write, stored)
    known = before if readable else decisions.without_participants(before)
    declined = declined or decisions.added_to_other_record(write, write.body, known)
    declined = declined or decisions.new_conditional_references(write, write.body, stored if readable else None)
    if declined is not None:
        return declined
    return _save(runtime, write, write.body, current.version_id if current else 0, "update", _is_there(current))


async def _patch(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    target = await _target(runtime, write, "u")
    if isinstance(target, WriteRejected):
        return target
    before = await decisions.record(runtime, write, target)
    declined = decisions.outside_record(write, target, before) or decisions.version_conflict(write, target)
    if declined is not None:
        return declined
    if target.deleted:
        return decisions.deleted(write, target.id)
    targeted = write._replace(request=structs.replace(write.request, id=target.id))
    if decisions.is_readable(write, target):
        return _apply_patch(runtime, targeted, target, before)
    if write.change is None and (declined := decisions.patch_reads(targeted)):  # an operation reads nothing
        return declined
    prepared = _apply_patch(runtime, targeted, target, before, readable=False)
    return decisions.patch_not_applicable(targeted) if isinstance(prepared, WriteRejected) else prepared


def _apply_patch(
    runtime: Runtime, write: WriteRequest, target: Stored, before: Before | None, *, readable: bool = True
) -> Prepared | WriteRejected:
    """Applies a patch. One that changes nothing creates no new version, unless the token can't read the resource and would
    learn its content from that.
    """
    resource = lossless_json.loads(target.body)
    change = write.change or patch_formats.read(
        write.space.version, write.request.body, write.request.headers.get("content-type")
    )
    try:
        changed = change(resource)
    except json_patch.PatchFailed as error:
        return decisions.rejected_by(write, refusals.FHIR_PATCH_NOT_APPLICABLE(received=str(error)))
    if change is patch_formats.NOTHING or (readable and lossless_json.dumps(changed) == lossless_json.dumps(resource)):
        return Prepared(_unchanged(write, target))
    body = decisions.checked_body(runtime, write, changed, "")
    if isinstance(body, WriteRejected):
        return body
    declined = decisions.added_to_other_record(write, body, before) or decisions.new_conditional_references(write, body, target)
    return declined or _save(runtime, write, body, target.version_id, "update")


async def _delete(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """Deletes one resource. Returns 404 for one that never existed or is hidden, not the 204 that R4 (3.1.0.7) recommends, so
    that a client isn't told that a resource is gone when it only can't see it. Returns 204 for one that was already deleted
    and for a condition without matches.
    """
    if write.query is not None and write.tenant.policy.multiple_deletes:
        return await _delete_all(runtime, write, write.query)
    target = await _target(runtime, write, "d")
    if isinstance(target, WriteRejected):
        return Prepared(WriteResult(204, write.type, "")) if target.status == 204 else target
    before = await decisions.record(runtime, write, target)
    declined = decisions.outside_record(write, target, before) or decisions.version_conflict(write, target)
    if declined is not None:
        return declined
    version_id = target.version_id + (0 if target.deleted else 1)
    done = WriteResult(204, write.type, target.id, version_id, _at(runtime))
    return Prepared(done, () if target.deleted else (_deletion(write, target, done.at),))


async def _delete_all(runtime: Runtime, write: WriteRequest, query: Query) -> Prepared | WriteRejected:
    """Deletes those matches that the token may delete, in one transaction."""
    matching_ids = await ids(runtime, write.space, query, write.seen.visibility, DELETED + 1)
    if len(matching_ids) > DELETED:
        return WriteRejected(412, "too-costly", f"More than {DELETED} resources match. Narrow the condition.")
    current = [
        await _current(runtime, write._replace(request=structs.replace(write.request, id=id)), "d") for id in matching_ids
    ]
    at = _at(runtime)
    deletable = [resource for resource in current if resource is not None and not resource.deleted]
    deletable = [
        resource
        for resource in deletable
        if not decisions.outside_record(write, resource, await decisions.record(runtime, write, resource))
    ]
    steps = tuple(_deletion(write, resource, at) for resource in deletable)
    return Prepared(WriteResult(204, write.type, ""), steps)


def _deletion(write: WriteRequest, target: Stored, at: int) -> Save:
    version, who = target.version_id + 1, write.seen.client_id
    return Save(write.space, write.type, target.id, version, b"", IndexEntries(), at, "delete", who=who)


async def _target(runtime: Runtime, write: WriteRequest, letter: str) -> Stored | WriteRejected:
    """The resource to patch or delete, found by its address or by a search."""
    if write.query is None:
        return await _current(runtime, write, letter) or decisions.not_found(write)
    matches, _ = await _find_matches(runtime, write, write.query)
    if isinstance(matches, WriteRejected):
        return matches
    if not matches:
        return (
            WriteRejected(204) if letter == "d" else WriteRejected(404, "not-found", f"No {write.type} matches the condition.")
        )
    targeted = write._replace(request=structs.replace(write.request, id=matches[0].id))
    return await _current(runtime, targeted, letter) or decisions.not_found(targeted)


async def _current(runtime: Runtime, write: WriteRequest, letter: str) -> Stored | None:
    """The stored resource if the token may change it; otherwise None, as if it didn't exist."""
    assert write.request.id is not None
    return await runtime.store.read(write.space, write.type, write.request.id, through(write.seen.visibility, letter))


async def _find_matches(runtime: Runtime, write: WriteRequest, query: Query) -> tuple[list[Stored] | WriteRejected, Put]:
    """Returns at most one match, and a step that lets only one of several concurrent writes with this condition succeed."""
    condition = "&".join(sorted(f"{name}={value}" for name, value in query.applied))
    key = hashlib.sha256(f"{write.tenant.name}/{write.space.version}/{write.type}?{condition}".encode()).hexdigest()
    record = await runtime.store.get("condition", key)
    matches = whole(await runtime.store.search(write.space, structs.replace(query, count=2, whole=True), write.seen.visibility))
    now = runtime.now()
    lock_record = Record("condition", key, b"", write.tenant.name, at=now, expires_at=now + LOCK_FOR)
    lock = Put(lock_record, if_revision=record.revision if record else 0)
    decision = decisions.decide_write(write, (writes.condition_matches_one,), matches=len(matches))
    return (WriteRejected(412, decision=decision) if decision.refusal else matches), lock


def _save(
    runtime: Runtime, write: WriteRequest, body: Body, before: int, interaction: Literal["create", "update"], there: bool = True
) -> Prepared:
    """before: the current version, 0 if there is none. The store raises Conflict if the version has changed by then."""
    at, id = _at(runtime), str(body.resource["id"])
    stored = bodies.stamped(body.resource, before + 1, instant(at))
    kind: Interaction = "update" if before and there else interaction if interaction == "create" else "update-create"
    step = Save(write.space, write.type, id, before + 1, stored, body.facts, at, kind, who=write.seen.client_id)
    readable = write.seen.visibility.allows(write.type, "r", body.facts.patients, body.facts.codes)
    status = 200 if before and there else 201
    return Prepared(WriteResult(status, write.type, id, before + 1, at, stored if readable else None), (step,))


def _unchanged(write: WriteRequest, match: Stored) -> WriteResult:
    readable = write.seen.visibility.allows(write.type, "r", match.patients, match.codes)
    return WriteResult(200, write.type, match.id, match.version_id, match.at, match.body if readable else None)


def _preceded_by(prepared: Prepared | WriteRejected, steps: tuple[Step, ...]) -> Prepared | WriteRejected:
    return prepared if isinstance(prepared, WriteRejected) else prepared._replace(steps=(*steps, *prepared.steps))


def _is_there(current: Stored | None) -> bool:
    return current is not None and not current.deleted


def new_id(runtime: Runtime) -> str:
    """32 hexadecimal digits that start with the time, like a UUIDv7, so that new resources are adjacent in the index of ids.

    A FHIR id can't contain an underscore, which `effects.token` can return, so the random part is hashed.
    """
    random_digits = hashlib.blake2b(runtime.effects.token(16).encode(), digest_size=10).hexdigest()
    return f"{_at(runtime):012x}{random_digits}"


def _at(runtime: Runtime) -> int:
    return int(runtime.effects.now() * 1000)


def instant(at: int) -> str:
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


@memoized(8)
def _second(at: int) -> str:
    """Cached because many resources are written in one second."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
