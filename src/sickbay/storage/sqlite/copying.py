"""Copying a whole space: three hospitals get the same population, and it is indexed once."""

from __future__ import annotations

import apsw

from sickbay.storage.sql.names import SHIFT
from sickbay.storage.sqlite.connection import rows
from sickbay.storage.sqlite.resources import Changes
from sickbay.storage.store import Space

_BY_NID = {
    "resource": (
        "nid",
        "nid + :by, :to, type, state, id, version_id, changed, index_revision, facts, body",
    ),
    "resource_history": ("nid", "nid + :by, version_id, sequence, at, interaction, who, facts, body"),
    "compartment_index": ("patient", "patient + :by, type, rank, nid + :by, member"),
    "reference_index": ("target", "target + :by, parameter, nid + :by"),
}
_BY_SPACE = {
    "token_index": ":to, parameter, hash, nid + :by",
    "date_index": ":to, parameter, low, high, nid + :by",
    "quantity_index": ":to, parameter, low, high, unit, nid + :by",
    "string_index": ":to, parameter, value, nid + :by",
    "uri_index": ":to, parameter, value, nid + :by",
    "type_count": ":to, type, live",
}


def copy(db: apsw.Connection, source: Space, target: Space) -> int:
    """How many live resources there are now. The source must be there; the target's own are forgotten."""
    changes = Changes(db)
    start, end = changes.number(source), changes.number(target)
    changes.forget_all(end)
    # Beyond what the target ever allocated: no nid is used twice.
    allocated = rows(db, "SELECT allocated FROM space WHERE number = ?", (end,))[0][0]
    by = ((end - start) << SHIFT) + allocated
    binds = {"of": start, "to": end, "by": by, "low": start << SHIFT, "high": (start + 1) << SHIFT}
    for table, (column, columns) in _BY_NID.items():
        db.execute(
            f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE {column} >= :low AND {column} < :high", binds
        )
    for table, columns in _BY_SPACE.items():
        db.execute(f"INSERT INTO {table} SELECT {columns} FROM {table} WHERE space = :of", binds)
    db.execute(
        "UPDATE space SET allocated = space.allocated + of.allocated, sequence = space.sequence + of.sequence"
        " FROM (SELECT allocated, sequence FROM space WHERE number = :of) of WHERE number = :to",
        binds,
    )
    text = "SELECT coalesce(sum(live), 0) FROM type_count WHERE space = ?"
    count: int = rows(db, text, (end,))[0][0]
    return count
