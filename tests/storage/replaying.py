"""A database compared with what its own history makes anew: every version saved again, its facts extracted from its body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import orjson

from sickbay.fhir.search.index import extract
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import ResourceSpace, Save, Step
from sickbay.storage.query.saving import COLUMNS
from sickbay.storage.sqlite.connection import connect, migrate, rows
from sickbay.storage.sqlite.resources import Changes
from sickbay.storage.sqlite.steps import apply

Told: TypeAlias = dict[str, list[tuple[Any, ...]]]
NAMED = ("nid", "patient", "target")
"""Columns with a number of a resource."""
_VERSIONS = (
    "SELECT s.tenant, s.version, w.text, r.id, h.version_id, coalesce(h.body, r.body), h.at, h.interaction, h.who"
    " FROM resource_history h JOIN resource r ON r.nid = h.nid JOIN space s ON s.number = r.space"
    " JOIN word w ON w.number = r.type ORDER BY s.number, h.sequence"
)
_RESOURCES = (
    "SELECT s.tenant, s.version, w.text, r.id, r.state, r.version_id, r.changed, r.index_revision, r.facts, r.body"
    " FROM resource r JOIN space s ON s.number = r.space JOIN word w ON w.number = r.type"
)
_COUNTS = (
    "SELECT s.tenant, s.version, w.text, c.live FROM type_count c JOIN space s ON s.number = c.space"
    " JOIN word w ON w.number = c.type"
)


def differences(path: Path, base: str = "") -> list[str]:
    """Tables that are not as they would be, had each version been saved by itself; and what is not sound in the file."""
    db, anew = connect(path), connect(":memory:")
    migrate(anew)
    anew.execute("BEGIN")
    for save in _saves(db, base):
        applied(anew, [save])
    anew.execute("COMMIT")
    unsound = [str(row[0]) for row in rows(db, "PRAGMA integrity_check") if row != ("ok",)]
    held, made = _told(db), _told(anew)
    db.close()
    return unsound + [name for name in held if held[name] != made[name]]


def applied(db: apsw.Connection, steps: Sequence[Step]) -> None:
    """Within a transaction, these steps and nothing else."""
    changes = Changes(db)
    apply(changes, steps)
    changes.finish()


def versions(path: Path) -> dict[tuple[str, str], list[bytes]]:
    """Type and id of every resource, and its bodies from the first version on; b"" where it was deleted."""
    db, found = connect(path), dict[tuple[str, str], list[bytes]]()
    for _, _, type, id, _, body, _, interaction, _ in sorted(rows(db, _VERSIONS), key=lambda row: row[4]):
        found.setdefault((type, id), []).append(b"" if interaction == "delete" else body)
    db.close()
    return found


def _saves(db: apsw.Connection, base: str) -> Iterator[Save]:
    for tenant, version, type, id, number, body, at, interaction, who in rows(db, _VERSIONS):
        gone = interaction == "delete"
        facts = IndexEntries() if gone else extract(version, orjson.loads(body), base)
        saved = b"" if gone else body
        yield Save(ResourceSpace(tenant, version), type, id, number, saved, facts, at, interaction, who=who)


def _told(db: apsw.Connection) -> Told:
    """Rows of every table, numbers of resources and words replaced by what they stand for."""
    words = dict(rows(db, "SELECT number, text FROM word"))
    spaces = {number: named for number, *named in rows(db, "SELECT number, tenant, version FROM space")}
    names = {
        nid: (spaces[space], words[type], id) for nid, space, type, id in rows(db, "SELECT nid, space, type, id FROM resource")
    }

    def said(column: str, value: Any) -> Any:
        if column in NAMED:
            return names[value]
        if column == "space":
            return spaces[value]
        if column == "type" or (column == "parameter" and value < 0):
            return words[abs(value)]
        return value

    told: Told = {"resource": rows(db, _RESOURCES), "type_count": [row for row in rows(db, _COUNTS) if row[3]]}
    for table, columns in COLUMNS.items():
        found = rows(db, f"SELECT {', '.join(columns)} FROM {table}")
        told[table] = [tuple(map(said, columns, row)) for row in found]
    return {table: sorted(found, key=repr) for table, found in told.items()}
