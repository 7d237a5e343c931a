"""The tables of each FHIR version, written by tools/definitions.py. Each is loaded on first use."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import orjson

_HERE = Path(__file__).parent


@cache
def table(version: str, name: str) -> dict[str, Any]:
    """Returns a table of a version: elements, search, codes, compartments or summary."""
    return dict(orjson.loads(gzip.decompress((_HERE / f"{version}-{name}.json.gz").read_bytes())))
