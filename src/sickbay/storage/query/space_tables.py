"""The tables that store the resources of a space, and SQL for a whole space."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.storage.query.dictionary import SHIFT

_BY_NID = {
    "resource": "nid",
    "resource_history": "nid",
    "compartment_index": "patient",
    "facet_index": "patient",
    "reference_index": "target",
    "hidden_resource": "nid",
}
"""The column whose value contains the number of the space."""
_BY_SPACE = (
    "token_index",
    "date_index",
    "quantity_index",
    "string_index",
    "uri_index",
    "composite_index",
    "type_count",
    "mark",
)
TABLES = (*_BY_NID, *_BY_SPACE)
"""All tables that store resources."""


def list_deletions(number: int) -> Iterator[str]:
    """Delete everything in a space: a range in every table."""
    for table, column in _BY_NID.items():
        yield f"DELETE FROM {table} WHERE {column} >= {number << SHIFT} AND {column} < {(number + 1) << SHIFT}"
    for table in _BY_SPACE:
        yield f"DELETE FROM {table} WHERE space = {number}"


ANY_LIVE = "SELECT 1 FROM type_count WHERE space = ? GROUP BY type HAVING sum(live) > 0 LIMIT 1"
"""Selects a row if the space has any live resource."""
