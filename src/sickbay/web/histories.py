"""A page of a history: of one resource, of a type, of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import history as asked_of
from sickbay.fhir import subset
from sickbay.fhir.bundle import Change, history, search_url
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search_results import CURSOR
from sickbay.operations import binaries, writing
from sickbay.operations.access import AccessResult
from sickbay.storage.store import BadCursor, Versions
from sickbay.web.fhir_answer import Answer, Headers

if TYPE_CHECKING:
    from sickbay.web.interactions import Interactions


async def answer(door: Interactions, seen: AccessResult, request: AccessRequest, content: Headers) -> Answer:
    asked = asked_of.parse(request.parameters.pairs)
    assert isinstance(asked, asked_of.Asked)  # its faults were refused
    type, id = request.type, request.id
    try:
        found = await _versions(door, seen, type, id, asked)
    except BadCursor:
        text = "This page address was not made for this history. Follow the link `next` as it is."
        return door.issue(400, Issue("value", text))
    whole = asked.cursor is None and asked.since is None and asked.at is None
    if (
        type is not None
        and id is not None
        and not found.entries
        and not found.total
        and not await _is_there(door, seen, type, id, whole)
    ):
        return door.absent(type, id)
    wanted = subset.asked(door.version, type, request.parameters.pairs)
    assert isinstance(wanted, subset.Part)  # its faults were refused

    def part_of(type: str, body: bytes) -> bytes:
        return subset.subset(door.version, type, body, wanted.summary, wanted.elements) if body else body

    changes = [
        Change(one.type, one.id, one.version_id, interaction, part_of(one.type, one.body), writing.instant(one.at))
        for one, interaction in found.entries
    ]
    path = "/".join(filter(None, (type, id, "_history")))
    total = len(changes) if found.total is None and found.next is None and asked.cursor is None else found.total
    following = search_url(door.base, path, (*asked.applied, (CURSOR, found.next))) if found.next else None
    own = search_url(door.base, path, asked.applied)
    return Answer(200, history(door.base, changes, self_url=own, next_url=following, total=total), content)


async def _versions(
    door: Interactions, seen: AccessResult, type: str | None, id: str | None, asked: asked_of.Asked
) -> Versions:
    """Raises BadCursor."""
    world = door.sandbox.world
    more: dict[str, Any] = {"count": asked.most, "cursor": asked.cursor, "since": asked.since, "at": asked.at}
    if type == "Binary" and id is not None:
        return await binaries.history(world, door.space, id, seen.visibility, door.base, **more)
    return await world.store.history(door.space, type, id, seen.visibility, **more)


async def _is_there(door: Interactions, seen: AccessResult, type: str, id: str, whole: bool) -> bool:
    """Nothing of a visible resource in the time asked for is an empty history; of an invisible one there is none."""
    if whole:
        return False
    return await door.sandbox.world.store.read(door.space, type, id, seen.visibility) is not None
