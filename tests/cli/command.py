"""Run the command as a person does: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def sickbay(
    *arguments: str, given: str = "", folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Its output, errors and exit code. `folder`: the data folder; `environment`: SICKBAY_… variables."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SICKBAY_")}
    if folder:
        environment["SICKBAY_DATA"] = str(folder)
    command = [sys.executable, "-m", "sickbay", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, env=inherited | environment, timeout=60, check=False
    )
