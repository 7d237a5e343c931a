"""History: the versions of one resource or of a type, newest first, each as visible as it was when it was written."""

from __future__ import annotations

from sickbay.fhir.visibility import Visibility
from sickbay.storage.cursor import Position, opened, seal
from sickbay.storage.sql.filters import FALSE, Scope
from sickbay.storage.sql.names import NEVER, REFERENCED, codes_of, patients_of
from sickbay.storage.sql.statement import Row, Run, Statement
from sickbay.storage.store import Stored, Versions

_TEXT = (
    "SELECT h.facts, r.id, h.version_id, h.at, CASE WHEN h.version_id = r.version_id THEN r.body ELSE h.body END,"
    " h.interaction, h.sequence FROM resource r CROSS JOIN resource_history h ON h.nid = r.nid"
    f" WHERE r.space = ? AND r.type = ? AND r.state <> {REFERENCED}"
)


def page(
    run: Run, scope: Scope, key: bytes, type: str, id: str | None, visibility: Visibility,
    count: int, cursor: str | None,
) -> Versions:  # fmt: skip
    """`count` visible versions, however many invisible ones lie between them. Raises BadCursor."""
    letter = "r" if id is not None else "s"
    held = scope.visible(type, letter, "r.nid", None)
    mark = f"history/{scope.space}/{type}/{id or ''}".encode()
    before = int(opened(key, cursor, mark).last[0]) if cursor is not None else NEVER
    if held is FALSE:
        return Versions([], None)
    one = " AND r.id = ?" if id is not None else ""
    text = f"{_TEXT}{one} AND {held.text} AND h.sequence < ? ORDER BY h.sequence DESC LIMIT ?"
    binds = (scope.space, scope.names.word(type), *((id,) if id is not None else ()), *held.binds)
    kept: list[tuple[tuple[Stored, str], int]] = []
    while len(kept) <= count:
        rows = run(Statement(text, (*binds, before, count + 1)))
        kept += [(_entry(type, row), row[6]) for row in rows if _shown(visibility, type, letter, row)]
        if len(rows) <= count:
            break
        before = rows[-1][6]
    more = len(kept) > count > 0
    following = seal(key, Position(mark, (kept[count - 1][1],), count, None)) if more else None
    return Versions([entry for entry, _ in kept[:count]], following)


def _entry(type: str, row: Row) -> tuple[Stored, str]:
    facts, id, version_id, at, body, interaction, _ = row
    held, _, codings = facts.partition("\n")
    deleted = interaction == "delete"
    return Stored(type, id, version_id, at, body or b"", patients_of(held), codes_of(codings), deleted), interaction


def _shown(visibility: Visibility, type: str, letter: str, row: Row) -> bool:
    held, _, codings = row[0].partition("\n")
    return visibility.allows(type, letter, patients_of(held), codes_of(codings))
