"""SQL that reads a snapshot for export and writes it on import, shared by both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import orjson

from sickbay.storage.interface import Record, ResourceSpace
from sickbay.storage.query.snapshots import BASE, CURRENT_FACTS
from sickbay.storage.query.statement import Row, Run, Statement
from sickbay.storage.snapshot_steps import SavedSpace, SavedVersion

FILLED: Final = "filled"
IDS_AT_A_TIME: Final = 2000
RECORD_COLUMNS: Final = (
    *("snapshot", "number", "kind", "key", "tenant", "owner", "family", "label", "at", "expires_at", "used_at", "revision"),
    "value",
)
MARK_COLUMNS: Final = ("snapshot", "space", "name", "sequence")
VERSION_COLUMNS: Final = (
    *("snapshot", "space", "sequence", "nid", "type", "id", "version_id", "at", "interaction", "who", "facts", "body"),
)
MARKS_UP_TO_BASE: Final = (
    "SELECT m.name, m.sequence FROM mark m WHERE m.space = ? AND m.sequence <="
    f" (SELECT b.sequence FROM mark b WHERE b.space = ? AND b.name = '{BASE}')"
)
_RECORDS: Final = (
    'SELECT kind, "key", value, tenant, owner, family, label, at, expires_at, used_at, revision FROM snapshot_record'
    " WHERE snapshot = ? ORDER BY number"
)
_MARKS: Final = (
    "SELECT k.name, k.sequence FROM space s CROSS JOIN snapshot_mark k ON k.space = s.number"
    " WHERE k.snapshot = ? AND s.tenant = ? AND s.version = ?"
)
_VERSIONS: Final = (
    "SELECT v.sequence, w.text, v.id, v.version_id, v.at, v.interaction, v.who, v.body, v.facts FROM space s"
    " CROSS JOIN snapshot_version v ON v.space = s.number CROSS JOIN word w ON w.number = v.type"
    " WHERE v.snapshot = ? AND s.tenant = ? AND s.version = ? ORDER BY v.sequence"
)
_BASE_VERSIONS: Final = (
    f"SELECT r.id, h.version_id, {CURRENT_FACTS} FROM space s CROSS JOIN mark m ON m.space = s.number AND m.name = '{BASE}'"
    " CROSS JOIN word w ON w.text = ? CROSS JOIN resource r ON r.space = s.number AND r.type = w.number"
    " AND r.id IN (SELECT value FROM json_each(?)) CROSS JOIN resource_history h ON h.nid = r.nid"
    " AND h.sequence <= m.sequence WHERE s.tenant = ? AND s.version = ? ORDER BY h.version_id"
)


def read_records(name: str) -> Callable[[Run], list[Record]]:
    """Read the records of a snapshot, in the order in which they were stored."""

    def read(run: Run) -> list[Record]:
        rows = run(Statement(_RECORDS, (name,)))
        return [Record(*(kind, key, bytes(value), *rest)) for kind, key, value, *rest in rows]

    return read


def read_space(name: str, space: ResourceSpace) -> Callable[[Run], SavedSpace]:
    """Read the versions of a space in a snapshot."""

    def read(run: Run) -> SavedSpace:
        marks: dict[str, int] = dict(run(Statement(_MARKS, (name, *space))))
        rows = run(Statement(_VERSIONS, (name, *space)))
        filled = sum(row[0] <= marks[FILLED] for row in rows) if FILLED in marks else None
        return SavedSpace(space, [_saved_version(row) for row in rows], filled)

    return read


def _saved_version(row: Row) -> SavedVersion:
    _, type, id, version_id, at, interaction, who, body, facts = row
    return SavedVersion(type, id, version_id, at, interaction, who, None if interaction == "delete" else bytes(body), facts)


def read_base(space: ResourceSpace, type: str, ids: Sequence[str]) -> Callable[[Run], dict[str, tuple[int, str]]]:
    """Read the last version and its facts up to the mark `patients`, of those resources that the sample data has."""

    def read(run: Run) -> dict[str, tuple[int, str]]:
        found: dict[str, tuple[int, str]] = {}
        for start in range(0, len(ids), IDS_AT_A_TIME):
            listed = orjson.dumps(ids[start : start + IDS_AT_A_TIME]).decode()
            found |= {id: (version, facts) for id, version, facts in run(Statement(_BASE_VERSIONS, (type, listed, *space)))}
        return found

    return read


def record_rows(name: str, records: Iterable[Record]) -> Iterator[Row]:
    """Return the rows of RECORD_COLUMNS."""
    for number, record in enumerate(records, 1):
        texts = record.kind, record.key, record.tenant, record.owner, record.family, record.label
        yield name, number, *texts, record.at, record.expires_at, record.used_at, max(record.revision, 1), record.value


def mark_rows(name: str, space: int, saved: SavedSpace, marks: Mapping[str, int], sequences: Sequence[int]) -> list[Row]:
    """Return the rows of MARK_COLUMNS. marks: rows of MARKS_UP_TO_BASE. sequences: the new numbers of the versions."""
    kept: list[Row] = [(name, space, mark, sequence) for mark, sequence in marks.items() if mark != FILLED]
    if saved.filled is None:
        return kept
    return [*kept, (name, space, FILLED, sequences[saved.filled - 1] if saved.filled else marks[BASE])]


def version_rows(
    name: str,
    space: int,
    saved: SavedSpace,
    sequences: Iterable[int],
    nids: Mapping[tuple[str, str], int],
    words: Mapping[str, int],
) -> Iterator[Row]:
    """Return the rows of VERSION_COLUMNS."""
    for sequence, version in zip(sequences, saved.versions, strict=True):
        type, id, version_id, at, interaction, who, body, facts = version
        yield name, space, sequence, nids[type, id], words[type], id, version_id, at, interaction, who, facts, body


def resources_of(saved: SavedSpace) -> list[tuple[str, str]]:
    """Return each resource once, as type and ID."""
    return list(dict.fromkeys((version.type, version.id) for version in saved.versions))
