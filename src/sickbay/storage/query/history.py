"""Reads the history of one resource, a type or all types, newest first. Visibility applies as of each version."""

from __future__ import annotations

from sickbay.fhir.visibility import Visibility
from sickbay.storage.answers import HistoryQuery, Stored, Versions
from sickbay.storage.query.conditions import FALSE, TRUE
from sickbay.storage.query.dictionary import NEVER, REFERENCED, SHIFT
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import BYTES, Position, is_full, open_cursor, seal_cursor
from sickbay.storage.query.statement import Row, Run, Sql, Statement
from sickbay.storage.query.visibility import select_compartments

_COLUMNS = (
    "h.facts, r.id, h.version_id, h.at, CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END,"
    " h.interaction, h.sequence, r.type"
)
_NARROW = "h.facts, h.sequence, r.type"
_BY_RESOURCE = "resource r CROSS JOIN resource_history h ON h.nid = r.nid WHERE"
_OF_PATIENTS = "d CROSS JOIN resource r ON r.nid = d.nid CROSS JOIN resource_history h ON h.nid = r.nid WHERE"
_BY_TIME = f"resource_history h CROSS JOIN resource r ON r.nid = h.nid WHERE h.nid >> {SHIFT} = ? AND"
"""A range of the index `resource_history_by_sequence`."""
_CURRENT = (
    "h.at < ? AND NOT EXISTS (SELECT 1 FROM resource_history n WHERE n.nid = h.nid AND n.version_id > h.version_id"
    " AND n.at <= ?)"
)
"""Condition for versions that were current at some time in the period."""
SORTED_RESOURCES = 1000
"""Number of resources of a type below which their versions are sorted. Otherwise all types are scanned, newest first."""
COUNTED = 1000
"""Number of versions read at a time if each has to be checked."""


def load_history_page(run: Run, scope: Scope, key: bytes, query: HistoryQuery, visibility: Visibility) -> Versions:
    """Return `most` visible versions, skipping any invisible ones between them. Raises BadCursor."""
    letter, count = "r" if query.id is not None else "s", query.most
    condition = scope.visible(query.type or "*", letter, "r.nid", None)
    fingerprint = "/".join(map(str, ("history", scope.space, query.type or "", query.id or "", query.since, query.at))).encode()
    before = int(open_cursor(key, query.cursor, fingerprint).last[0]) if query.cursor is not None else NEVER
    if condition is FALSE:
        return Versions([], None, 0 if count == 0 else None)
    source = _select_versions(
        run, scope, query, condition, select_compartments(scope.names, scope.space, visibility, letter, query.type or "*")
    )
    if count == 0:
        return Versions([], None, _count_versions(run, scope, source, letter, None if condition is TRUE else visibility))
    text = Sql(f"SELECT {_COLUMNS} FROM {source.text}", source.binds)
    entries: list[tuple[tuple[Stored, str], int]] = []
    more, size = False, 0
    while not more:
        rows = run(Statement(text.text, (*text.binds, before, count + 1), 4))
        for row in rows:
            entry = _history_entry(scope, row)
            if not _is_visible(visibility, letter, entry[0]):
                continue
            size += len(entry[0].body)
            more = len(entries) == count or (size > BYTES and len(entries) > 1)
            if more:
                break
            entries.append((entry, row[6]))
        if not is_full(rows, count + 1):
            break
        before = rows[-1][6]
    following = seal_cursor(key, Position(fingerprint, (entries[-1][1],), count, None)) if more else None
    return Versions([entry for entry, _ in entries], following)


def _count_versions(run: Run, scope: Scope, found: Sql, letter: str, visibility: Visibility | None) -> int:
    """Count the versions that were visible when written. visibility None: all are visible, so none needs to be checked."""
    if visibility is None:
        text = f"SELECT count(*) FROM (SELECT 1 FROM {found.text}) every"
        count: int = run(Statement(text, (*found.binds, NEVER, NEVER)))[0][0]
        return count
    text, before, total = f"SELECT {_NARROW} FROM {found.text}", NEVER, 0
    while True:
        rows = run(Statement(text, (*found.binds, before, COUNTED)))
        versions = (Stored(scope.names.text(type), "", 0, 0, b"", facts) for facts, _, type in rows)
        total += sum(_is_visible(visibility, letter, version) for version in versions)
        if len(rows) < COUNTED:
            return total
        before = rows[-1][1]


def _select_versions(run: Run, scope: Scope, query: HistoryQuery, condition: Sql, own: Sql | None) -> Sql:
    """Return everything after FROM: newest first, with two binds to be added, for the last sequence and the limit.

    own: the nids of everything that may be visible.
    """
    binds: list[int | str] = [scope.space]
    where = [f"r.space = ? AND r.state <> {REFERENCED}"]
    for clause, value in (
        ("r.type = ?", query.type and scope.names.word(query.type)),
        ("r.id = ?", query.id),
        ("h.at >= ?", query.since),
    ):
        if value is not None:
            where.append(clause)
            binds.append(value)
    if query.at is not None:
        where.append(_CURRENT)
        binds += (query.at[1], query.at[0])
    tail = f"{' AND '.join(where)} AND {condition.text} AND h.sequence < ? ORDER BY h.sequence DESC LIMIT ?"
    if own is not None and query.id is None and query.type is not None:
        return Sql(f"{own.text} {_OF_PATIENTS} {tail}", (*own.binds, *binds, *condition.binds))
    if query.id is not None or (query.type is not None and _has_few_resources(run, scope, query.type)):
        return Sql(f"{_BY_RESOURCE} {tail}", (*binds, *condition.binds))
    return Sql(f"{_BY_TIME} {tail}", (scope.space, *binds, *condition.binds))


def _has_few_resources(run: Run, scope: Scope, type: str) -> bool:
    """Return whether the type has fewer than SORTED_RESOURCES resources, deleted ones included. Counts no further."""
    text = "SELECT count(*) FROM (SELECT 1 FROM resource WHERE space = ? AND type = ? LIMIT ?) few"
    count: int = run(Statement(text, (scope.space, scope.names.word(type), SORTED_RESOURCES)))[0][0]
    return count < SORTED_RESOURCES


def _history_entry(scope: Scope, row: Row) -> tuple[Stored, str]:
    facts, id, version_id, at, body, interaction, _, type = row
    deleted = interaction == "delete"
    return Stored(scope.names.text(type), id, version_id, at, body or b"", facts, deleted), interaction


def _is_visible(visibility: Visibility, letter: str, version: Stored) -> bool:
    return visibility.allows(version.type, letter, version.patients, version.codes)
