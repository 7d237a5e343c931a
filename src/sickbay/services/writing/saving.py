"""What every write shares: reading the current version, the matches of a condition, and the step that saves."""

from __future__ import annotations

import datetime
import hashlib
from typing import Literal

from msgspec import structs

from sickbay.authorization.access import writes
from sickbay.fhir import body as bodies
from sickbay.fhir.body import Body
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import visible_before_change
from sickbay.kernel.memoize import cache_results
from sickbay.services.context import Runtime
from sickbay.services.writing import decisions
from sickbay.services.writing.requests import Prepared, WriteRejected, WriteRequest, WriteResult
from sickbay.storage.answers import Stored, whole_matches
from sickbay.storage.interface import Interaction, Put, Record, Save, Step

LOCK_FOR = 86_400


async def find_target(runtime: Runtime, write: WriteRequest, letter: str) -> Stored | WriteRejected:
    """The resource to patch or delete, found by its address or by a search."""
    if write.query is None:
        return await load_current_resource(runtime, write, letter) or decisions.reject_not_found(write)
    matches, _ = await find_matches(runtime, write, write.query)
    if isinstance(matches, WriteRejected):
        return matches
    if not matches:
        return (
            WriteRejected(204) if letter == "d" else WriteRejected(404, "not-found", f"No {write.type} matches the condition.")
        )
    targeted = write._replace(request=structs.replace(write.request, id=matches[0].id))
    return await load_current_resource(runtime, targeted, letter) or decisions.reject_not_found(targeted)


async def load_current_resource(runtime: Runtime, write: WriteRequest, letter: str) -> Stored | None:
    """The stored resource if the token may change it; otherwise None, as if it didn't exist."""
    assert write.request.id is not None
    return await runtime.store.read(
        write.space, write.type, write.request.id, visible_before_change(write.seen.visibility, letter)
    )


async def find_matches(runtime: Runtime, write: WriteRequest, query: Query) -> tuple[list[Stored] | WriteRejected, Put]:
    """Returns at most one match, and a step that lets only one of several concurrent writes with this condition succeed."""
    condition = "&".join(sorted(f"{name}={value}" for name, value in query.applied))
    key = hashlib.sha256(f"{write.tenant.name}/{write.space.version}/{write.type}?{condition}".encode()).hexdigest()
    record = await runtime.store.get("condition", key)
    matches = whole_matches(
        await runtime.store.search(write.space, structs.replace(query, count=2, whole=True), write.seen.visibility)
    )
    now = runtime.now()
    lock_record = Record("condition", key, b"", write.tenant.name, at=now, expires_at=now + LOCK_FOR)
    lock = Put(lock_record, if_revision=record.revision if record else 0)
    decision = decisions.decide_write(write, (writes.condition_matches_at_most_one_resource,), matches=len(matches))
    return (WriteRejected(412, decision=decision) if decision.refusal else matches), lock


def prepare_save(
    runtime: Runtime, write: WriteRequest, body: Body, before: int, interaction: Literal["create", "update"], there: bool = True
) -> Prepared:
    """before: the current version, 0 if there is none. The store raises Conflict if the version has changed by then."""
    at, id = epoch_milliseconds(runtime), str(body.resource["id"])
    version = 1 if interaction == "create" else runtime.next_version(write.space, before)
    stored = bodies.add_version(body.resource, version, format_instant(at))
    kind: Interaction = "update" if before and there else interaction if interaction == "create" else "update-create"
    step = Save(write.space, write.type, id, version, stored, body.facts, at, kind, who=write.seen.client_id, before=before)
    readable = write.seen.visibility.allows(write.type, "r", body.facts.patients, body.facts.codes)
    status = 200 if before and there else 201
    return Prepared(WriteResult(status, write.type, id, version, at, stored if readable else None), (step,))


def report_unchanged_resource(write: WriteRequest, match: Stored) -> WriteResult:
    readable = write.seen.visibility.allows(write.type, "r", match.patients, match.codes)
    return WriteResult(200, write.type, match.id, match.version_id, match.at, match.body if readable else None)


def prepend_steps(prepared: Prepared | WriteRejected, steps: tuple[Step, ...]) -> Prepared | WriteRejected:
    return prepared if isinstance(prepared, WriteRejected) else prepared._replace(steps=(*steps, *prepared.steps))


def is_there(current: Stored | None) -> bool:
    return current is not None and not current.deleted


def new_id(runtime: Runtime) -> str:
    """32 hexadecimal digits that start with the time, like a UUIDv7, so that new resources are adjacent in the index of ids.

    A FHIR id can't contain an underscore, which `effects.token` can return, so the random part is hashed.
    """
    random_digits = hashlib.blake2b(runtime.effects.token(16).encode(), digest_size=10).hexdigest()
    return f"{epoch_milliseconds(runtime):012x}{random_digits}"


def epoch_milliseconds(runtime: Runtime) -> int:
    return int(runtime.effects.now() * 1000)


def format_instant(at: int) -> str:
    return f"{_format_second(at // 1000)}.{at % 1000:03d}Z"


@cache_results(8)
def _format_second(at: int) -> str:
    """Cached because many resources are written in one second."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
