"""Who may read a Binary: who may read the resource that it names as its security context (R4, Binary.securityContext).

A reference to a Binary gives no right to it. Without a context it is for scopes that are limited to no patient.
"""

from __future__ import annotations

import orjson

from sickbay.fhir.binary import context
from sickbay.fhir.visibility import EVERYTHING, Visibility
from sickbay.operations.context import World
from sickbay.storage.store import Space, Stored


async def read(world: World, space: Space, id: str, visibility: Visibility, base: str) -> Stored | None:
    """As store.read. Both hops by the token's own scopes: that for Binary, and that for what it belongs to."""
    own = await world.store.read(space, "Binary", id, visibility)
    if own is not None or all(one.filters for one in visibility.of("Binary", "r")):
        return own
    held = await world.store.read(space, "Binary", id, EVERYTHING)
    owner = context(orjson.loads(held.body), base) if held is not None and not held.deleted else None
    if owner is None or owner[0] == "Binary":
        return None
    shown = await world.store.read(space, *owner, visibility)
    return held if shown is not None and not shown.deleted else None
