"""Time travel: an offset that is kept in the store, so that every worker has the same now."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.kernel.effects import SystemEffects
from sickbay.operations import records
from sickbay.operations.context import World
from sickbay.storage.store import Put, Record


@dataclass(frozen=True, slots=True)
class Offset:
    seconds: float = 0.0


async def refresh(world: World) -> None:
    """Take over what another worker set."""
    offset = await records.load(world, "meta", "clock", Offset)
    _set(world, offset.seconds if offset else 0.0)


async def move(world: World, *, advance: float | None = None, offset: float | None = None) -> float:
    """By so many seconds, or to this offset; gives the new now."""
    await refresh(world)
    current = world.effects.offset if isinstance(world.effects, SystemEffects) else 0.0
    wanted = offset if offset is not None else current + (advance or 0.0)
    await world.store.transaction([Put(Record("meta", "clock", records.dump(Offset(wanted))))])
    _set(world, wanted)
    return world.effects.now()


def _set(world: World, seconds: float) -> None:
    if isinstance(world.effects, SystemEffects):
        world.effects.offset = seconds
