"""Published example resources from the shared folder, as plain dicts."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def examples(shared: Path, version: str) -> list[dict[str, Any]]:
    """Returns all published examples of a version."""
    resources = []
    for file in sorted((shared / "data" / f"examples-{version}").glob("*.ndjson.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            resources += [json.loads(line) for line in lines if line.strip()]
    return resources
