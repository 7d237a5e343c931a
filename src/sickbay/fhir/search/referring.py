"""Lists the search parameters of other types that refer to a type."""

from __future__ import annotations

from functools import cache

from sickbay.fhir.definitions import load_table
from sickbay.fhir.search.additional_parameters import ADDITIONS
from sickbay.fhir.served import served_types


@cache
def list_referring_parameters(version: str, type: str) -> tuple[tuple[str, str], ...]:
    """Returns (type, code) of each reference parameter that names this type as a target. Reads only the table: it is fast."""
    rows, added = load_table(version, "search"), ADDITIONS.get(version, {})
    return tuple(
        (source, code)
        for source in served_types(version)
        for code, row in sorted({**added.get(source, {}), **rows[source]}.items())
        if row[0] == "reference" and type in row[2]
    )
