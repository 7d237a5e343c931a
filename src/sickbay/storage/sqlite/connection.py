"""Opens the database file: the pragmas that every connection needs, and the migrations under the write lock."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from sickbay.kernel import private_files
from sickbay.settings.database import CannotOpen, Damaged, DiskFails, DiskFull, Locked, ReadOnly, Stopping, Unavailable
from sickbay.storage.query.statement import Row
from sickbay.storage.sqlite.backup import backup_path, copy_database
from sickbay.storage.sqlite.migrations import STEPS

T = TypeVar("T")
LOG = logging.getLogger("sickbay")
PUBLISHED_CURSOR_KEYS = frozenset(("c49ee42cfd309f9901225842ee442b6c103567a36292169430180e7f8321d85a",))
"""SHA-256 of keys that were published in a public repository. sandbox/keys.py lists the others."""

LOCK_WAIT_SECONDS = 10.0
"""Seconds that a writer waits for another process before it gives up."""
REVISION = "SELECT value FROM meta WHERE name = 'revision'"
"""16 bytes: 8 that change with the records that caches depend on, and 8 that change with resources. An older Sickbay writes 8
bytes for both.
"""
_REVISE = "INSERT INTO meta VALUES ('revision', randomblob(16)) ON CONFLICT (name) DO UPDATE SET value = "
REVISE_RECORDS = f"{_REVISE}CAST(randomblob(8) || substr(value, -8) AS BLOB)"
REVISE_RESOURCES = f"{_REVISE}CAST(substr(value, 1, 8) || randomblob(8) AS BLOB)"
REVISE_BOTH = f"{_REVISE}excluded.value"
PAGE: Final = 4096
"""Bytes of a page."""
LARGE: Final = 32_000
"""128 MB. From this size on a checkpoint waits longer, and slow searches are stopped."""
SIGNAL_STEPS: Final = 100_000
"""Number of SQLite virtual machine steps after which a migration checks for signals."""
_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
"""Each connection is used by one thread at a time, so it needs no mutex."""
_TODO: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((apsw.NotADBError, apsw.CorruptError), "choose another data folder, or move that file elsewhere"),
    ((apsw.FullError, apsw.IOError), "free space on its disk, or choose another data folder"),
    ((apsw.CantOpenError, apsw.ReadOnlyError), "check that you have write permission, or choose another data folder"),
    ((apsw.BusyError,), "another process has been writing for too long; try again"),
)
_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""System errors that SQLite reports as "disk I/O error": a quota, or a limit on file size."""
_FAILURES: tuple[tuple[tuple[type[Exception], ...], type[Unavailable]], ...] = (
    ((apsw.ReadOnlyError, apsw.PermissionsError), ReadOnly),
    ((apsw.CorruptError, apsw.NotADBError), Damaged),
    ((apsw.IOError, apsw.CantOpenError), DiskFails),
    ((apsw.LockedError, apsw.ProtocolError), Locked),
)


def connect(path: Path | str, *, vfs: str | None = None, durable: bool = True) -> apsw.Connection:
    """Open a connection with our settings: WAL mode, and an acknowledged write is on disk. Raises CannotOpen.

    durable: False for a file that is deleted at the end. Then nothing waits for the disk.
    """
    with explain_open_failures(path):
        return retry_while_locked(partial(_open_connection, path, vfs, durable))


def require_sickbay_database(path: Path | str) -> None:
    """Check that the file is a Sickbay database before changing anything in it. Raises CannotOpen."""
    _make_private(Path(path))
    with explain_open_failures(path):
        tables = retry_while_locked(partial(_list_tables, path))
    if tables and not tables >= {"meta", "record", "resource"}:
        raise CannotOpen(f"{path} is the database of another program; choose another data folder, or move that file elsewhere.")


