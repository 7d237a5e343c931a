"""The data folder: where it is, and who serves it now."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from sickbay.cli.output import CommandError, note, wrong
from sickbay.kernel import private_files
from sickbay.settings import Settings
from sickbay.settings.database import is_database, shown

LOOKS = 5
RUNTIME, LOCK = "runtime.json", "serve.lock"


class ServerInfo(msgspec.Struct):
    """runtime.json. certificate: where it serves by https, the file that vouches for it. host: where it listens."""

    base: str
    pid: int
    port: int
    certificate: str | None = None
    host: str = "127.0.0.1"


def chosen(data: str | None) -> Path:
    """The folder for --data; without it, the user's own: $XDG_DATA_HOME/sickbay or ~/.local/share/sickbay.

    For a database it is one below that, which says who serves it from this machine and keeps no data.
    """
    if is_database(data):
        return _own() / "postgresql" / hashlib.sha256(_told(data).encode()).hexdigest()[:12]
    if data and "://" in data:
        wrong(f"--data takes a folder or postgresql://…, not {data.split('://')[0]}://.")
    try:
        return Path(data).expanduser() if data else _own()
    except RuntimeError:
        wrong(f"There is no home folder to find {data} in; write it from / on.")


def _own() -> Path:
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sickbay"
    except RuntimeError:
        wrong("There is no home folder to keep data in; name a folder with --data or SICKBAY_DATA, or set XDG_DATA_HOME.")


def settings(data: str | None, **more: Any) -> Settings:
    """For a command that opens the data itself."""
    return Settings(folder=chosen(data), data=data if is_database(data) else None, **more)


def made(folder: Path) -> None:
    """The folder, with those above it, for its owner only. Raises Trouble if we can't make it or write into it."""
    try:
        private_files.make_folder(folder)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{folder} cannot be made a folder ({error.strerror}); choose another place.") from error
    if not writable:
        raise CommandError(f"{folder} cannot be written into; choose another place, or give yourself the right to.")


@contextmanager
def drafts(folder: Path) -> Iterator[private_files.Drafts]:
    """The files that a command writes for a person. Raises Trouble."""
    try:
        with private_files.Drafts(folder) as files:
            yield files
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error


def claimed(folder: Path) -> None:
    """The data folder of a server: made, and closed to others. Says so if they can write into it all the same."""
    made(folder)
    if not private_files.claim(folder, (RUNTIME, LOCK, "sickbay.db")):
        note(f"Other users can write into {folder}, and so change what Sickbay stores. Run: chmod 700 {folder}")


def note_replaced(replaced: bool) -> None:
    if replaced:
        note(
            "The keys in this data folder stood in a public repository, so Sickbay made new ones; sign in again, and "
            "authorize your apps again."
        )


def _told(address: str) -> str:
    """What makes it this database: all but the password."""
    try:
        return f"{shown(address)}?{urlsplit(address).query}"
    except ValueError:
        wrong("--data is no address of a database; it looks like postgresql://user@host/database.")


def running(folder: Path) -> dict[str, Any] | None:
    """base and pid of the server that holds this folder; None where none does."""
    try:
        told = msgspec.json.decode(private_files.read_file(folder / RUNTIME), type=ServerInfo)
        os.kill(told.pid, 0)
    except (OSError, ValueError, private_files.NotPrivate):
        return None
    if not _is_held(folder):  # it died, and its number is another's by now
        return None
    return {name: value for name, value in msgspec.structs.asdict(told).items() if value is not None}


def _is_held(folder: Path) -> bool:
    try:
        with os.fdopen(private_files.open_file(folder / LOCK, os.O_RDONLY)) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except private_files.NotPrivate:
        return False
    except OSError as error:
        return error.errno == errno.EWOULDBLOCK
    return False


def _take(lock: IO[str]) -> None:
    """Raises OSError. Once more where it is taken: whoever looks whether it is holds it for a moment."""
    for _ in range(LOOKS):
        with suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.01)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """One server a folder: the second is told who the first is."""
    with _lock(folder / LOCK) as lock:
        try:
            _take(lock)
        except BlockingIOError as error:
            first = running(folder) or {}
            where = f" at {first['base']} (process {first['pid']})" if first else ""
            raise CommandError(
                f"Sickbay already serves {folder}{where}; stop it first, or choose another folder with --data."
            ) from error
        try:
            yield
        finally:
            (folder / RUNTIME).unlink(missing_ok=True)


def _lock(path: Path) -> IO[str]:
    try:
        return os.fdopen(private_files.open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a")
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error


def write(path: Path, value: dict[str, Any]) -> None:
    """Whole or not at all."""
    try:
        private_files.write_file(path, msgspec.json.format(msgspec.json.encode(value)) + b"\n")
    except private_files.NotPrivate as error:
        raise CommandError(str(error)) from error
