"""Imports snapshots. Everything is locked, so no one else writes."""

from __future__ import annotations

from typing import Any

from sickbay.storage.interface import Conflict, ImportSnapshot
from sickbay.storage.postgres.copying import NEW_SEQUENCES
from sickbay.storage.postgres.id_allocation import IdAllocator, allocate
from sickbay.storage.postgres.marks import fetch, perform_actions
from sickbay.storage.query import snapshot_content
from sickbay.storage.query.returning import actions_of
from sickbay.storage.snapshot_steps import RemoveSnapshot, SavedSpace


async def import_snapshot(db: Any, numbers: IdAllocator, step: ImportSnapshot) -> None:
    """Imports a snapshot. Raises Conflict if a space isn't filled."""
    await perform_actions(db, numbers, actions_of(RemoveSnapshot(step.name)))
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
