"""The data folder: where it is, and which server runs on it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from sickbay.cli import config_file, signals
from sickbay.cli.output import CommandError, print_note, reject_argument
from sickbay.kernel import private_files
from sickbay.settings import Settings
from sickbay.settings.database import hide_password, is_database

LOOKS = 5
"""Attempts to take the lock."""
RUNTIME, LOCK = "runtime.json", "serve.lock"


class ServerInfo(msgspec.Struct, frozen=True):
    """The content of runtime.json. certificate: the file with the certificate for https. host: the address it listens on.

    database: the data isn't in this folder.
    """

    base: str
    pid: int
    port: int
    certificate: str | None = None
    host: str = "127.0.0.1"
    database: bool = False


def data_folder(data: str | None) -> Path:
    """The folder of --data. Default: $XDG_DATA_HOME/sickbay or ~/.local/share/sickbay.

    For a database, a folder below the default one. It records which server on this machine uses the database, and has no data.
    """
    if is_database(data):
        return _find_default_folder() / "postgresql" / hashlib.sha256(_drop_password(data).encode()).hexdigest()[:12]
    if data and "://" in data:
        reject_argument(f"--data must be a folder or postgresql://…, not {data.split('://')[0]}://.")
    try:
        return Path(data).expanduser() if data else _find_default_folder()
    except RuntimeError:
        reject_argument(f"{data} can't be found, because you have no home folder. Use a path that starts with /.")


def _find_default_folder() -> Path:
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sickbay"
    except RuntimeError:
        reject_argument("You have no home folder to store data in. Set --data, SICKBAY_DATA or XDG_DATA_HOME.")


def read_settings(data: str | None, **more: Any) -> Settings:
    """Settings for a command that opens the data itself."""
    cached = not config_file.is_on("no_population_cache")
    return Settings(folder=data_folder(data), data=data if is_database(data) else None, population_cache=cached, **more)


def create(folder: Path) -> None:
    """Creates the folder and its parents, for the owner only. Raises CommandError if it can't be created or written."""
    try:
        private_files.make_folder(folder)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        verb = "opened" if folder.is_dir() else "created"
        raise CommandError(f"The folder {folder} can't be {verb} ({error.strerror}). Choose another one.") from error
    if not writable:
        raise CommandError(f"You can't write to {folder}. Choose another folder, or change its permissions.")


@contextmanager
def open_drafts(folder: Path) -> Iterator[private_files.Drafts]:
    """Files that a command writes for the user. Raises CommandError."""
    try:
        with private_files.Drafts(folder) as files, signals.cleaning_up(files.discard):
            yield files
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error


def claim(folder: Path) -> None:
    """Creates the data folder of a server and closes it to other users. Warns if they can still write to it."""
    create(folder)
    if not private_files.claim(folder, (RUNTIME, LOCK, "sickbay.db")):
        print_note(f"Other users can write to {folder} and change what Sickbay stores. Run: chmod 700 {folder}")


def report_replaced_keys(replaced: bool) -> None:
    if replaced:
        print_note(
            "The keys in this data folder were published, so Sickbay replaced them. Sign in again, and authorize your apps "
            "again."
        )


def _drop_password(address: str) -> str:
    """The address without its password, which identifies the database."""
    try:
        return f"{hide_password(address)}?{urlsplit(address).query}"
    except ValueError:
        reject_argument("--data isn't a valid database address. Example: postgresql://user@host/database.")


def find_running_server(folder: Path) -> dict[str, Any] | None:
    """The `ServerInfo` of the server on this folder, as a dict without its empty fields; None if no server runs."""
    try:
        server = msgspec.json.decode(private_files.read_file(folder / RUNTIME), type=ServerInfo)
        os.kill(server.pid, 0)
    except (OSError, ValueError, private_files.NotPrivate):
        return None
    if not _is_locked(folder):  # it crashed, and another process has its pid now
        return None
    return {name: value for name, value in msgspec.structs.asdict(server).items() if value is not None}


def _is_locked(folder: Path) -> bool:
    try:
        with os.fdopen(private_files.open_file(folder / LOCK, os.O_RDONLY)) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except private_files.NotPrivate:
        return False
    except OSError as error:
        return error.errno == errno.EWOULDBLOCK
    return False


def _take_lock(lock: IO[str]) -> None:
    """Takes the lock. Retries, because `_is_locked` in another process holds it briefly. Raises OSError."""
    for _ in range(LOOKS):
        with suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.01)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Locks the folder for one server. Raises CommandError with the address of the server that holds the lock."""
    with _lock_file(folder / LOCK) as lock:
        try:
            _take_lock(lock)
        except BlockingIOError as error:
            first = find_running_server(folder) or {}
            where = f" at {first['base']} (process {first['pid']})" if first else ""
            raise CommandError(
                f"Sickbay already runs on {folder}{where}. Stop it first, or choose another folder with --data."
            ) from error
        forget = partial((folder / RUNTIME).unlink, missing_ok=True)
        try:
            with signals.cleaning_up(forget):
                yield
        finally:
            forget()


def _lock_file(path: Path) -> IO[str]:
    try:
        return os.fdopen(private_files.open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a")
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error


def write(path: Path, value: dict[str, Any]) -> None:
    """Writes the JSON file completely or not at all."""
    try:
        private_files.write_file(path, msgspec.json.format(msgspec.json.encode(value)) + b"\n")
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error
