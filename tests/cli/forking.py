"""Runs commands in processes that are forked from one that has imported them: imports take most of the time of a command.

Each is its own process, with its own arguments, environment, folder and files, as if it had just been started.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

METRICS = "PROMETHEUS_MULTIPROC_DIR"
IMPORTED = (
    "sickbay.cli.main",
    "sickbay.cli.admin_client",
    "sickbay.cli.command_line",
    "sickbay.cli.running_servers",
    "cyclopts.config",
    "sickbay.cli.commands.apps",
    "sickbay.cli.commands.doctor",
    "sickbay.cli.commands.export",
    "sickbay.cli.commands.launch",
    "sickbay.cli.commands.load",
    "sickbay.cli.commands.population",
    "sickbay.cli.commands.reset",
    "sickbay.cli.commands.rules",
    "sickbay.cli.commands.token",
    "sickbay.storage.sqlite.store",
    "sickbay.web.admin.application",
    "sickbay.cli.commands.serve",
    "sickbay.web.app",
    "sickbay.sandbox.sandbox",
    "uvicorn",
)
LATE_VARIABLES = ("SICKBAY_", "XDG_")
"""The beginnings of the variables that are read when a command runs. Python reads others when it starts."""
REQUEST_BYTES = 1 << 20
SECONDS = 60
"""Seconds that a command may take."""


class ForkServer:
    """The process that has the imports, and the socket by which it gets commands.

    metrics: a folder for the metrics of several workers, if it is for servers that fork those too.
    """

    def __init__(self, metrics: str | None = None) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = os.environ | ({METRICS: metrics} if metrics else {})  # the library reads it at its import
        with theirs:
            command = [sys.executable, "-m", "tests.cli.forking", str(theirs.fileno())]
            options: dict[str, Any] = {"pass_fds": [theirs.fileno()], "cwd": Path(__file__).parents[2], "env": environment}
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        atexit.register(self.stop)

    def stop(self) -> None:
        self._socket.close()
        self._process.wait()

    def run(self, arguments: Sequence[str], given: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command with this text as its input. Raises TimeoutExpired."""
        with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
            stdin.write(given.encode())
            stdin.seek(0)
            process = self.start(arguments, environment, stdin, stdout, stderr)
            try:
                code = process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            return subprocess.CompletedProcess(arguments, code, _text(stdout), _text(stderr))

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], *standard: IO[Any]) -> Forked:
        """Start a command with these as its standard input, output and error output."""
        reading, writing = os.pipe()
        request = json.dumps([arguments, dict(environment), os.getcwd()]).encode()
        socket.send_fds(self._socket, [request], [*(file.fileno() for file in standard), writing])
        os.close(writing)
        return Forked(arguments, os.fdopen(reading, "rb", buffering=0))

    def serve(self, command: Sequence[str], environment: Mapping[str, str], errors: IO[str]) -> Forked:
        """Start `python -m sickbay …`. What it prints is read from a pipe."""
        reading, writing = os.pipe()
        with open(os.devnull, "rb") as stdin, os.fdopen(writing, "wb") as stdout:
            process = self.start(command[3:], environment, stdin, stdout, errors)
        process.args, process.stdout = command, os.fdopen(reading, encoding="utf-8")
        return process


class Forked(subprocess.Popen[str]):
    """A process that the fork server started. It is no child of this one, so its exit code arrives by a pipe."""

    def __init__(self, arguments: Sequence[str], result: IO[bytes]) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._result = result
        self.pid = int(result.readline())

    def poll(self) -> int | None:
        return self._receive(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._receive(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _receive(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._result], [], [], seconds)[0]:
            with self._result:
                self.returncode = int(self._result.readline())
        return self.returncode


@cache
def server() -> ForkServer:
    """The server of this process. It ends when this process ends, because its socket is closed then."""
    return ForkServer()


@cache
def server_with_workers() -> ForkServer:
    """The same for servers with several workers, which are forked too: their imports take as long as those of a command."""
    folder = TemporaryDirectory(prefix="metrics-")
    atexit.register(folder.cleanup)
    return ForkServer(folder.name)


def is_read_late(variable: str) -> bool:
    """Whether a process that has imported the command still reads this variable."""
    return variable.startswith(LATE_VARIABLES) and variable != "SICKBAY_CACHES"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n").replace("\r", "\n")  # as subprocess does with text


def _serve(requests: socket.socket) -> None:
    """Fork a process for each command, until no one can send one. Returns only in those processes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, files, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 4)
        if not request:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return _begin(request, files)
        for file in files:
            os.close(file)


def _begin(request: bytes, files: list[int]) -> None:
    """Return in the process of the command. Its parent reports how it ended."""
    arguments, environment, folder = json.loads(request)
    *standard, result = files
    number = os.fork()
    if number:
        os.write(result, f"{number}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        os.write(result, f"{code}\n".encode())
        os._exit(0)
    os.close(result)
    for target, file in enumerate(standard):
        os.dup2(file, target)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)


def _fork_workers() -> None:
    """Let uvicorn fork its workers. Otherwise each would import everything again."""
    import multiprocessing

    from uvicorn import _subprocess

    begin = _subprocess.subprocess_started

    def begin_fork(**given: Any) -> None:
        _forget_parent()
        begin(**given)

    _subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]
    _subprocess.subprocess_started = begin_fork  # type: ignore[assignment]


def _forget_parent() -> None:
    """Handle signals as a new process does, without what the process that forked this one has to clean up."""
    from sickbay.cli import signals

    signals._cleanups.clear()
    sys.unraisablehook = sys.__unraisablehook__
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


if __name__ == "__main__":
    gc.disable()
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # otherwise each process would copy what it only looks at
    if METRICS in os.environ:
        _fork_workers()
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        _serve(inherited)
    from sickbay.__main__ import main

    main()
