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
from sickbay.fhir import patch, patching, written
from sickbay.fhir.body import Body
from sickbay.fhir.facts import ResourceFacts
from sickbay.fhir.query import Query
from sickbay.fhir.subjects import Before
from sickbay.fhir.visibility import through
from sickbay.kernel.remembering import memoized
from sickbay.operations import write_decisions as decisions
from sickbay.operations.context import World
from sickbay.operations.matching import ids
from sickbay.operations.write_values import Declined, Done, Outcome, Prepared, Wanted
from sickbay.storage.store import Conflict, Interaction, Put, Record, Save, Step, Stored, whole

ATTEMPTS = 20
"""Of a write whose resource changes under it, before it is told so."""
LOCK_FOR = 86_400
DELETED = 1000
"""Resources that one conditional delete may delete, where the policy lets it delete several."""


async def write(world: World, one: Wanted) -> Outcome:
    """Prepare and store; durable when it returns."""
    for attempt in range(ATTEMPTS):
        prepared = await prepare(world, one)
        if isinstance(prepared, Declined):
            return prepared
        try:
            await world.store.transaction(prepared.steps)
            return prepared.done
        except Conflict:
            await asyncio.sleep(0.001 * attempt)
    return Declined(409, "conflict", "The resource is being changed by others all the time. Try again.")


async def prepare(world: World, one: Wanted) -> Prepared | Declined:
    """What is to be stored, by what is there now."""
    match one.request.interaction:
        case "create":
            return await _create(world, one)
        case "update":
            return await _update(world, one)
        case "patch":
            return await _patch(world, one)
        case _:
            return await _delete(world, one)


async def _create(world: World, one: Wanted) -> Prepared | Declined:
    assert one.body is not None
    if one.query is None:
        return _saved(world, one, one.body, 0, "create")
    found, lock = await _matching(world, one, one.query)
    if isinstance(found, Declined):
        return found
    if found:
        return Prepared(_there(one, found[0]))
    made = _saved(world, one, one.body, 0, "create")
    return made._replace(steps=(lock, *made.steps))


async def _update(world: World, one: Wanted) -> Prepared | Declined:
    assert one.body is not None
    steps: tuple[Step, ...] = ()
    if one.query is not None:
        found, lock = await _matching(world, one, one.query)
        if isinstance(found, Declined):
            return found
        steps = (lock,)
        if not found and one.body.id is None:
            made = decisions.judged(world, one, one.body.resource, one.fresh or new_id(world))
            if isinstance(made, Declined):
                return made
            declined = decisions.added(one, made, None) or decisions.searching(one, made, None)
            return declined or _with(_saved(world, one, made, 0, "create"), steps)
        id = found[0].id if found else one.body.id or ""
        if found and one.body.id not in (None, id):
            return decisions.declined_by(one, refusals.FHIR_BODY_ID_MISMATCH(received=one.body.id, expected=id))
        body = decisions.judged(world, one, one.body.resource, id)
        if isinstance(body, Declined):
            return body
        one = one._replace(body=body, request=replace(one.request, id=id))
        return _with(await _replaced(world, one, only_new=not found), steps)
    return await _replaced(world, one)


async def _replaced(world: World, one: Wanted, only_new: bool = False) -> Prepared | Declined:
    """The resource at the address gets this body. One that was deleted is not there, whatever its last version."""
    assert one.body is not None
    current = await _current(world, one, "u")
    if current is None and not writes.may_choose_the_id(one.seen.decision.known.token, one.type):
        return decisions.not_there(one)
    before = await decisions.record(world, one, current)
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
    return _saved(world, one, one.body, current.version_id if current else 0, "update", _is_there(current))


async def _patch(world: World, one: Wanted) -> Prepared | Declined:
    target = await _target(world, one, "u")
    if isinstance(target, Declined):
        return target
    before = await decisions.record(world, one, target)
    declined = decisions.not_theirs(one, target, before) or decisions.version(one, target)
    if declined is not None:
        return declined
    if target.deleted:
        return decisions.gone(one, target.id)
    aimed = one._replace(request=replace(one.request, id=target.id))
    if decisions.is_readable(one, target):
        return _patched(world, aimed, target, before)
    if declined := decisions.reading(aimed):
        return declined
    prepared = _patched(world, aimed, target, before, readable=False)
    return decisions.untold(aimed) if isinstance(prepared, Declined) else prepared


def _patched(world: World, one: Wanted, target: Stored, before: Before | None, *, readable: bool = True) -> Prepared | Declined:
    """A patch that changes nothing makes no new version, unless that would tell what is there to who may not read it."""
    resource = written.loads(target.body)
    change = one.change or patching.read(one.version, one.request.body, one.request.headers.get("content-type"))
    try:
        changed = change(resource)
    except patch.PatchFailed as error:
        return decisions.declined_by(one, refusals.FHIR_PATCH_NOT_APPLICABLE(received=str(error)))
    if change is patching.NOTHING or (readable and written.dumps(changed) == written.dumps(resource)):
        return Prepared(_there(one, target))
    body = decisions.judged(world, one, changed, "")
    if isinstance(body, Declined):
        return body
    declined = decisions.added(one, body, before) or decisions.searching(one, body, target)
    return declined or _saved(world, one, body, target.version_id, "update")


