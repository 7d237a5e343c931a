"""Access to a Binary follows from access to the resource that it names as its securityContext (R4, Binary.securityContext).

A reference to a Binary grants no access to it. A Binary without a context is visible only to scopes without a patient limit.
"""

from __future__ import annotations

from sickbay.fhir import lossless_json
from sickbay.fhir.binary import read_security_context
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.services.context import Runtime
from sickbay.storage.answers import HistoryQuery, Stored, Versions
from sickbay.storage.interface import ResourceSpace


async def read_binary(runtime: Runtime, space: ResourceSpace, id: str, visibility: Visibility, base: str) -> Stored | None:
    """Like store.read. Both steps use the token's own scopes: the one for Binary and the one for the context resource."""
    own = await runtime.store.read(space, "Binary", id, visibility)
    if own is not None or all(clause.filters for clause in visibility.of("Binary", "r")):
        return own
    binary = await runtime.store.read(space, "Binary", id, EVERYTHING)
    return binary if binary is not None and await _is_shown(runtime, space, binary, visibility, base) else None


async def read_version(
    runtime: Runtime, space: ResourceSpace, id: str, number: int, visibility: Visibility, base: str
) -> Stored | None:
    """Like store.version. The token must also be able to read the resource that this version belonged to."""
    own = await runtime.store.version(space, "Binary", id, number, visibility)
    if own is not None or await read_binary(runtime, space, id, visibility, base) is None:
        return own
    binary = await runtime.store.version(space, "Binary", id, number, EVERYTHING)
    return binary if binary is not None and await _is_shown(runtime, space, binary, visibility, base) else None


async def read_history(
    runtime: Runtime, space: ResourceSpace, id: str, query: HistoryQuery, visibility: Visibility, base: str
) -> Versions:
    """Like store.history of one Binary, without the versions that belonged to resources the token can't read."""
    needs_context = await runtime.store.read(space, "Binary", id, visibility) is None
    if not needs_context or await read_binary(runtime, space, id, visibility, base) is None:
        return await runtime.store.history(space, query, visibility)
    if query.most == 0:
        return await _count_visible(runtime, space, query, visibility, base)
    versions = await runtime.store.history(space, query, EVERYTHING)
    shown = [entry for entry in versions.entries if await _is_shown(runtime, space, entry[0], visibility, base)]
    return Versions(shown, versions.next)


async def _count_visible(
    runtime: Runtime, space: ResourceSpace, query: HistoryQuery, visibility: Visibility, base: str
) -> Versions:
    """Reads every version, because only its body says which resource it belonged to."""
    total, cursor = 0, None
    while True:
        page = await runtime.store.history(space, query._replace(most=100, cursor=cursor), EVERYTHING)
        total += sum([await _is_shown(runtime, space, entry[0], visibility, base) for entry in page.entries])
        cursor = page.next
        if cursor is None:
            return Versions([], None, total)


async def _is_shown(runtime: Runtime, space: ResourceSpace, binary: Stored, visibility: Visibility, base: str) -> bool:
    """Whether the token can read the resource that this version belongs to."""
    owner = None if binary.deleted else read_security_context(lossless_json.loads(binary.body), base)
    if owner is None or owner[0] == "Binary":
        return False
    shown = await runtime.store.read(space, *owner, visibility)
    return shown is not None and not shown.deleted
