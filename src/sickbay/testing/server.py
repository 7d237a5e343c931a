"""Runs Sickbay in its own process for the duration of a `with` block."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any, NamedTuple

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
START_SECONDS = 180.0
STOP_SECONDS = 15.0
LINES_SHOWN = 20
BYTES_READ = 10_000
"""If a server doesn't start, its last lines are shown. Only its last bytes are read for them."""


class Live(NamedTuple):
    """A running server. line: the output of `serve --json` (base, admin, tenants, users, apps). errors: its error output.

    admin_token: not needed on the same machine.
    """

    line: dict[str, Any]
    process: subprocess.Popen[str]
    errors: IO[str]
    admin_token: None = None

    @property
    def base(self) -> str:
        return str(self.line["base"])

    def ending(self) -> str:
        """Returns how the server ended, as the end of a message; "" if it is running."""
        code = self.process.poll()
        return "" if code is None else f". It ended with {code}.{read_last_lines(self.errors)}"


@contextmanager
def serving(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    module: str = "sickbay",
    command: Sequence[str] | None = None,
    inherited: Mapping[str, str] | None = None,
    start_seconds: float = START_SECONDS,
) -> Iterator[Live]:
    """Run `sickbay serve --json` with these arguments, and stop it after the `with` block. Uses a free port if none is given.

    environment: added to the inherited one, which is that of this process unless it is given. module: another module with the
    same command. command: another way to start Sickbay, such as ["/opt/sickbay/bin/sickbay"]. Raises RuntimeError with the last
    lines of its error output if it doesn't start in time.
    """
    port = () if any(argument.partition("=")[0] == "--port" for argument in arguments) else ("--port", "0")
    start = [*(command or (sys.executable, "-m", module)), "serve", *port, "--json", *arguments]
    given = {key: value for key, value in (inherited or os.environ).items() if key not in PROXIES} | dict(environment or {})
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = _start_process(start, given, errors)
        try:
            yield Live(_read_ready_line(process, errors, start_seconds), process, errors)
        finally:
            stop(process)


def _start_process(command: Sequence[str], environment: Mapping[str, str], errors: IO[str]) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", env=environment)
    except OSError as error:
        raise RuntimeError(f"`{command[0]}` can't be started: {error.strerror or error}.") from error


def _read_ready_line(process: subprocess.Popen[str], errors: IO[str], seconds: float) -> dict[str, Any]:
    """The JSON line that it prints when it is ready. Raises RuntimeError."""
    lines: Queue[str] = Queue()
    output = process.stdout
    assert output
    Thread(target=lambda: lines.put(_read_line(output)), daemon=True).start()
    try:
        line = lines.get(timeout=seconds)
    except Empty:
        raise RuntimeError(
            f"{_name_of_process(process)} wasn't ready within {seconds:g} seconds.{read_last_lines(errors)}"
        ) from None
    if not line:
        code = process.wait(STOP_SECONDS)
        raise RuntimeError(f"{_name_of_process(process)} ended with {code}.{read_last_lines(errors)}")
    try:
        return dict(json.loads(line))
    except ValueError:
        printed = line.strip()[:200]
        raise RuntimeError(
            f"{_name_of_process(process)} printed `{printed}` instead of a line of JSON.{read_last_lines(errors)}"
        ) from None


def _name_of_process(process: subprocess.Popen[str]) -> str:
    """The command, without the options that every test has."""
    words = list(map(str, process.args)) if isinstance(process.args, list) else [str(process.args)]
    return f"`{shlex.join(words[: words.index('serve') + 1])}`"


def _read_line(output: IO[str]) -> str:
    with suppress(ValueError):  # the process was stopped, and its output closed
        return output.readline()
    return ""


def read_last_lines(errors: IO[str]) -> str:
    """The end of the error output, as the end of a message. Doesn't move the position at which the process writes."""
    file = errors.fileno()
    size = os.fstat(file).st_size
    text = os.pread(file, BYTES_READ, max(0, size - BYTES_READ)).decode("utf-8", "replace")
    lines = text.strip().splitlines()[-LINES_SHOWN:]
    return " Its last lines:\n" + "\n".join(lines) if lines else " It printed no error."


def stop(process: subprocess.Popen[str]) -> int:
    """Terminate the process, or kill it after 15 seconds. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
    return process.returncode
