"""Opening the file: the pragmas every connection needs, and the migrations under the write lock."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw

from sickbay.kernel import private_files
from sickbay.settings.database import CannotOpen, DiskFails, Unavailable
from sickbay.storage.query.statement import Row
from sickbay.storage.sqlite.migrations import STEPS

PUBLISHED_CURSOR_KEYS = frozenset(("c49ee42cfd309f9901225842ee442b6c103567a36292169430180e7f8321d85a",))
"""SHA-256 of keys that stood in a public repository; sandbox/keys.py knows the others."""

PATIENCE = 10.0
"""Seconds that a writer waits for another process before it gives up."""
REVISED = "INSERT OR REPLACE INTO meta (name, value) VALUES ('revision', randomblob(8))"
REVISION = "SELECT value FROM meta WHERE name = 'revision'"
"""Another after every commit of more than notes aside: SQLite's own number tells of those too."""
_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
"""A connection is used by one thread at a time, so it needs no lock of its own."""
_TODO: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((apsw.NotADBError, apsw.CorruptError), "choose another data folder, or put that file away"),
    ((apsw.FullError, apsw.IOError), "make room on its disk, or choose another data folder"),
    ((apsw.CantOpenError, apsw.ReadOnlyError), "see that you may write there, or choose another data folder"),
    ((apsw.BusyError,), "another process has been writing for long; try again"),
)
_BROKEN = (apsw.FullError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.CorruptError, apsw.NotADBError)


def connect(path: Path | str, *, vfs: str | None = None) -> apsw.Connection:
    """A connection with our settings: WAL, an answered write is on the disk. Raises CannotOpen."""
    with opening(path):
        return _tuned(apsw.Connection(str(path), flags=_OPEN, vfs=vfs, statementcachesize=256), vfs)


def must_be_ours(path: Path | str) -> None:
    """Before anything is changed in it. Raises CannotOpen."""
    _made_private(Path(path))
    with opening(path), closing(apsw.Connection(str(path), flags=_OPEN)) as db:
        tables = {name for (name,) in rows(db, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not tables >= {"meta", "record", "resource"}:
        raise CannotOpen(f"{path} is the database of another program; choose another data folder, or put that file away.")


def _made_private(path: Path) -> None:
    """SQLite gives the -wal and -shm files the mode of the database. Raises CannotOpen."""
    try:
        private_files.make_file(path)
        for beside in (path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm")):
            if os.path.lexists(beside):
                private_files.make_file(beside)
    except private_files.NotPrivate as error:
        raise CannotOpen(str(error)) from error
    except (OSError, ValueError) as error:
        raise CannotOpen(f"{path} cannot be opened ({error}); choose another data folder.") from error


@contextmanager
def opening(path: Path | str) -> Iterator[None]:
    """What SQLite refuses while a file is opened becomes CannotOpen, with what can be done about it."""
    try:
        yield
    except (apsw.Error, UnicodeEncodeError) as error:
        said = next((said for kinds, said in _TODO if isinstance(error, kinds)), "choose another data folder")
        raise CannotOpen(f"{path} cannot be opened ({error}); {said}.") from error


def _tuned(connection: apsw.Connection, vfs: str | None) -> apsw.Connection:
    connection.set_busy_timeout(5000)
    if vfs is not None:  # a VFS written in Python has no shared memory; WAL then needs the file for itself
        connection.pragma("locking_mode", "exclusive")
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("cache_size", -16000)
    connection.pragma("temp_store", 2)
    return connection


def make_room(connection: apsw.Connection) -> None:
    """For commits of many steps, one after the other: their pages stay in memory."""
    connection.pragma("cache_size", -64000)


def rows(connection: apsw.Connection, text: str, binds: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
    """All rows at once: a statement left open would hold back the checkpoint."""
    return connection.execute(text, binds).fetchall()


def begin(connection: apsw.Connection) -> None:
    """BEGIN IMMEDIATE with our own patience: SQLite's busy handler starves where several processes write."""
    connection.set_busy_timeout(0)
    deadline, pause = time.monotonic() + PATIENCE, 0.0005
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0, pause))
            pause = min(pause * 2, 0.02)


def told(error: Exception, connection: apsw.Connection) -> Exception:
    """An error of a write as everybody above knows it: what the disk or another writer does is no fault of ours."""
    file = connection.db_filename("main")
    if isinstance(error, apsw.BusyError):
        return Unavailable(f"{file} has been written by another process for {PATIENCE:g} s; try again.")
    if isinstance(error, _BROKEN):
        return DiskFails(f"{file} cannot be written ({error}); nothing of this was kept. Mend that, and do it again.")
    return error


def migrate(connection: apsw.Connection) -> None:
    """Bring the file to the newest schema, and refuse one from the future."""
    if _version(connection) == len(STEPS):
        return
    begin(connection)
    try:
        _upgrade(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # where the disk fails SQLite has ended it by itself
            connection.execute("ROLLBACK")
        raise


def _upgrade(connection: apsw.Connection) -> None:
    version = _version(connection)
    if version > len(STEPS):
        raise CannotOpen(
            f"The data folder was written by a newer Sickbay (schema {version}, this one knows {len(STEPS)}); "
            "take that Sickbay, or choose another folder with --data."
        )
    for step in STEPS[version:]:
        connection.execute(step)
    connection.execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('cursor_key', ?)", (secrets.token_bytes(32),))
    connection.pragma("user_version", len(STEPS))


def replace_published_key(connection: apsw.Connection) -> None:
    """Whoever has the key of the cursors reads in an address where a page of somebody else begins."""
    key = connection.execute("SELECT value FROM meta WHERE name = 'cursor_key'").get
    if hashlib.sha256(key).hexdigest() in PUBLISHED_CURSOR_KEYS:
        new = secrets.token_bytes(32)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'cursor_key' AND value = ?", (new, key))


def _version(connection: apsw.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").get
    return version
