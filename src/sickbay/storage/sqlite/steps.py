"""The jobs that the writer runs inside a transaction: a list of steps, or a whole population."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sickbay.storage.interface import Clear, Delete, DeleteFamily, Put, Reindex, ResourceSpace, Save, Step, UseOnce
from sickbay.storage.query.space_tables import ANY_LIVE
from sickbay.storage.sqlite import records
from sickbay.storage.sqlite.connection import make_room, rows
from sickbay.storage.sqlite.resources import Changes

MANY = 500
"""A transaction with at least this many steps is treated as a bulk load."""


def apply(changes: Changes, steps: Sequence[Step]) -> None:
    """Apply all steps in order. Raises Conflict; the caller undoes the changes."""
    db = changes.db
    if len(steps) >= MANY:
        make_room(db)
    for step in steps:
        match step:
            case Save():
                changes.save(step)
            case Put():
                records.put(db, step)
            case UseOnce():
                records.use_once(db, step)
            case Delete():
                records.delete(db, step)
            case DeleteFamily():
                records.delete_family(db, step)
            case Clear(kind="resources"):
                changes.clear(step)
            case Clear():
                records.clear(db, step)
            case Reindex():
                changes.reindex(step)


def fill(changes: Changes, space: ResourceSpace, saves: Iterable[Save]) -> int:
    """Write the saves and return their number. Returns 0 if the space isn't empty, so that two workers may both try."""
    number = changes.number(space)
    changes.finish()
    if rows(changes.db, ANY_LIVE, (number,)):
        return 0
    count = 0
    for step in saves:
        changes.save(step)
        count += 1
    return count
