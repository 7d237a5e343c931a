"""The tables of the versions, written by tools/definitions.py; each is read when it is first asked for."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import Any

import orjson


@cache
def table(version: str, name: str) -> dict[str, Any]:
    """One table of one version: elements, search, codes or compartments."""
    return dict(orjson.loads(gzip.decompress(files(__name__).joinpath(f"{version}-{name}.json.gz").read_bytes())))
