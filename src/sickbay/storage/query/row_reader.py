"""Rows as Stored, single reads, and the second check that every body passes before it leaves."""

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
    """What is read of each match: of a page of fifty, three columns less are a tenth of the time. The nid comes first."""

    text: str
    width: int


WHOLE = Columns(COLUMNS, WIDTH)
BRIEF = Columns("r.nid, r.facts, r.id, r.body", 4)
BARE = Columns("r.nid, r.id, r.body", 3)
"""Where all of the type may be seen: then no facts are looked at."""


def columns_for(query: Query, visibility: Visibility) -> Columns:
    if query.whole:
        return WHOLE
    return BARE if visibility.allows_all(query.type, "s") else BRIEF


_KEPT = itemgetter(2, 3, 4, 5, 1)
"""Of a row what a Stored has, in its order."""
_CURRENT = f"SELECT {COLUMNS}, r.state = 2 FROM resource r WHERE r.space = ? AND r.type = ?"
_UNHELD = (
    "SELECT r.version_id, r.changed, r.body, r.facts, r.state = 2 FROM resource r"
    f" WHERE r.space = ? AND r.type = ? AND r.id = ? AND r.state <> {REFERENCED}"
)
_VERSION = (
    "SELECT h.nid, h.facts, ?, h.version_id, h.at,"
    " CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END, h.interaction = 'delete'"
    " FROM resource_history h, resource r WHERE r.nid = ? AND h.nid = r.nid AND h.version_id = ?"
)


def current(reader: SqlReader, scope: Scope, type: str, ids: list[str]) -> list[Row]:
    """The rows of current versions for which the condition of visibility holds."""
    named, held = one_of("r.id", ids), scope.visible(type, "r", "r.nid", None)
    if held is FALSE:
        return []
    text = f"{_CURRENT} AND {named.text} AND r.state <> {REFERENCED} AND {held.text}"
    return reader.rows(text, (scope.space, scope.names.word(type), *named.binds, *held.binds))


def unheld(reader: SqlReader, space: int, type: int, id: str) -> Row | None:
    """The row of the current version, for whoever may see all of the type: no condition and no second check is left."""
    found = reader.rows(_UNHELD, (space, type, id))
    return found[0] if found else None


def stored(type: str, id: str, row: Row) -> Stored:
    """Of a row of `unheld`."""
    version, at, body, facts, deleted = row
    return Stored(type, id, version, at, body, facts, bool(deleted))


def version(reader: SqlReader, id: str, nid: int, version_id: int) -> Row | None:
    """The row of one version of what `current` showed."""
    found = reader.rows(_VERSION, (id, nid, version_id))
    return found[0] if found else None


class VisibilityRecheck:
    """The second check: by `Visibility.allows`, on facts kept beside the body. What it removes is an alarm."""

    def __init__(self) -> None:
        self.removed = 0

    def allowed(self, visibility: Visibility, letters: str, type: str, found: list[Row]) -> list[Stored]:
        """What may leave of rows that begin with COLUMNS. One verdict serves all that have the same facts."""
        if visibility.allows_all(type, letters):
            return list(starmap(partial(Stored, type), map(_KEPT, found)))
        judge = _Judge(visibility, letters, type)
        kept = [Stored(type, *_KEPT(row)) for row in found if judge.allows(row[1])]
        self.removed += len(found) - len(kept)
        return kept

    def matches(self, visibility: Visibility, type: str, found: list[Row], columns: Columns) -> Sequence[StoredResource]:
        """The same of the matches of a search, whose rows begin with these columns."""
        if columns is WHOLE:
            return self.allowed(visibility, "s", type, found)
        if columns is BARE:
            return Alike(type, [row[1] for row in found], [row[2] for row in found])
        judge = _Judge(visibility, "s", type)
        kept = [row for row in found if judge.allows(row[1])]
        self.removed += len(found) - len(kept)
        return Alike(type, [row[2] for row in kept], [row[3] for row in kept])


class _Judge:
    """Verdicts on facts, each of which is passed once."""

    def __init__(self, visibility: Visibility, letters: str, type: str) -> None:
        self._verdicts: dict[str, bool] = {}
        self._asked = visibility, letters, type

    def allows(self, facts: str) -> bool:
        verdict = self._verdicts.get(facts)
        if verdict is None:
            visibility, letters, type = self._asked
            verdict = self._verdicts[facts] = visibility.allows(type, letters, patients_of(facts), codes_of(facts))
        return verdict


def mixed(
    guard: VisibilityRecheck, visibility: Visibility, letters: str, found: list[Row], type_of: Callable[[Row], str]
) -> list[Stored]:
    """The same of rows of several types, in their order."""
    by_type: dict[str, list[Row]] = {}
    for row in found:
        by_type.setdefault(type_of(row), []).append(row)
    kept = {(type, one.id): one for type, rows in by_type.items() for one in guard.allowed(visibility, letters, type, rows)}
    places = [(type_of(row), row[2]) for row in found]
    return [kept[place] for place in places if place in kept]


def shows(visibility: Visibility, type: str, row: Row) -> bool:
    """The same check of one row, where a no is no alarm: an old version may have been somebody else's."""
    return visibility.allows(type, "r", patients_of(row[1]), codes_of(row[1]))
