"""Runs Sickbay in its own process for the duration of a `with` block."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
PATIENCE = 15.0


class Live(NamedTuple):
    """A running server. line: the output of `serve --json` (base, admin, tenants, users, apps)."""

    line: dict[str, Any]
    process: subprocess.Popen[str]

    @property
    def base(self) -> str:
        return str(self.line["base"])


@contextmanager
def serving(
    *arguments: str, environment: dict[str, str] | None = None, module: str = "sickbay", before: Sequence[str] = ()
) -> Iterator[Live]:
    """Run `sickbay serve --json` with these arguments, and stop it after the `with` block. Uses a free port if none is given.

    module: another module with the same command. before: a program, with its options, that runs the command. Raises
    RuntimeError with the error output if it doesn't start.
    """
    port = () if "--port" in arguments else ("--port", "0")
    command = [*before, sys.executable, "-m", module, "serve", *port, "--json", *arguments]
    inherited = {key: value for key, value in os.environ.items() if key not in PROXIES}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=inherited | (environment or {})
        )
        try:
            yield Live(_first_line(process, errors), process)
        finally:
            stop(process)


def _first_line(process: subprocess.Popen[str], errors: Any) -> dict[str, Any]:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        process.wait(PATIENCE)
        errors.seek(0)
        raise RuntimeError(f"sickbay serve ended with {process.returncode}: {errors.read().strip()}")
    return dict(json.loads(line))


def stop(process: subprocess.Popen[str]) -> int:
    """Terminate the process, or kill it after 15 seconds. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
    return process.returncode
