"""Rows as Stored, single reads, and the second check that every body passes before it leaves."""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from sickbay.fhir.visibility import Visibility
from sickbay.storage.sqlite.connection import Row, rows
from sickbay.storage.sqlite.names import DELETED, REFERENCED, codes_of, patients_of
from sickbay.storage.sqlite.sql import FALSE, Scope
from sickbay.storage.store import Stored

COLUMNS = "r.nid, r.id, r.version_id, r.changed, r.body, r.patients, r.codes, r.state"
_ONE = f"SELECT {COLUMNS} FROM resource r WHERE r.space = ? AND r.type = ? AND r.id = ? AND r.state <> {REFERENCED}"
_VERSION = (
    "SELECT h.nid, ?, h.version_id, h.at,"
    " CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END, h.patients, h.codes,"
    " CASE WHEN h.interaction = 'delete' THEN 2 ELSE 1 END"
    " FROM resource_history h, resource r WHERE r.nid = ? AND h.nid = r.nid AND h.version_id = ?"
)


def stored(type: str, row: Row) -> Stored:
    """A row that begins with COLUMNS."""
    _, id, version_id, changed, body, patients, codes, state, *_ = row
    return Stored(type, id, version_id, changed, body, patients_of(patients), codes_of(codes), state == DELETED)


def current(db: apsw.Connection, scope: Scope, type: str, id: str) -> tuple[int, Stored] | None:
    """The nid and the current version, if the condition of visibility holds."""
    held = scope.visible(type, "r", "r.nid")
    if held is FALSE:
        return None
    found = rows(db, f"{_ONE} AND {held.text}", (scope.space, scope.names.word(type), id, *held.binds))
    return (found[0][0], stored(type, found[0])) if found else None


def version(db: apsw.Connection, type: str, id: str, nid: int, version_id: int) -> Stored | None:
    found = rows(db, _VERSION, (id, nid, version_id))
    return stored(type, found[0]) if found else None


class Guard:
    """The second check: by `Visibility.allows`, on facts kept beside the body. What it removes is an alarm."""

    def __init__(self) -> None:
        self.removed = 0

    def allowed(self, visibility: Visibility, letters: str, found: Iterable[Stored]) -> list[Stored]:
        """What may leave. One verdict serves all resources of the same facts."""
        verdicts: dict[object, bool] = {}
        coded = any(clause.filters for clause in visibility.clauses)
        kept = []
        for one in found:
            key = (one.type, one.patients, one.codes if coded else None)
            verdict = verdicts.get(key)
            if verdict is None:
                verdict = verdicts[key] = visibility.allows(one.type, letters, one.patients, one.codes)
            if verdict:
                kept.append(one)
            else:
                self.removed += 1
        return kept
