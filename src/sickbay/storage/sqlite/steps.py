"""What the writer runs inside a transaction: the steps of an operation, a whole population, a copy of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw

from sickbay.storage.sql.copying import ANY_LIVE, copies, live
from sickbay.storage.sqlite import records
from sickbay.storage.sqlite.connection import rows
from sickbay.storage.sqlite.resources import Changes
from sickbay.storage.store import Clear, Delete, DeleteFamily, Put, Reindex, Save, Space, Step, UseOnce


def apply(db: apsw.Connection, steps: Sequence[Step]) -> None:
    """All steps in order. Raises Conflict; whoever calls undoes."""
    changes = Changes(db)
    for step in steps:
        match step:
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
            case Save():
                changes.save(step)
            case Reindex():
                changes.reindex(step)
    changes.finish()


def fill(db: apsw.Connection, space: Space, saves: Iterable[Save]) -> int:
    """How many were written; 0 if something is there already, so that two workers may both try."""
    changes, count = Changes(db), 0
    if rows(db, ANY_LIVE, (changes.number(space),)):
        return 0
    for step in saves:
        changes.save(step)
        count += 1
    changes.finish()
    return count


def copy(db: apsw.Connection, source: Space, target: Space) -> int:
    """How many live resources there are now. The source must be there; the target's own are forgotten."""
    changes = Changes(db)
    start, end = changes.number(source), changes.number(target)
    changes.forget_all(end)
    allocated = rows(db, "SELECT allocated FROM space WHERE number = ?", (end,))[0][0]
    for statement in copies(start, end, allocated):
        db.execute(statement)
    count: int = rows(db, live(end))[0][0]
    return count