async def _delete(world: World, one: Wanted) -> Prepared | Declined:
    """What was never there, or is hidden, is 404, and not the 204 that R4 (3.1.0.7) says a server SHOULD give: a client is not
    told that something is gone which it only may not see. What was deleted before, and a condition without a match, are 204."""
    if one.query is not None and one.tenant.policy.multiple_deletes:
        return await _delete_all(world, one, one.query)
    target = await _target(world, one, "d")
    if isinstance(target, Declined):
        return Prepared(Done(204, one.type, "")) if target.status == 204 else target
    declined = decisions.not_theirs(one, target, await decisions.record(world, one, target)) or decisions.version(one, target)
    if declined is not None:
        return declined
    version_id = target.version_id + (0 if target.deleted else 1)
    done = Done(204, one.type, target.id, version_id, _at(world))
    return Prepared(done, () if target.deleted else (_deleted(one, target, done.at),))


async def _delete_all(world: World, one: Wanted, query: Query) -> Prepared | Declined:
    """Of what matches, what the token may delete; all at once."""
    found = await ids(world, one.space, query, one.seen.visibility, DELETED + 1)
    if len(found) > DELETED:
        return Declined(412, "too-costly", f"More than {DELETED} match: narrow the condition.")
    current = [await _current(world, one._replace(request=replace(one.request, id=each)), "d") for each in found]
    at = _at(world)
    deletable = [each for each in current if each is not None and not each.deleted]
    deletable = [each for each in deletable if not decisions.not_theirs(one, each, await decisions.record(world, one, each))]
    steps = tuple(_deleted(one, each, at) for each in deletable)
    return Prepared(Done(204, one.type, ""), steps)


def _deleted(one: Wanted, target: Stored, at: int) -> Save:
    version, who = target.version_id + 1, one.seen.client_id
    return Save(one.space, one.type, target.id, version, b"", ResourceFacts(), at, "delete", who=who)


async def _target(world: World, one: Wanted, letter: str) -> Stored | Declined:
    """What a patch or a delete is about, by its address or by a search."""
    if one.query is None:
        return await _current(world, one, letter) or decisions.not_there(one)
    found, _ = await _matching(world, one, one.query)
    if isinstance(found, Declined):
        return found
    if not found:
        return Declined(204) if letter == "d" else Declined(404, "not-found", f"No {one.type} matches the condition.")
    aimed = one._replace(request=replace(one.request, id=found[0].id))
    return await _current(world, aimed, letter) or decisions.not_there(aimed)


async def _current(world: World, one: Wanted, letter: str) -> Stored | None:
    """AccessResult through what the token may change: what it may not is not there."""
    assert one.request.id is not None
    return await world.store.read(one.space, one.type, one.request.id, through(one.seen.visibility, letter))


async def _matching(world: World, one: Wanted, query: Query) -> tuple[list[Stored] | Declined, Put]:
    """At most one match, and the step by which of many who ask this at once only one goes on."""
    asked = "&".join(sorted(f"{name}={value}" for name, value in query.applied))
    key = hashlib.sha256(f"{one.tenant.name}/{one.version}/{one.type}?{asked}".encode()).hexdigest()
    record = await world.store.get("condition", key)
    found = whole(await world.store.search(one.space, structs.replace(query, count=2, whole=True), one.seen.visibility))
    now = world.now()
    value = Record("condition", key, b"", one.tenant.name, at=now, expires_at=now + LOCK_FOR)
    lock = Put(value, if_revision=record.revision if record else 0)
    decision = decisions.decided(one, (writes.condition_matches_one,), matches=len(found))
    return (Declined(412, decision=decision) if decision.refusal else found), lock


def _saved(
    world: World, one: Wanted, body: Body, before: int, interaction: Literal["create", "update"], there: bool = True
) -> Prepared:
    """before: the version that is there, 0 where there is none; the store refuses if it is another by then."""
    at, id = _at(world), str(body.resource["id"])
    stored = bodies.stamped(body.resource, before + 1, instant(at))
    kind: Interaction = "update" if before and there else interaction if interaction == "create" else "update-create"
    step = Save(one.space, one.type, id, before + 1, stored, body.facts, at, kind, who=one.seen.client_id)
    readable = one.seen.visibility.allows(one.type, "r", body.facts.patients, body.facts.codes)
    status = 200 if before and there else 201
    return Prepared(Done(status, one.type, id, before + 1, at, stored if readable else None), (step,))


def _there(one: Wanted, found: Stored) -> Done:
    readable = one.seen.visibility.allows(one.type, "r", found.patients, found.codes)
    return Done(200, one.type, found.id, found.version_id, found.at, found.body if readable else None)


def _with(prepared: Prepared | Declined, steps: tuple[Step, ...]) -> Prepared | Declined:
    return prepared if isinstance(prepared, Declined) else prepared._replace(steps=(*steps, *prepared.steps))


def _is_there(current: Stored | None) -> bool:
    return current is not None and not current.deleted


def new_id(world: World) -> str:
    """32 hexadecimal digits, as in UUIDv7 the time first: so that what is made together lies together in the index of ids.

    A FHIR id holds no underscore, which our dice give.
    """
    dice = hashlib.blake2b(world.effects.token(16).encode(), digest_size=10).hexdigest()
    return f"{_at(world):012x}{dice}"


def _at(world: World) -> int:
    return int(world.effects.now() * 1000)


def instant(at: int) -> str:
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


@memoized(8)
def _second(at: int) -> str:
    """Many are written in one."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
