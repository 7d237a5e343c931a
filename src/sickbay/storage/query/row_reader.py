"""Converts rows to Stored, reads single resources, and rechecks every body's visibility before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import starmap
from operator import itemgetter
from typing import NamedTuple

from sickbay.fhir.bundle import Alike, StoredResource
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.facts import codes_of, patients_of
from sickbay.storage.interface import Stored
from sickbay.storage.query.dictionary import REFERENCED
from sickbay.storage.query.filters import FALSE, Scope, one_of
from sickbay.storage.query.statement import Row, SqlReader

COLUMNS = "r.nid, r.facts, r.id, r.version_id, r.changed, r.body"
WIDTH = 6


class Columns(NamedTuple):
    """The columns read for each match. Three fewer make a page of fifty about a tenth faster. The nid comes first."""

    text: str
    width: int


WHOLE = Columns(COLUMNS, WIDTH)
BRIEF = Columns("r.nid, r.facts, r.id, r.body", 4)
BARE = Columns("r.nid, r.id, r.body", 3)
"""Used if everything of the type is visible, so that no facts are checked."""


def columns_for(query: Query, visibility: Visibility) -> Columns:
    if query.whole:
        return WHOLE
    return BARE if visibility.allows_all(query.type, "s") else BRIEF


_STORED_FIELDS = itemgetter(2, 3, 4, 5, 1)
"""Picks the fields of a Stored from a row, in order."""
_CURRENT = f"SELECT {COLUMNS}, r.state = 2 FROM resource r WHERE r.space = ? AND r.type = ?"
_UNRESTRICTED = (
    "SELECT r.version_id, r.changed, r.body, r.facts, r.state = 2 FROM resource r"
    f" WHERE r.space = ? AND r.type = ? AND r.id = ? AND r.state <> {REFERENCED}"
)
_VERSION = (
    "SELECT h.nid, h.facts, ?, h.version_id, h.at,"
    " CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END, h.interaction = 'delete'"
    " FROM resource_history h, resource r WHERE r.nid = ? AND h.nid = r.nid AND h.version_id = ?"
)


def current(reader: SqlReader, scope: Scope, type: str, ids: list[str]) -> list[Row]:
    """Return the rows of the current versions that are visible."""
    ids_condition, visible = one_of("r.id", ids), scope.visible(type, "r", "r.nid", None)
    if visible is FALSE:
        return []
    text = f"{_CURRENT} AND {ids_condition.text} AND r.state <> {REFERENCED} AND {visible.text}"
    return reader.rows(text, (scope.space, scope.names.word(type), *ids_condition.binds, *visible.binds))


def unrestricted(reader: SqlReader, space: int, word: int, type: str, id: str) -> Stored | None:
    """Return the current version without checking visibility, for a token that may see all of the type. word: of the type."""
    for version_id, at, body, facts, deleted in reader.rows(_UNRESTRICTED, (space, word, id)):
        return Stored(type, id, version_id, at, body, facts, bool(deleted))
    return None


def version(reader: SqlReader, id: str, nid: int, version_id: int) -> Row | None:
    """Return the row of one version of a resource that `current` returned."""
    rows = reader.rows(_VERSION, (id, nid, version_id))
    return rows[0] if rows else None


class VisibilityRecheck:
    """Rechecks visibility with `Visibility.allows`, on the facts stored next to the body. A removed resource indicates a
    bug.
    """

    def __init__(self) -> None:
        self.removed = 0

    def allowed(self, visibility: Visibility, letters: str, type: str, rows: list[Row]) -> list[Stored]:
        """Return the visible resources of rows that begin with COLUMNS. Each distinct set of facts is checked once."""
        if visibility.allows_all(type, letters):
            return list(starmap(partial(Stored, type), map(_STORED_FIELDS, rows)))
        judge = _Judge(visibility, letters, type)
        resources = [Stored(type, *_STORED_FIELDS(row)) for row in rows if judge.allows(row[1])]
        self.removed += len(rows) - len(resources)
        return resources

    def matches(self, visibility: Visibility, type: str, rows: list[Row], columns: Columns) -> Sequence[StoredResource]:
        """Recheck the matches of a search, whose rows begin with `columns`."""
        if columns is WHOLE:
            return self.allowed(visibility, "s", type, rows)
        if columns is BARE:
            return Alike(type, rows, 1)
        judge = _Judge(visibility, "s", type)
        visible = [row for row in rows if judge.allows(row[1])]
        self.removed += len(rows) - len(visible)
        return Alike(type, visible, 2)


class _Judge:
    """Checks facts against a visibility, each distinct value once."""

    def __init__(self, visibility: Visibility, letters: str, type: str) -> None:
        self._verdicts: dict[str, bool] = {}
        self._arguments = visibility, letters, type

    def allows(self, facts: str) -> bool:
        verdict = self._verdicts.get(facts)
        if verdict is None:
            visibility, letters, type = self._arguments
            verdict = self._verdicts[facts] = visibility.allows(type, letters, patients_of(facts), codes_of(facts))
        return verdict


def mixed(
    guard: VisibilityRecheck, visibility: Visibility, letters: str, rows: list[Row], type_of: Callable[[Row], str]
) -> list[Stored]:
    """Recheck rows of several types and keep their order."""
    by_type: dict[str, list[Row]] = {}
    for row in rows:
        by_type.setdefault(type_of(row), []).append(row)
    visible = {
        (type, resource.id): resource
        for type, type_rows in by_type.items()
        for resource in guard.allowed(visibility, letters, type, type_rows)
    }
    places = [(type_of(row), row[2]) for row in rows]
    return [visible[place] for place in places if place in visible]


def shows(visibility: Visibility, type: str, row: Row) -> bool:
    """Check one row without counting a removal: an old version may legitimately belong to another patient."""
    return visibility.allows(type, "r", patients_of(row[1]), codes_of(row[1]))
