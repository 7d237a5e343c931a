"""Compares a database with a new one built from its history: every version is saved again with facts extracted from its
body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import orjson

from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.storage.interface import ResourceSpace, Save, Step
from sickbay.storage.query.saving import COLUMNS
from sickbay.storage.sqlite.connection import connect, fetch_rows, migrate
from sickbay.storage.sqlite.steps import Transaction, apply

TableContents: TypeAlias = dict[str, list[tuple[Any, ...]]]
NUMBER_COLUMNS = ("nid", "patient", "target")
"""Columns that contain the number of a resource."""
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
    """Return the tables that differ from those of separate saves of all versions, and any corruption of the file."""
    db, rebuilt = connect(path), connect(":memory:")
    migrate(rebuilt)
    rebuilt.execute("BEGIN")
    for save in _saves(db, base):
        apply_steps(rebuilt, [save])
    rebuilt.execute("COMMIT")
    unsound = [str(row[0]) for row in fetch_rows(db, "PRAGMA integrity_check") if row != ("ok",)]
    actual, expected = _contents(db), _contents(rebuilt)
    db.close()
    return unsound + [name for name in actual if actual[name] != expected[name]]


def apply_steps(db: apsw.Connection, steps: Sequence[Step]) -> None:
    """Apply these steps within a transaction."""
    transaction = Transaction(db)
    apply(transaction, steps)
    transaction.finish()


def versions(path: Path) -> dict[tuple[str, str], list[bytes]]:
    """Return type and id of every resource with its bodies, oldest first; b"" for a delete."""
    db, bodies = connect(path), dict[tuple[str, str], list[bytes]]()
    for _, _, type, id, _, body, _, interaction, _ in sorted(fetch_rows(db, _VERSIONS), key=lambda row: row[4]):
        bodies.setdefault((type, id), []).append(b"" if interaction == "delete" else body)
    db.close()
    return bodies


def _saves(db: apsw.Connection, base: str) -> Iterator[Save]:
    for tenant, version, type, id, number, body, at, interaction, who in fetch_rows(db, _VERSIONS):
        deleted = interaction == "delete"
        facts = IndexEntries() if deleted else extract_entries(version, orjson.loads(body), base)
        saved = b"" if deleted else body
        yield Save(ResourceSpace(tenant, version), type, id, number, saved, facts, at, interaction, who=who)


def _contents(db: apsw.Connection) -> TableContents:
    """Return the rows of every table, with resource and word numbers replaced by what they mean."""
    words: dict[int, str] = dict(fetch_rows(db, "SELECT number, text FROM word"))
    spaces = {
        number: tenant_and_version
        for number, *tenant_and_version in fetch_rows(db, "SELECT number, tenant, version FROM space")
    }
    names = {
        nid: (spaces[space], words[type], id)
        for nid, space, type, id in fetch_rows(db, "SELECT nid, space, type, id FROM resource")
    }

    def resolve(column: str, value: Any) -> Any:
        if column in NUMBER_COLUMNS:
            return names[value]
        if column == "space":
            return spaces[value]
        if column == "type" or (column == "parameter" and value < 0):
            return words[abs(value)]
        return value

    contents: TableContents = {
        "resource": fetch_rows(db, _RESOURCES),
        "type_count": [row for row in fetch_rows(db, _COUNTS) if row[3]],
    }
    for table, columns in COLUMNS.items():
        rows_ = fetch_rows(db, f"SELECT {', '.join(columns)} FROM {table}")
        contents[table] = [tuple(map(resolve, columns, row)) for row in rows_]
    return {table: sorted(rows_, key=repr) for table, rows_ in contents.items()}
