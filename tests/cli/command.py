"""Run the command as a person does: its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cli import forking


def sickbay(
    *arguments: str, given: str = "", folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Its output, errors and exit code. `folder`: the data folder; `environment`: SICKBAY_… variables.

    Without a folder, it finds no server, though other tests may run some. The process is forked from one that has imported the
    command, unless it gets variables that Python reads when it starts.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SICKBAY_")}
    if folder:
        environment["SICKBAY_DATA"] = str(folder)
    command = [sys.executable, "-m", "sickbay", *arguments]
    with TemporaryDirectory() as home:
        settings = inherited | {"XDG_DATA_HOME": home} | environment
        if all(map(forking.is_read_late, environment)):
            return forking.server().run(arguments, given, settings)
        return subprocess.run(command, input=given, capture_output=True, text=True, env=settings, timeout=60, check=False)


def on_terminal(*arguments: str, **environment: str) -> str:
    """What the command prints to a terminal of 100 columns, with its control sequences."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SICKBAY_")}
    terminal, ours = os.openpty()
    settings = inherited | {"TERM": "xterm-256color", "COLUMNS": "100"} | environment
    command = [sys.executable, "-m", "sickbay", *arguments]
    process = subprocess.Popen(command, stdin=ours, stdout=ours, stderr=ours, env=settings, start_new_session=True)
    os.close(ours)
    shown = b""
    with suppress(OSError), os.fdopen(terminal, "rb", buffering=0) as reading:  # EIO: the command has ended
        while part := reading.read(4096):
            shown += part
    process.wait(60)
    return shown.decode()
