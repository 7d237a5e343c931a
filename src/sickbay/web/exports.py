"""Bulk Data over HTTP: kick-off, status, cancel and the files (Bulk Data Access 2.0, Export)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import orjson

from sickbay.fhir.outcome import Issue, outcome
from sickbay.fhir.routing import JOBS, Route
from sickbay.fhir.visibility import to_groups
from sickbay.operations import exporting, writing
from sickbay.operations.access import AccessResult
from sickbay.operations.exporting import Job
from sickbay.storage.store import Record
from sickbay.web.fhir_answer import Answer, Headers, modified

if TYPE_CHECKING:
    from sickbay.web.interactions import Interactions
    from sickbay.web.operations import Call

NDJSON: Headers = [(b"content-type", b"application/fhir+ndjson")]
SUFFIX = ".ndjson"
DELETED, OUTCOMES = f"deleted{SUFFIX}", f"outcomes{SUFFIX}"


async def kick_off(call: Call) -> Answer:
    """202, and where to ask after it."""
    door, world = call.door, call.door.sandbox.world
    level = "system" if call.found.type is None else "type" if call.found.id is None else "instance"
    group = None
    if level == "instance":
        stored = await call.stored(to_groups(call.seen.visibility))
        if isinstance(stored, Answer):
            return stored
        group = exporting.members(stored, door.base)
    one = exporting.job(world, door.version, call.request.url, call.given, level, group)
    id = await exporting.begin(world, door.tenant, one, call.seen.client_id)
    where = f"{door.base}/{JOBS}/{id}"
    text = f"The export was begun. Ask {where} how far it is."
    body = outcome(door.version, [Issue("informational", text, "information")])
    return Answer(202, body, [*call.content, (b"content-location", where.encode())])


async def answer(door: Interactions, seen: AccessResult, found: Route, content: Headers) -> Answer:
    """To who asks after one, calls it off, or reads a file of it."""
    world, id = door.sandbox.world, found.id or ""
    held = await exporting.find(world, door.tenant, door.version, seen.client_id, id)
    if held is None:
        return door.issue(404, Issue("not-found", "There is no such export that this client began, or it is over."))
    one, record = held
    if found.interaction == "export-cancel":
        await exporting.cancel(world, id)
        text = "The export was called off; its files are gone."
        return Answer(202, outcome(door.version, [Issue("informational", text, "information")]), content)
    if found.interaction == "export-file":
        return _file(door, seen, one, found.version_id or "")
    rest = exporting.wait(world, one)
    if rest:
        waiting: Headers = [(b"x-progress", b"begun"), (b"retry-after", str(rest).encode())]
        return Answer(202, b"", waiting)
    return await _manifest(door, seen, one, record)


async def _manifest(door: Interactions, seen: AccessResult, one: Job, record: Record) -> Answer:
    files = f"{door.base}/{JOBS}/{record.key}"
    world, space, eyes = door.sandbox.world, door.space, seen.visibility
    output: list[dict[str, Any]] = []
    for type in await exporting.types(world, space, one, eyes):
        count = await exporting.count(world, space, one, eyes, type)
        output.append({"type": type, "url": f"{files}/{type}{SUFFIX}", **({} if count is None else {"count": count})})
    gone = await exporting.any_deleted(world, space, one, eyes)
    failed = [{"type": exporting.OUTCOMES, "url": f"{files}/{OUTCOMES}"}] if one.ignored else []
    body = {
        "transactionTime": writing.instant(one.at),
        "request": one.request,
        "requiresAccessToken": True,
        "output": output,
        "deleted": [{"type": "Bundle", "url": f"{files}/{DELETED}"}] if gone else [],
        "error": failed,
    }
    expires = modified(record.expires_at or 0)
    return Answer(200, orjson.dumps(body), [(b"content-type", b"application/json"), (b"expires", expires)])


def _file(door: Interactions, seen: AccessResult, one: Job, name: str) -> Answer:
    if name == OUTCOMES and one.ignored:
        return Answer(200, exporting.outcomes(one), NDJSON)
    if name == DELETED and one.since is not None:
        gone = exporting.deleted(door.sandbox.world, door.space, one, seen.visibility)
        return Answer(200, b"", NDJSON, stream=gone)
    type = name.removesuffix(SUFFIX)
    if type == name or not exporting.has(one, seen.visibility, type):
        return door.issue(404, Issue("not-found", f"This export has no file {name}: the manifest names those that it has."))
    return Answer(200, b"", NDJSON, stream=_lines(door, seen, one, type))


def _lines(door: Interactions, seen: AccessResult, one: Job, type: str) -> AsyncIterator[bytes]:
    return exporting.lines(door.sandbox.world, door.space, one, seen.visibility, type)
