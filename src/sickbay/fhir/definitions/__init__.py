"""The tables of each FHIR version, written by tools/definitions.py. Each is loaded on first use.

Many elements and search parameters are alike, so they are stored as {"rows": […], "types": {type: {name: number of the row}}}.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

_HERE = Path(__file__).parent


@cache
def load_table(version: str, name: str) -> dict[str, Any]:
    """Returns a table of a version: elements, search, codes, compartments or summary."""
    return read_table(f"{version}-{name}")


@cache
def load_names() -> dict[str, Any]:
    """Returns the names in the tables of all versions: types, elements, codes, and search parameters with their kinds."""
    return read_table("names")


@cache
def parameter_texts() -> dict[str, dict[str, str]]:
    """Returns type -> code -> the description of a search parameter. Those of all types are below Resource."""
    return read_table("parameter-texts")


def _unpack_elements(rows: list[Any], types: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Returns path -> row. Paths share rows."""
    return {f"{type}.{name}": rows[number] for type, numbers in types.items() for name, number in numbers.items()}


def _unpack_search(rows: list[Any], types: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Returns type -> code -> row. In the expression of a stored row, `%` is the type."""

    def row_of(type: str, number: int) -> list[Any]:
        kind, expression, *others = rows[number]
        return [kind, expression.replace("%", type), *others]

    return {type: {code: row_of(type, number) for code, number in numbers.items()} for type, numbers in types.items()}


_UNPACK = {"elements": _unpack_elements, "search": _unpack_search}


def read_table(name: str, folder: Path = _HERE) -> dict[str, Any]:
    """Reads a table. name: that of its file without the suffix."""
    import gzip  # only the first use of a version needs it

    table = orjson.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))
    unpack = _UNPACK.get(name.partition("-")[2])
    return unpack(table["rows"], table["types"]) if unpack else dict(table)
