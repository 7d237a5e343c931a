"""Imports snapshots."""

from __future__ import annotations

from sickbay.storage.interface import Conflict, ImportSnapshot
from sickbay.storage.query import snapshot_content
from sickbay.storage.query.returning import actions_of
from sickbay.storage.snapshot_steps import RemoveSnapshot, SavedSpace
from sickbay.storage.sqlite.connection import fetch_rows
from sickbay.storage.sqlite.marks import perform_actions
from sickbay.storage.sqlite.resources import Changes


def import_snapshot(changes: Changes, step: ImportSnapshot) -> None:
    """Imports a snapshot. Raises Conflict if a space isn't filled."""
    perform_actions(changes, actions_of(RemoveSnapshot(step.name)))
    records = snapshot_content.record_rows(step.name, step.records)
    changes.db.executemany(_insertion_statement("snapshot_record", snapshot_content.RECORD_COLUMNS), records)
    for saved in step.spaces:
        _import_space(changes, step, saved)


def _import_space(changes: Changes, step: ImportSnapshot, saved: SavedSpace) -> None:
    db, space, name = changes.db, changes.counters(saved.space), step.name
    marks: dict[str, int] = dict(fetch_rows(db, snapshot_content.MARKS_UP_TO_BASE, (space.number, space.number)))
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
