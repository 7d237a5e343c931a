"""Finds the server that a command without --data means: of those that this user runs, the one that was started last.

Each server lists itself in a folder below the default data folder, because its own data can be anywhere, such as in the
temporary folder of --ephemeral.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from sickbay.cli import folder as folders
from sickbay.cli.output import CommandError, print_note
from sickbay.kernel import private_files
from sickbay.kernel.english import join

FOLDER = "servers"


class RunningServer(msgspec.Struct, frozen=True):
    """folder: the one with its runtime.json. started: epoch seconds. place: its data as --data names it, without a password."""

    folder: str
    base: str
    pid: int
    started: float
    place: str


def add_server(folder: Path, base: str, place: str) -> None:
    """Lists the server of this process. Without a home folder, the server works too, but commands don't find it."""
    server = RunningServer(str(folder.absolute()), base, os.getpid(), time.time(), place)
    with suppress(OSError, CommandError, private_files.NotPrivate):
        private_files.make_folder(_registry_folder())
        private_files.write_file(_file_of_process(server.pid), msgspec.json.encode(server))


@contextmanager
def remove_afterwards() -> Iterator[None]:
    """Removes the server of this process from the list when it has ended."""
    try:
        yield
    finally:
        with suppress(CommandError):
            _remove_entry(_file_of_process(os.getpid()))


def list_running_servers() -> list[RunningServer]:
    """The servers that this user runs, the one that was started last at the end. Forgets those that have ended."""
    servers = []
    with suppress(OSError, CommandError):
        for entry in sorted(_registry_folder().glob("*.json")):
            server = _read_server(entry)
            if server is None:
                _remove_entry(entry)
            else:
                servers.append(server)
    return sorted(servers, key=lambda server: (server.started, server.pid))


def choose_data_folder(data: str | None) -> str | None:
    """The data folder of the server that a command means; None for the default folder. data: --data, if it was given.

    Says on standard error which server it is, unless it is the only one and on the default folder.
    """
    servers = [] if data else list_running_servers()
    if not servers:
        return data
    *others, last = servers
    is_default = Path(last.folder) == folders.data_folder(None).absolute()
    if others:
        places = join([f"--data {server.place} ({server.base})" for server in others], "or")
        print_note(
            f"sickbay: {len(servers)} servers are running. Using the one that you started last: {last.base}. To use "
            f"{'the other one' if len(others) == 1 else 'another one'}, add {places}."
        )
    elif not is_default:
        print_note(f"sickbay: Using the server at {last.base} (--data {last.place}).")
    return None if is_default else last.folder


def _registry_folder() -> Path:
    return folders.data_folder(None) / FOLDER


def _file_of_process(pid: int) -> Path:
    return _registry_folder() / f"{pid}.json"


def _read_server(entry: Path) -> RunningServer | None:
    """The server of an entry; None if it has ended."""
    try:
        server = msgspec.json.decode(private_files.read_file(entry), type=RunningServer)
    except (OSError, ValueError, private_files.NotPrivate):
        return None
    running = folders.find_running_server(Path(server.folder))
    return server if running is not None and running["pid"] == server.pid else None


def _remove_entry(entry: Path) -> None:
    """Removes an entry, and the folder if it was the last one."""
    with suppress(OSError):
        entry.unlink(missing_ok=True)
        entry.parent.rmdir()
