"""Who may read a Binary: who may read the resource that it names as its security context (R4, Binary.securityContext).

A reference to a Binary gives no right to it. Without a context it is for scopes that are limited to no patient.
"""

from __future__ import annotations

from typing import Any

from sickbay.fhir import lossless_json
from sickbay.fhir.binary import context
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.services.context import Runtime
from sickbay.storage.interface import ResourceSpace, Stored, Versions


async def read(runtime: Runtime, space: ResourceSpace, id: str, visibility: Visibility, base: str) -> Stored | None:
    """As store.read. Both hops by the token's own scopes: that for Binary, and that for what it belongs to."""
    own = await runtime.store.read(space, "Binary", id, visibility)
    if own is not None or all(one.filters for one in visibility.of("Binary", "r")):
        return own
    held = await runtime.store.read(space, "Binary", id, EVERYTHING)
    return held if held is not None and await _is_shown(runtime, space, held, visibility, base) else None


async def version(
    runtime: Runtime, space: ResourceSpace, id: str, number: int, visibility: Visibility, base: str
) -> Stored | None:
    """As store.version: what it belonged to then must be seen too."""
    own = await runtime.store.version(space, "Binary", id, number, visibility)
    if own is not None or await read(runtime, space, id, visibility, base) is None:
        return own
    held = await runtime.store.version(space, "Binary", id, number, EVERYTHING)
    return held if held is not None and await _is_shown(runtime, space, held, visibility, base) else None


async def history(
    runtime: Runtime,
    space: ResourceSpace,
    id: str,
    visibility: Visibility,
    base: str,
    *,
    count: int,
    cursor: str | None,
    since: int | None,
    at: tuple[int, int] | None,
) -> Versions:
    """As store.history of one Binary, without the versions that belonged to what is not seen."""
    asked: dict[str, Any] = {"count": count, "cursor": cursor, "since": since, "at": at}
    by_context = await runtime.store.read(space, "Binary", id, visibility) is None
    if not by_context or await read(runtime, space, id, visibility, base) is None:
        return await runtime.store.history(space, "Binary", id, visibility, **asked)
    if count == 0:
        return await _counted(runtime, space, id, visibility, base, asked)
    found = await runtime.store.history(space, "Binary", id, EVERYTHING, **asked)
    shown = [one for one in found.entries if await _is_shown(runtime, space, one[0], visibility, base)]
    return Versions(shown, found.next)


async def _counted(
    runtime: Runtime, space: ResourceSpace, id: str, visibility: Visibility, base: str, asked: dict[str, Any]
) -> Versions:
    """Each is looked at: what it belonged to is told by its body."""
    total, cursor = 0, None
    while True:
        page = await runtime.store.history(space, "Binary", id, EVERYTHING, **{**asked, "count": 100, "cursor": cursor})
        total += sum([await _is_shown(runtime, space, one[0], visibility, base) for one in page.entries])
        cursor = page.next
        if cursor is None:
            return Versions([], None, total)


async def _is_shown(runtime: Runtime, space: ResourceSpace, held: Stored, visibility: Visibility, base: str) -> bool:
    """Whether what this version belongs to is there for this token."""
    owner = None if held.deleted else context(lossless_json.loads(held.body), base)
    if owner is None or owner[0] == "Binary":
        return False
    shown = await runtime.store.read(space, *owner, visibility)
    return shown is not None and not shown.deleted
