"""Writes: what is there is read through what the token may change, decided on, and saved; a lost race is tried again."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
from dataclasses import replace
from typing import Literal

from msgspec import structs

from sickbay.authorization import writes
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
"""Of a write whose resource changes under it, before it is told so."""
LOCK_FOR = 86_400
DELETED = 1000
"""Resources that one conditional delete may delete, where the policy lets it delete several."""


async def write(runtime: Runtime, one: WriteRequest) -> Outcome:
    """Prepare and store; durable when it returns."""
    for attempt in range(ATTEMPTS):
        prepared = await prepare(runtime, one)
        if isinstance(prepared, WriteRejected):
            return prepared
        try:
            await runtime.store.transaction(prepared.steps)
            return prepared.done
        except Conflict:
            await asyncio.sleep(0.001 * attempt)
    return WriteRejected(409, "conflict", "The resource is being changed by others all the time. Try again.")


async def prepare(runtime: Runtime, one: WriteRequest) -> Prepared | WriteRejected:
    """What is to be stored, by what is there now."""
    match one.request.interaction:
        case "create":
            return await _create(runtime, one)
        case "update":
            return await _update(runtime, one)
        case "patch":
            return await _patch(runtime, one)
        case _:
            return await _delete(runtime, one)


async def _create(runtime: Runtime, one: WriteRequest) -> Prepared | WriteRejected:
    assert one.body is not None
    if one.query is None:
        return _saved(runtime, one, one.body, 0, "create")
    found, lock = await _matching(runtime, one, one.query)
    if isinstance(found, WriteRejected):
        return found
    if found:
        return Prepared(_there(one, found[0]))
    made = _saved(runtime, one, one.body, 0, "create")
    return made._replace(steps=(lock, *made.steps))


async def _update(runtime: Runtime, one: WriteRequest) -> Prepared | WriteRejected:
    assert one.body is not None
    steps: tuple[Step, ...] = ()
    if one.query is not None:
        found, lock = await _matching(runtime, one, one.query)
        if isinstance(found, WriteRejected):
            return found
        steps = (lock,)
        if not found and one.body.id is None:
            made = decisions.judged(runtime, one, one.body.resource, one.fresh or new_id(runtime))
            if isinstance(made, WriteRejected):
                return made
            declined = decisions.added(one, made, None) or decisions.searching(one, made, None)
            return declined or _with(_saved(runtime, one, made, 0, "create"), steps)
        id = found[0].id if found else one.body.id or ""
        if found and one.body.id not in (None, id):
            return decisions.declined_by(one, refusals.FHIR_BODY_ID_MISMATCH(received=one.body.id, expected=id))
        body = decisions.judged(runtime, one, one.body.resource, id)
        if isinstance(body, WriteRejected):
            return body
        one = one._replace(body=body, request=replace(one.request, id=id))
        return _with(await _replaced(runtime, one, only_new=not found), steps)
    return await _replaced(runtime, one)


async def _replaced(runtime: Runtime, one: WriteRequest, only_new: bool = False) -> Prepared | WriteRejected:
    """The resource at the address gets this body. One that was deleted is not there, whatever its last version."""
    assert one.body is not None
    current = await _current(runtime, one, "u")
    if current is None and not writes.may_choose_the_id(one.seen.decision.known.token, one.type):
        return decisions.not_there(one)
    before = await decisions.record(runtime, one, current)
    declined = decisions.not_theirs(one, current, before)
    if declined is None and only_new and current is not None and not current.deleted:
        return decisions.taken(one, current)
    there = current if _is_there(current) else None
    readable = there is not None and decisions.is_readable(one, there)
    declined = declined or decisions.version(one, there)
    declined = declined or decisions.added(one, one.body, before if readable else decisions.unread(before))
    declined = declined or decisions.searching(one, one.body, there if readable else None)
    if declined is not None:
        return declined
    return _saved(runtime, one, one.body, current.version_id if current else 0, "update", _is_there(current))


async def _patch(runtime: Runtime, one: WriteRequest) -> Prepared | WriteRejected:
    target = await _target(runtime, one, "u")
    if isinstance(target, WriteRejected):
        return target
    before = await decisions.record(runtime, one, target)
    declined = decisions.not_theirs(one, target, before) or decisions.version(one, target)
    if declined is not None:
        return declined
    if target.deleted:
        return decisions.gone(one, target.id)
    aimed = one._replace(request=replace(one.request, id=target.id))
    if decisions.is_readable(one, target):
        return _patched(runtime, aimed, target, before)
    if declined := decisions.reading(aimed):
        return declined
    prepared = _patched(runtime, aimed, target, before, readable=False)
    return decisions.untold(aimed) if isinstance(prepared, WriteRejected) else prepared


def _patched(
    runtime: Runtime, one: WriteRequest, target: Stored, before: Before | None, *, readable: bool = True
) -> Prepared | WriteRejected:
    """A patch that changes nothing makes no new version, unless that would tell what is there to who may not read it."""
    resource = lossless_json.loads(target.body)
    change = one.change or patch_formats.read(one.version, one.request.body, one.request.headers.get("content-type"))
    try:
        changed = change(resource)
    except json_patch.PatchFailed as error:
        return decisions.declined_by(one, refusals.FHIR_PATCH_NOT_APPLICABLE(received=str(error)))
    if change is patch_formats.NOTHING or (readable and lossless_json.dumps(changed) == lossless_json.dumps(resource)):
        return Prepared(_there(one, target))
    body = decisions.judged(runtime, one, changed, "")
    if isinstance(body, WriteRejected):
        return body
    declined = decisions.added(one, body, before) or decisions.searching(one, body, target)
    return declined or _saved(runtime, one, body, target.version_id, "update")


async def _delete(runtime: Runtime, one: WriteRequest) -> Prepared | WriteRejected:
    """What was never there, or is hidden, is 404, and not the 204 that R4 (3.1.0.7) says a server SHOULD give: a client is not
    told that something is gone which it only may not see. What was deleted before, and a condition without a match, are 204."""
    if one.query is not None and one.tenant.policy.multiple_deletes:
        return await _delete_all(runtime, one, one.query)
    target = await _target(runtime, one, "d")
    if isinstance(target, WriteRejected):
        return Prepared(WriteResult(204, one.type, "")) if target.status == 204 else target
    declined = decisions.not_theirs(one, target, await decisions.record(runtime, one, target)) or decisions.version(one, target)
    if declined is not None:
        return declined
    version_id = target.version_id + (0 if target.deleted else 1)
    done = WriteResult(204, one.type, target.id, version_id, _at(runtime))
    return Prepared(done, () if target.deleted else (_deleted(one, target, done.at),))


async def _delete_all(runtime: Runtime, one: WriteRequest, query: Query) -> Prepared | WriteRejected:
    """Of what matches, what the token may delete; all at once."""
    found = await ids(runtime, one.space, query, one.seen.visibility, DELETED + 1)
    if len(found) > DELETED:
        return WriteRejected(412, "too-costly", f"More than {DELETED} match: narrow the condition.")
    current = [await _current(runtime, one._replace(request=replace(one.request, id=each)), "d") for each in found]
    at = _at(runtime)
    deletable = [each for each in current if each is not None and not each.deleted]
    deletable = [each for each in deletable if not decisions.not_theirs(one, each, await decisions.record(runtime, one, each))]
    steps = tuple(_deleted(one, each, at) for each in deletable)
    return Prepared(WriteResult(204, one.type, ""), steps)


def _deleted(one: WriteRequest, target: Stored, at: int) -> Save:
    version, who = target.version_id + 1, one.seen.client_id
    return Save(one.space, one.type, target.id, version, b"", IndexEntries(), at, "delete", who=who)


async def _target(runtime: Runtime, one: WriteRequest, letter: str) -> Stored | WriteRejected:
    """What a patch or a delete is about, by its address or by a search."""
    if one.query is None:
        return await _current(runtime, one, letter) or decisions.not_there(one)
    found, _ = await _matching(runtime, one, one.query)
    if isinstance(found, WriteRejected):
        return found
    if not found:
        return WriteRejected(204) if letter == "d" else WriteRejected(404, "not-found", f"No {one.type} matches the condition.")
    aimed = one._replace(request=replace(one.request, id=found[0].id))
    return await _current(runtime, aimed, letter) or decisions.not_there(aimed)


async def _current(runtime: Runtime, one: WriteRequest, letter: str) -> Stored | None:
    """AccessResult through what the token may change: what it may not is not there."""
    assert one.request.id is not None
    return await runtime.store.read(one.space, one.type, one.request.id, through(one.seen.visibility, letter))


async def _matching(runtime: Runtime, one: WriteRequest, query: Query) -> tuple[list[Stored] | WriteRejected, Put]:
    """At most one match, and the step by which of many who ask this at once only one goes on."""
    asked = "&".join(sorted(f"{name}={value}" for name, value in query.applied))
    key = hashlib.sha256(f"{one.tenant.name}/{one.version}/{one.type}?{asked}".encode()).hexdigest()
    record = await runtime.store.get("condition", key)
    found = whole(await runtime.store.search(one.space, structs.replace(query, count=2, whole=True), one.seen.visibility))
    now = runtime.now()
    value = Record("condition", key, b"", one.tenant.name, at=now, expires_at=now + LOCK_FOR)
    lock = Put(value, if_revision=record.revision if record else 0)
    decision = decisions.decided(one, (writes.condition_matches_one,), matches=len(found))
    return (WriteRejected(412, decision=decision) if decision.refusal else found), lock


def _saved(
    runtime: Runtime, one: WriteRequest, body: Body, before: int, interaction: Literal["create", "update"], there: bool = True
) -> Prepared:
    """before: the version that is there, 0 where there is none; the store refuses if it is another by then."""
    at, id = _at(runtime), str(body.resource["id"])
    stored = bodies.stamped(body.resource, before + 1, instant(at))
    kind: Interaction = "update" if before and there else interaction if interaction == "create" else "update-create"
    step = Save(one.space, one.type, id, before + 1, stored, body.facts, at, kind, who=one.seen.client_id)
    readable = one.seen.visibility.allows(one.type, "r", body.facts.patients, body.facts.codes)
    status = 200 if before and there else 201
    return Prepared(WriteResult(status, one.type, id, before + 1, at, stored if readable else None), (step,))


def _there(one: WriteRequest, found: Stored) -> WriteResult:
    readable = one.seen.visibility.allows(one.type, "r", found.patients, found.codes)
    return WriteResult(200, one.type, found.id, found.version_id, found.at, found.body if readable else None)


def _with(prepared: Prepared | WriteRejected, steps: tuple[Step, ...]) -> Prepared | WriteRejected:
    return prepared if isinstance(prepared, WriteRejected) else prepared._replace(steps=(*steps, *prepared.steps))


def _is_there(current: Stored | None) -> bool:
    return current is not None and not current.deleted


def new_id(runtime: Runtime) -> str:
    """32 hexadecimal digits, as in UUIDv7 the time first: so that what is made together lies together in the index of ids.

    A FHIR id holds no underscore, which our dice give.
    """
    dice = hashlib.blake2b(runtime.effects.token(16).encode(), digest_size=10).hexdigest()
    return f"{_at(runtime):012x}{dice}"


def _at(runtime: Runtime) -> int:
    return int(runtime.effects.now() * 1000)


def instant(at: int) -> str:
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


@memoized(8)
def _second(at: int) -> str:
    """Many are written in one."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
