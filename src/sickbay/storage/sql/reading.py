"""Rows as Stored, single reads, and the second check that every body passes before it leaves."""

from __future__ import annotations

from sickbay.fhir.visibility import Visibility
from sickbay.storage.sql.filters import FALSE, Scope
from sickbay.storage.sql.names import REFERENCED, codes_of, patients_of
from sickbay.storage.sql.statement import Reader, Row
from sickbay.storage.store import Stored

COLUMNS = "r.nid, r.facts, r.id, r.version_id, r.changed, r.body"
WIDTH = 6
_ONE = f"SELECT {COLUMNS}, r.state = 2 FROM resource r WHERE r.space = ? AND r.type = ? AND r.id = ?"
_VERSION = (
    "SELECT h.nid, h.facts, ?, h.version_id, h.at,"
    " CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END, h.interaction = 'delete'"
    " FROM resource_history h, resource r WHERE r.nid = ? AND h.nid = r.nid AND h.version_id = ?"
)


def current(reader: Reader, scope: Scope, type: str, id: str) -> Row | None:
    """The row of the current version, if the condition of visibility holds."""
    held = scope.visible(type, "r", "r.nid", None)
    if held is FALSE:
        return None
    text = f"{_ONE} AND r.state <> {REFERENCED} AND {held.text}"
    found = reader.rows(text, (scope.space, scope.names.word(type), id, *held.binds))
    return found[0] if found else None


def version(reader: Reader, id: str, nid: int, version_id: int) -> Row | None:
    """The row of one version of what `current` showed."""
    found = reader.rows(_VERSION, (id, nid, version_id))
    return found[0] if found else None


class Guard:
    """The second check: by `Visibility.allows`, on facts kept beside the body. What it removes is an alarm."""

    def __init__(self) -> None:
        self.removed = 0

    def allowed(self, visibility: Visibility, letters: str, type: str, found: list[Row]) -> list[Stored]:
        """What may leave of rows that begin with COLUMNS. One verdict serves all that have the same facts."""
        verdicts: dict[str, bool] = {}
        coded = any(clause.filters for clause in visibility.of(type, letters))
        kept = []
        for row in found:
            _, facts, id, version_id, changed, body, *_ = row
            held, _, codings = facts.partition("\n")
            patients, codes = patients_of(held), codes_of(codings)
            key = facts if coded else held
            verdict = verdicts.get(key)
            if verdict is None:
                verdict = verdicts[key] = visibility.allows(type, letters, patients, codes)
            if verdict:
                kept.append(Stored(type, id, version_id, changed, body, patients, codes))
        self.removed += len(found) - len(kept)
        return kept


def shows(visibility: Visibility, type: str, row: Row) -> bool:
    """The same check of one row, where a no is no alarm: an old version may have been somebody else's."""
    held, _, codings = row[1].partition("\n")
    return visibility.allows(type, "r", patients_of(held), codes_of(codings))
