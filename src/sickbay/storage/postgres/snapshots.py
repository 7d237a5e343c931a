"""Saves and restores snapshots. Everything is locked, so no one else writes."""

from __future__ import annotations

from functools import partial
from typing import Any

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Conflict, ImportSnapshot, ReturnToMark
from sickbay.storage.postgres.copying import NEW_SEQUENCES
from sickbay.storage.postgres.id_allocation import IdAllocator, allocate
from sickbay.storage.postgres.marks import PostgresReturn, execute, fetch
from sickbay.storage.query import snapshot_content, snapshots
from sickbay.storage.query.statement import Sql
from sickbay.storage.snapshot_steps import RestoreSnapshot, SavedSpace


async def restore_snapshot(db: Any, numbers: IdAllocator, step: RestoreSnapshot) -> None:
    """Raises Conflict before it changes a space."""
    for space in step.spaces:
        for number, base, saved in await fetch(db, snapshots.BASES, step.name, *space):
            if base is None or saved is None or await fetch(db, snapshots.IS_REFILLED, number, saved, base):
                raise Conflict(step)
            returns = ReturnToMark(space, snapshots.BASE, partial(step.index, space), keeps_numbers=True)
            await _restore_space(db, numbers, step.name, returns, number, min(base, saved))
    await run(db, snapshots.restore_records(step))


async def import_snapshot(db: Any, numbers: IdAllocator, step: ImportSnapshot) -> None:
    """Raises Conflict if a space isn't filled."""
    await run(db, snapshots.remove(step.name))
    records = snapshot_content.record_rows(step.name, step.records)
    await db.copy_records_to_table("snapshot_record", records=records, columns=snapshot_content.RECORD_COLUMNS)
    for saved in step.spaces:
        await _import_space(db, numbers.copy(), step, saved)


async def _import_space(db: Any, numbers: IdAllocator, step: ImportSnapshot, saved: SavedSpace) -> None:
    space, name = await numbers.space(db, saved.space), step.name
    marks = dict(await fetch(db, snapshot_content.MARKS_UP_TO_BASE, space, space))
    if not marks:
        raise Conflict(step)
    sequences = sorted([sequence for (sequence,) in await db.fetch(NEW_SEQUENCES, len(saved.versions))])
    resources = snapshot_content.resources_of(saved)
    await numbers.learn_words(db, {type for type, _ in resources})
    nids = dict(zip(resources, await allocate(db, space, len(resources)), strict=True))
    marked = snapshot_content.mark_rows(name, space, saved, marks, sequences)
    await db.copy_records_to_table("snapshot_mark", records=marked, columns=snapshot_content.MARK_COLUMNS)
    versions = snapshot_content.version_rows(name, space, saved, sequences, nids, numbers.words)
    await db.copy_records_to_table("snapshot_version", records=versions, columns=snapshot_content.VERSION_COLUMNS)


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