def _list_tables(path: Path | str) -> set[str]:
    with closing(apsw.Connection(str(path), flags=_OPEN)) as db:
        return {name for (name,) in fetch_rows(db, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def _make_private(path: Path) -> None:
    """Make the database and existing -wal and -shm files private. SQLite creates those with the mode of the database.

    Raises CannotOpen.
    """
    try:
        private_files.make_file(path)
        for companion in (path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm")):
            if os.path.lexists(companion):
                private_files.make_file(companion)
    except private_files.NotPrivate as error:
        raise CannotOpen(str(error)) from error
    except (OSError, ValueError) as error:
        raise CannotOpen(f"{path} cannot be opened ({error}); choose another data folder.") from error


@contextmanager
def explain_open_failures(path: Path | str) -> Iterator[None]:
    """Convert errors while opening a file to CannotOpen, with advice on what to do."""
    try:
        yield
    except (apsw.Error, UnicodeEncodeError) as error:
        advice = next((advice for kinds, advice in _TODO if isinstance(error, kinds)), "choose another data folder")
        raise CannotOpen(f"{path} cannot be opened ({error}); {advice}.") from error


def _open_connection(path: Path | str, vfs: str | None, durable: bool) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=_OPEN, vfs=vfs, statementcachesize=256)
    try:
        return _set_pragmas(connection, vfs, durable)
    except apsw.Error:
        connection.close()
        raise


def _set_pragmas(connection: apsw.Connection, vfs: str | None, durable: bool) -> apsw.Connection:
    if vfs is not None:  # a VFS written in Python has no shared memory, so WAL needs exclusive access to the file
        connection.pragma("locking_mode", "exclusive")
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full" if durable else "off")
    connection.pragma("cache_size", -16000)
    connection.pragma("temp_store", 2)
    connection.set_busy_timeout(5000)
    return connection


def make_room(connection: apsw.Connection) -> None:
    """Enlarge the page cache for large commits in a row, so that their pages stay in memory."""
    connection.pragma("cache_size", -64000)


def fetch_rows(connection: apsw.Connection, text: str, binds: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
    """Return all rows at once. A statement left open would hold back the checkpoint."""
    return connection.execute(text, binds).fetchall()


def begin_transaction(connection: apsw.Connection) -> None:
    """Begin to write when no other process writes. Raises apsw.BusyError after LOCK_WAIT_SECONDS."""
    connection.set_busy_timeout(0)
    retry_while_locked(partial(connection.execute, "BEGIN IMMEDIATE"))


def retry_while_locked(action: Callable[[], T]) -> T:
    """Repeat an action while another process holds the lock that it needs. Raises apsw.BusyError after LOCK_WAIT_SECONDS.

    SQLite's busy handler starves when several processes write, and isn't called while another process changes to WAL mode.
    """
    deadline, pause = time.monotonic() + LOCK_WAIT_SECONDS, 0.0005
    while True:
        try:
            return action()
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0, pause))
            pause = min(pause * 2, 0.02)


def translate_error(error: Exception, connection: apsw.Connection) -> Exception:
    """Translate an error of SQLite. Errors caused by the disk or another process become errors of `settings.database`."""
    if not isinstance(error, apsw.Error):
        return error
    file = connection.db_filename("main")
    if isinstance(error, apsw.InterruptError):
        return Stopping(f"Sickbay stopped while it wrote {file}; the change was not saved.")
    if isinstance(error, apsw.BusyError):
        return Locked(f"Another process has been writing to {file} for {LOCK_WAIT_SECONDS:g} s; try again.")
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and connection.system_errno in _FULL):
        return DiskFull(f"The disk with {file} is full ({error}); the change was not saved. Free some space and try again.")
    kind = next((kind for kinds, kind in _FAILURES if isinstance(error, kinds)), None)
    return error if kind is None else kind(f"{file}: {error}. Fix that and try again; no change was saved.")


def migrate(connection: apsw.Connection) -> None:
    """Migrate the file to the newest schema, and keep a copy of the old file.

    Raises CannotOpen if its schema is newer than this program, or if it can't be copied.
    """
    if read_schema_version(connection) == len(STEPS):
        return
    begin_transaction(connection)
    connection.set_progress_handler(_let_signals_in, SIGNAL_STEPS)
    try:
        _apply_migrations(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # if the disk fails, SQLite has already ended it
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.set_progress_handler(None)


def _let_signals_in() -> bool:
    """Does nothing itself, but Python runs signal handlers before calling it. One statement may take minutes."""
    return False


def _apply_migrations(connection: apsw.Connection) -> None:
    version = read_schema_version(connection)
    if version > len(STEPS):
        raise CannotOpen(
            f"The data folder was written by a newer version of Sickbay (schema {version}, this one supports {len(STEPS)}); "
            "use that version, or choose another folder with --data."
        )
    if 0 < version < len(STEPS):
        _keep_old_file(Path(connection.db_filename("main")), version)
    for step in STEPS[version:]:
        connection.execute(step)
    connection.execute("INSERT OR IGNORE INTO meta (name, value) VALUES ('cursor_key', ?)", (secrets.token_bytes(32),))
    connection.pragma("user_version", len(STEPS))


def _keep_old_file(database: Path, version: int) -> None:
    copy = backup_path(database, version).name
    LOG.warning("Upgrading %s from schema %d to %d. It is copied to %s first.", database, version, len(STEPS), copy)
    copy_database(database, version)


def replace_published_key(connection: apsw.Connection) -> None:
    """Replace a published cursor key. With the key, anyone can read from a URL where another user's page begins."""
    key = connection.execute("SELECT value FROM meta WHERE name = 'cursor_key'").get
    if hashlib.sha256(key).hexdigest() in PUBLISHED_CURSOR_KEYS:
        new = secrets.token_bytes(32)
        connection.execute("UPDATE meta SET value = ? WHERE name = 'cursor_key' AND value = ?", (new, key))


def read_schema_version(connection: apsw.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").get
    return version


def log_size(database: Path) -> int:
    """Bytes of a database's write-ahead log on the disk."""
    try:
        return Path(f"{database}-wal").stat().st_size
    except FileNotFoundError:
        return 0
