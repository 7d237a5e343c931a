"""SQL to copy and delete a whole space. Several tenants share one population, which is generated and indexed once."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.storage.query.dictionary import SHIFT

_BY_NID = {
    "resource": (
        "nid",
        "nid + {by}, {to}, type, state, id, version_id, changed, index_revision, facts, body",
    ),
    "resource_history": ("nid", "nid + {by}, version_id, sequence, at, interaction, who, facts, body"),
    "compartment_index": ("patient", "patient + {by}, type, rank, nid + {by}, member, named"),
    "facet_index": ("patient", "patient + {by}, type, word, hash, rank, nid + {by}, member, named"),
    "reference_index": ("target", "target + {by}, parameter, nid + {by}"),
}
_BY_SPACE = {
    "token_index": "{to}, parameter, hash, nid + {by}",
    "date_index": "{to}, parameter, low, high, nid + {by}",
    "quantity_index": "{to}, parameter, low, high, unit, nid + {by}",
    "string_index": "{to}, parameter, value, exact, nid + {by}",
    "uri_index": "{to}, parameter, value, nid + {by}",
    "composite_index": "{to}, parameter, hash, low, high, unit, value, nid + {by}",
    "type_count": "{to}, type, slice, live",
}
TABLES = (*_BY_NID, *_BY_SPACE)
"""All tables that store resources."""


def copies(start: int, end: int, allocated: int) -> Iterator[str]:
    """Copy from space `start` to space `end`, with nids beyond any that `end` ever allocated, so that none is reused."""
    by = ((end - start) << SHIFT) + allocated
    for table, (column, columns) in _BY_NID.items():
        values = columns.format(by=by, to=end)
        yield f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {_within(column, start)}"
    for table, columns in _BY_SPACE.items():
        yield f"INSERT INTO {table} SELECT {columns.format(by=by, to=end)} FROM {table} WHERE space = {start}"
    yield (
        "UPDATE space SET allocated = space.allocated + of.allocated, sequence = space.sequence + of.sequence"
        f" FROM (SELECT allocated, sequence FROM space WHERE number = {start}) of WHERE space.number = {end}"
    )


def forgets(number: int) -> Iterator[str]:
    """Delete everything in a space: a range in every table."""
    for table, (column, _) in _BY_NID.items():
        yield f"DELETE FROM {table} WHERE {_within(column, number)}"
    for table in _BY_SPACE:
        yield f"DELETE FROM {table} WHERE space = {number}"


ANY_LIVE = "SELECT 1 FROM type_count WHERE space = ? GROUP BY type HAVING sum(live) > 0 LIMIT 1"
"""Selects a row if the space has any live resource."""


def live(number: int) -> str:
    return f"SELECT coalesce(sum(live), 0) FROM type_count WHERE space = {number}"


def _within(column: str, number: int) -> str:
    return f"{column} >= {number << SHIFT} AND {column} < {(number + 1) << SHIFT}"
