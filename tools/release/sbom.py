"""Writes the software bill of materials (CycloneDX): the packages of a clean environment, with versions and licenses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def write(root: Path, environment: Path, version: str, time: int, path: Path) -> Path:
    """environment: a virtual environment with the packages of the lock. time: what the document says it was made at."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", str(environment)]
    options = ["--pyproject", str(root / "pyproject.toml"), "--output-reproducible", "--spec-version", "1.6"]
    done = subprocess.run(
        [*command, *options],
        env=os.environ | {"SOURCE_DATE_EPOCH": str(time)},
        check=True,
        capture_output=True,
        text=True,
    )
    path.write_text(json.dumps(complete_document(json.loads(done.stdout), version), indent=2) + "\n", encoding="utf-8")
    return path


def complete_document(document: dict[str, Any], version: str) -> dict[str, Any]:
    """Adds Sickbay's version and package URL: the version is in the sources, which the tool doesn't read."""
    root = document["metadata"]["component"]
    root |= {"version": version, "purl": f"pkg:pypi/{root['name']}@{version}"}
    return document
