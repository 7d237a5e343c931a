"""Real resources from the shared folder, as plain dicts."""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("SICKBAY_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")


def shared(part: str) -> Path:
    """A folder of the shared folder; the test is skipped where it is missing."""
    path = SHARED / part
    if not path.exists():
        pytest.skip(f"needs {path} (SICKBAY_SHARED)")
    return path


@cache
def examples(version: str) -> list[dict[str, Any]]:
    """All published examples of a version."""
    found = []
    for file in sorted(shared(f"data/examples-{version}").glob("*.ndjson.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found += [json.loads(line) for line in lines if line.strip()]
    return found
