"""SQL that saves and restores snapshots, shared by both engines.

A snapshot has records, the marks of its spaces, and the versions since the mark `patients`. History and snapshot are compared
by sequence: no sequence is used twice, so equal ones are the same version. Versions before the first difference stay.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Final, TypeAlias

from sickbay.storage.interface import ResourceSpace
from sickbay.storage.kinds import ADMINISTRATOR, STUDENT, UNDONE_TOKEN
from sickbay.storage.query.dictionary import LIVE, REFERENCED, SHIFT
from sickbay.storage.query.statement import Do, Row, Sql
from sickbay.storage.snapshot_steps import RestoreSnapshot, SaveSnapshot

Statements: TypeAlias = Generator[Do, list[Row], None]
BASE: Final = "patients"
"""The mark from which on versions are copied."""
_RECORD: Final = 'kind, "key", tenant, owner, family, label, at, expires_at, used_at, revision, value'
_VERSIONS: Final = (
    "FROM space s CROSS JOIN mark m ON m.space = s.number CROSS JOIN resource_history h"
    f" ON (h.nid >> {SHIFT}) = m.space AND h.sequence > m.sequence CROSS JOIN resource r ON r.nid = h.nid"
    f" WHERE s.tenant = ? AND s.version = ? AND m.name = '{BASE}'"
)
_BODY: Final = f"CASE WHEN h.version_id = r.version_id AND r.state = {LIVE} THEN r.body ELSE h.body END"
"""The body of the current version is stored in `resource`."""
CURRENT_FACTS: Final = "CASE WHEN h.version_id = r.version_id THEN r.facts ELSE h.facts END"
_SAVE_VERSIONS: Final = (
    "INSERT INTO snapshot_version (snapshot, space, sequence, nid, type, id, version_id, at, interaction, who, facts, body)"
    " SELECT ?, r.space, h.sequence, h.nid, r.type, r.id, h.version_id, h.at, h.interaction, h.who,"
    f" {CURRENT_FACTS}, {_BODY} {_VERSIONS}"
)
_SAVE_MARKS: Final = (
    "INSERT INTO snapshot_mark (snapshot, space, name, sequence) SELECT ?, m.space, m.name, m.sequence"
    " FROM space s CROSS JOIN mark m ON m.space = s.number WHERE s.tenant = ? AND s.version = ?"
)
BASES: Final = (
    "SELECT s.number, m.sequence, k.sequence FROM space s LEFT JOIN mark m ON m.space = s.number AND m.name = 'patients'"
    " LEFT JOIN snapshot_mark k ON k.space = s.number AND k.snapshot = ? AND k.name = 'patients'"
    " WHERE s.tenant = ? AND s.version = ?"
)
"""The number of a space, and the position of its base now and in the snapshot. A reset on another day sets the mark again."""
IS_REFILLED: Final = (
    f"SELECT 1 FROM resource_history h WHERE (h.nid >> {SHIFT}) = ? AND h.sequence > ? AND h.sequence <= ? LIMIT 1"
)
"""Selects a row if the patients of a space were written after the snapshot was saved."""
_IN_HISTORY: Final = f"SELECT 1 FROM resource_history h WHERE (h.nid >> {SHIFT}) = v.space AND h.sequence = v.sequence"
_IN_SNAPSHOT: Final = "SELECT 1 FROM snapshot_version v WHERE v.snapshot = ? AND v.space = ? AND v.sequence = h.sequence"
FIRST_DIFFERENCE: Final = (
    f"SELECT min(d.sequence) FROM (SELECT h.sequence FROM resource_history h WHERE (h.nid >> {SHIFT}) = ? AND h.sequence > ?"
    f" AND NOT EXISTS ({_IN_SNAPSHOT}) UNION ALL SELECT v.sequence FROM snapshot_version v WHERE v.snapshot = ? AND v.space = ?"
    f" AND NOT EXISTS ({_IN_HISTORY})) d"
)
_MISSING: Final = "FROM snapshot_version v WHERE v.snapshot = ? AND v.space = ? AND v.sequence >= ?"
_MISSING_RESOURCES: Final = (
    "FROM snapshot_version v CROSS JOIN resource r ON r.space = v.space AND r.type = v.type AND r.id = v.id"
    " WHERE v.snapshot = ? AND v.space = ? AND v.sequence >= ?"
)
ADD_RESOURCES: Final = (
    "INSERT INTO resource (nid, space, type, state, id, version_id, changed, index_revision, facts, body)"
    f" SELECT min(v.nid), v.space, v.type, {REFERENCED}, v.id, 0, 0, 0, ?, ? {_MISSING} GROUP BY v.space, v.type, v.id"
    " ON CONFLICT (space, type, id) DO NOTHING"
)
RESOURCES: Final = f"SELECT DISTINCT r.nid {_MISSING_RESOURCES} ORDER BY r.nid"
KEEP_BODIES: Final = (
    "UPDATE resource_history SET (facts, body) = (SELECT r.facts, r.body FROM resource r WHERE r.nid = resource_history.nid)"
    " WHERE nid IN (SELECT value FROM json_each(?)) AND body IS NULL AND EXISTS (SELECT 1 FROM resource r"
    f" WHERE r.nid = resource_history.nid AND r.version_id = resource_history.version_id AND r.state = {LIVE})"
)
"""The version that an imported one replaces for the first time has its body only in `resource`."""
ADD_VERSIONS: Final = (
    "INSERT INTO resource_history (nid, version_id, sequence, at, interaction, who, facts, body)"
    f" SELECT r.nid, v.version_id, v.sequence, v.at, v.interaction, v.who, v.facts, v.body {_MISSING_RESOURCES}"
)
FORGET_MARKS: Final = "DELETE FROM mark WHERE space = ?"
ADD_MARKS: Final = (
    "INSERT INTO mark (space, name, sequence) SELECT space, name, sequence FROM snapshot_mark WHERE snapshot = ? AND space = ?"
)
UNDONE_TOKENS: Final = 10_000
"""Maximum number of removed tokens that a restore remembers, newest first."""
REMEMBER_TOKENS: Final = (
    f"INSERT INTO record ({_RECORD})"
    f" SELECT '{UNDONE_TOKEN}', r.\"key\", r.tenant, '', '', '', r.at, r.expires_at, NULL, 1, r.value"
    " FROM record r WHERE r.kind = 'token' AND NOT EXISTS (SELECT 1 FROM snapshot_record s WHERE s.snapshot = ?"
    f' AND s.kind = \'token\' AND s."key" = r."key") ORDER BY r.at DESC LIMIT {UNDONE_TOKENS}'
    ' ON CONFLICT (kind, "key") DO NOTHING'
)
_FORGET_TOKENS: Final = (
    f"DELETE FROM record WHERE kind = '{UNDONE_TOKEN}' AND \"key\" IN"
    " (SELECT s.\"key\" FROM snapshot_record s WHERE s.snapshot = ? AND s.kind = 'token')"
)
ADD_RECORDS: Final = f"INSERT INTO record ({_RECORD}) SELECT {_RECORD} FROM snapshot_record WHERE snapshot = ? ORDER BY number"


def save(step: SaveSnapshot) -> Statements:
    yield from remove(step.name)
    records = f"SELECT ?, number, {_RECORD} FROM record WHERE {_record_condition(step)}"
    yield Do(f"INSERT INTO snapshot_record (snapshot, number, {_RECORD}) {records}", (step.name,))
    for space in step.spaces:
        yield Do(_SAVE_MARKS, (step.name, *space))
        yield Do(_SAVE_VERSIONS, (step.name, *space))


def remove(name: str) -> Statements:
    for table in ("snapshot_record", "snapshot_mark", "snapshot_version"):
        yield Do(f"DELETE FROM {table} WHERE snapshot = ?", (name,))


def restore_records(step: RestoreSnapshot) -> Statements:
    """Replace the records, and remember removed tokens."""
    yield Do(REMEMBER_TOKENS, (step.name,))
    yield Do(_FORGET_TOKENS, (step.name,))
    yield Do(f"DELETE FROM record WHERE {_record_condition(step)}")
    yield Do(ADD_RECORDS, (step.name,))


def measure_records(step: SaveSnapshot) -> Sql:
    """Return a query for the size of the records, in bytes."""
    return Sql(f"SELECT coalesce(sum(length(value)), 0) FROM record WHERE {_record_condition(step)}", ())


def measure_versions(space: ResourceSpace) -> Sql:
    """Return a query for the size of a space's versions, in bytes."""
    return Sql(f"SELECT coalesce(sum(length({_BODY})), 0) {_VERSIONS}", tuple(space))


def _record_condition(step: SaveSnapshot | RestoreSnapshot) -> str:
    """Return a condition with literals, because kinds and keys come from the program."""
    return (
        f"(kind IN ({_list_literals(step.kinds)}) AND label NOT IN ('{ADMINISTRATOR}', '{STUDENT}'))"
        f" OR (kind = 'meta' AND \"key\" IN ({_list_literals(step.keys)}))"
    )


def _list_literals(texts: Iterable[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts) or "''"
