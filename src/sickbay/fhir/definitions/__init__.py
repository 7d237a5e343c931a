"""The tables of each FHIR version, written by tools/definitions.py. Each is loaded on first use."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

_HERE = Path(__file__).parent


@cache
def load_table(version: str, name: str) -> dict[str, Any]:
    """Returns a table of a version: elements, search, codes, compartments or summary."""
    return _read_table(f"{version}-{name}")


@cache
def load_names() -> dict[str, Any]:
    """Returns the names in the tables of all versions: types, elements, codes, and search parameters with their kinds."""
    return _read_table("names")


@cache
def parameter_texts() -> dict[str, dict[str, str]]:
    """Returns type -> code -> the description of a search parameter. Those of all types are below Resource."""
    return _read_table("parameter-texts")


def _read_table(name: str) -> dict[str, Any]:
    import gzip  # only the first use of a version needs it

    return dict(orjson.loads(gzip.decompress((_HERE / f"{name}.json.gz").read_bytes())))
