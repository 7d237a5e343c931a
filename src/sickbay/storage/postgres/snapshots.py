"""Saves and restores snapshots. Everything is locked, so no one else writes."""

from __future__ import annotations

from functools import partial
from typing import Any

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Conflict, ReturnToMark
from sickbay.storage.postgres.id_allocation import IdAllocator
from sickbay.storage.postgres.marks import PostgresReturn, execute, fetch
from sickbay.storage.query import snapshots
from sickbay.storage.query.statement import Sql
from sickbay.storage.snapshot_steps import RestoreSnapshot


async def restore_snapshot(db: Any, numbers: IdAllocator, step: RestoreSnapshot) -> None:
    """Raises Conflict before it changes a space."""
    for space in step.spaces:
        for number, base, saved in await fetch(db, snapshots.BASES, step.name, *space):
            if base is None or saved is None or await fetch(db, snapshots.IS_REFILLED, number, saved, base):
                raise Conflict(step)
            returns = ReturnToMark(space, snapshots.BASE, partial(step.index, space), keeps_numbers=True)
            await _restore_space(db, numbers, step.name, returns, number, min(base, saved))
    await run(db, snapshots.restore_records(step))


async def run(db: Any, statements: list[Sql]) -> None:
    for statement in statements:
        await execute(db, statement.text, *statement.binds)


async def _restore_space(db: Any, numbers: IdAllocator, name: str, returns: ReturnToMark, space: int, base: int) -> None:
    of = name, space
    difference: int | None = (await fetch(db, snapshots.FIRST_DIFFERENCE, space, base, *of, *of))[0][0]
    if difference is not None:
        undone = PostgresReturn(db, numbers.copy(), returns, space, difference - 1)
        await undone.run()
        missing: tuple[Any, ...] = (*of, difference)
        await execute(db, snapshots.ADD_RESOURCES, NONE, b"", *missing)
        await undone.repeat([nid for (nid,) in await fetch(db, snapshots.RESOURCES, *missing)], missing)
    await execute(db, snapshots.FORGET_MARKS, space)
    await execute(db, snapshots.ADD_MARKS, *of)
