"""History: the versions of one resource, of a type or of all, newest first, each as visible as it was when it was written."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.visibility import Visibility
from sickbay.storage.cursor import Position, opened, seal
from sickbay.storage.interface import Stored, Versions
from sickbay.storage.query.dictionary import NEVER, REFERENCED
from sickbay.storage.query.filters import FALSE, TRUE, Scope
from sickbay.storage.query.statement import BYTES, Row, Run, Sql, Statement, is_full
from sickbay.storage.query.visible import compartments

_COLUMNS = (
    "h.facts, r.id, h.version_id, h.at, CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END,"
    " h.interaction, h.sequence, r.type"
)
_NARROW = "h.facts, h.sequence, r.type"
_BY_RESOURCE = "resource r CROSS JOIN resource_history h ON h.nid = r.nid WHERE"
_OF_PATIENTS = "d CROSS JOIN resource r ON r.nid = d.nid CROSS JOIN resource_history h ON h.nid = r.nid WHERE"
_BY_TIME = "resource_history h CROSS JOIN resource r ON r.nid = h.nid WHERE"
_CURRENT = (
    "h.at < ? AND NOT EXISTS (SELECT 1 FROM resource_history n WHERE n.nid = h.nid AND n.version_id = h.version_id + 1"
    " AND n.at <= ?)"
)
"""Written before the end, and not replaced by the beginning."""
FEW = 1000
"""Resources of a type whose versions are sorted; of more, versions of all types are walked from the newest on."""
COUNTED = 1000
"""Versions that are looked at at once, where each has to be."""


class HistoryQuery(NamedTuple):
    """type None: of the whole space; id None: of the whole type. since: written at or after (epoch ms).

    at: current at some time of [low, high). most: entries of a page; 0 for the total alone.
    """

    type: str | None
    id: str | None
    most: int
    cursor: str | None = None
    since: int | None = None
    at: tuple[int, int] | None = None


def page(run: Run, scope: Scope, key: bytes, asked: HistoryQuery, visibility: Visibility) -> Versions:
    """`count` visible versions, however many invisible ones lie between them. Raises BadCursor."""
    letter, count = "r" if asked.id is not None else "s", asked.most
    held = scope.visible(asked.type or "*", letter, "r.nid", None)
    mark = "/".join(map(str, ("history", scope.space, asked.type or "", asked.id or "", asked.since, asked.at))).encode()
    before = int(opened(key, asked.cursor, mark).last[0]) if asked.cursor is not None else NEVER
    if held is FALSE:
        return Versions([], None, 0 if count == 0 else None)
    found = _versions(run, scope, asked, held, compartments(scope.names, scope.space, visibility, letter, asked.type or "*"))
    if count == 0:
        return Versions([], None, _total(run, scope, found, letter, None if held is TRUE else visibility))
    text = Sql(f"SELECT {_COLUMNS} FROM {found.text}", found.binds)
    kept: list[tuple[tuple[Stored, str], int]] = []
    more, size = False, 0
    while not more:
        rows = run(Statement(text.text, (*text.binds, before, count + 1), 4))
        for row in rows:
            entry = _entry(scope, row)
            if not _shown(visibility, letter, entry[0]):
                continue
            size += len(entry[0].body)
            more = len(kept) == count or (size > BYTES and len(kept) > 1)
            if more:
                break
            kept.append((entry, row[6]))
        if not is_full(rows, count + 1):
            break
        before = rows[-1][6]
    following = seal(key, Position(mark, (kept[-1][1],), count, None)) if more else None
    return Versions([entry for entry, _ in kept], following)


def _total(run: Run, scope: Scope, found: Sql, letter: str, visibility: Visibility | None) -> int:
    """How many are visible as they were. visibility None: all are, and none needs to be looked at."""
    if visibility is None:
        text = f"SELECT count(*) FROM (SELECT 1 FROM {found.text}) every"
        whole: int = run(Statement(text, (*found.binds, NEVER, NEVER)))[0][0]
        return whole
    text, before, total = f"SELECT {_NARROW} FROM {found.text}", NEVER, 0
    while True:
        rows = run(Statement(text, (*found.binds, before, COUNTED)))
        each = (Stored(scope.names.text(type), "", 0, 0, b"", facts) for facts, _, type in rows)
        total += sum(_shown(visibility, letter, one) for one in each)
        if len(rows) < COUNTED:
            return total
        before = rows[-1][1]


def _versions(run: Run, scope: Scope, asked: HistoryQuery, held: Sql, own: Sql | None) -> Sql:
    """What follows FROM: newest first, before a sequence, at most so many, the two binds that are still to come.

    own: all that may be seen.
    """
    binds: list[int | str] = [scope.space]
    where = [f"r.space = ? AND r.state <> {REFERENCED}"]
    for condition, value in (
        ("r.type = ?", asked.type and scope.names.word(asked.type)),
        ("r.id = ?", asked.id),
        ("h.at >= ?", asked.since),
    ):
        if value is not None:
            where.append(condition)
            binds.append(value)
    if asked.at is not None:
        where.append(_CURRENT)
        binds += (asked.at[1], asked.at[0])
    rest = f"{' AND '.join(where)} AND {held.text} AND h.sequence < ? ORDER BY h.sequence DESC LIMIT ?"
    if own is not None and asked.id is None and asked.type is not None:
        return Sql(f"{own.text} {_OF_PATIENTS} {rest}", (*own.binds, *binds, *held.binds))
    if asked.id is not None or (asked.type is not None and _few(run, scope, asked.type)):
        return Sql(f"{_BY_RESOURCE} {rest}", (*binds, *held.binds))
    return Sql(f"{_BY_TIME} {rest}", (*binds, *held.binds))


def _few(run: Run, scope: Scope, type: str) -> bool:
    """Counted no further than is needed, the deleted too."""
    text = "SELECT count(*) FROM (SELECT 1 FROM resource WHERE space = ? AND type = ? LIMIT ?) few"
    found: int = run(Statement(text, (scope.space, scope.names.word(type), FEW)))[0][0]
    return found < FEW


def _entry(scope: Scope, row: Row) -> tuple[Stored, str]:
    facts, id, version_id, at, body, interaction, _, type = row
    deleted = interaction == "delete"
    return Stored(scope.names.text(type), id, version_id, at, body or b"", facts, deleted), interaction


def _shown(visibility: Visibility, letter: str, one: Stored) -> bool:
    return visibility.allows(one.type, letter, one.patients, one.codes)
