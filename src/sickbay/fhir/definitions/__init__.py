"""The tables of the versions, written by tools/definitions.py; each is read when it is first asked for."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import orjson

_HERE = Path(__file__).parent


@cache
def table(version: str, name: str) -> dict[str, Any]:
    """One table of one version: elements, search, codes, compartments or summary."""
    return dict(orjson.loads(gzip.decompress((_HERE / f"{version}-{name}.json.gz").read_bytes())))
