"""Saves and restores snapshots."""

from __future__ import annotations

from functools import partial
from typing import Any

from sickbay.storage.facts import NONE
from sickbay.storage.interface import Conflict, ImportSnapshot, ReturnToMark
from sickbay.storage.query import snapshot_content, snapshots
from sickbay.storage.query.statement import Sql
from sickbay.storage.snapshot_steps import RestoreSnapshot, SavedSpace, SaveSnapshot
from sickbay.storage.sqlite.connection import rows
from sickbay.storage.sqlite.marks import SqliteReturn
from sickbay.storage.sqlite.resources import Changes


def save_snapshot(changes: Changes, step: SaveSnapshot) -> None:
    changes.reset()
    run(changes, snapshots.save(step))


def restore_snapshot(changes: Changes, step: RestoreSnapshot) -> None:
    """Raises Conflict before it changes a space."""
    changes.reset()
    for space in step.spaces:
        for number, base, saved in rows(changes.db, snapshots.BASES, (step.name, *space)):
            if base is None or saved is None or rows(changes.db, snapshots.IS_REFILLED, (number, saved, base)):
                raise Conflict(step)
            returns = ReturnToMark(space, snapshots.BASE, partial(step.index, space), keeps_numbers=True)
            _restore_space(changes, step.name, returns, number, min(base, saved))
    run(changes, snapshots.restore_records(step))


def import_snapshot(changes: Changes, step: ImportSnapshot) -> None:
    """Raises Conflict if a space isn't filled."""
    changes.reset()
    run(changes, snapshots.remove(step.name))
    records = snapshot_content.record_rows(step.name, step.records)
    changes.db.executemany(_insertion_statement("snapshot_record", snapshot_content.RECORD_COLUMNS), records)
    for saved in step.spaces:
        _import_space(changes, step, saved)


def _import_space(changes: Changes, step: ImportSnapshot, saved: SavedSpace) -> None:
    db, space, name = changes.db, changes.counters(saved.space), step.name
    marks: dict[str, int] = dict(rows(db, snapshot_content.MARKS_UP_TO_BASE, (space.number, space.number)))
    if not marks:
        raise Conflict(step)
    sequences = range(space.sequence + 1, space.sequence + len(saved.versions) + 1)
    space.sequence += len(saved.versions)
    resources = snapshot_content.resources_of(saved)
    nids = {resource: space.allocate() for resource in resources}
    words = {type: changes.words[type] for type, _ in resources}
    marked = snapshot_content.mark_rows(name, space.number, saved, marks, sequences)
    db.executemany(_insertion_statement("snapshot_mark", snapshot_content.MARK_COLUMNS), marked)
    versions = snapshot_content.version_rows(name, space.number, saved, sequences, nids, words)
    db.executemany(_insertion_statement("snapshot_version", snapshot_content.VERSION_COLUMNS), versions)


def _insertion_statement(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def run(changes: Changes, statements: list[Sql]) -> None:
    for statement in statements:
        changes.db.execute(statement.text, statement.binds)


def _restore_space(changes: Changes, name: str, returns: ReturnToMark, space: int, base: int) -> None:
    db, of = changes.db, (name, space)
    difference: int | None = rows(db, snapshots.FIRST_DIFFERENCE, (space, base, *of, *of))[0][0]
    if difference is not None:
        undone = SqliteReturn(changes, returns, space, difference - 1)
        undone.run()
        missing: tuple[Any, ...] = (*of, difference)
        db.execute(snapshots.ADD_RESOURCES, (NONE, b"", *missing))
        nids = [nid for (nid,) in rows(db, snapshots.RESOURCES, missing)]
        undone.repeat(nids, missing)
    db.execute(snapshots.FORGET_MARKS, (space,))
    db.execute(snapshots.ADD_MARKS, of)
