"""Opening the file: the pragmas every connection needs, and the migrations under the write lock."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from sickbay.settings.database import CannotOpen
from sickbay.storage.sql.statement import Row
from sickbay.storage.sqlite.migrations import STEPS

PATIENCE = 10.0
"""Seconds that a writer waits for another process before it gives up."""
_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
"""A connection is used by one thread at a time, so it needs no lock of its own."""


def connect(path: Path | str, *, vfs: str | None = None) -> apsw.Connection:
    """A connection with our settings: WAL, an answered write is on the disk."""
    try:
        return _tuned(apsw.Connection(str(path), flags=_OPEN, vfs=vfs, statementcachesize=256), vfs)
    except (apsw.NotADBError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.CorruptError) as error:
        raise CannotOpen(
            f"{path} cannot be opened ({error}); choose another data folder, or put that file away."
        ) from error


def _tuned(connection: apsw.Connection, vfs: str | None) -> apsw.Connection:
    connection.set_busy_timeout(5000)
    if vfs is not None:  # a VFS written in Python has no shared memory; WAL then needs the file for itself
        connection.pragma("locking_mode", "exclusive")
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("wal_autocheckpoint", 16_000)  # 64 MB: a page that many commits change goes to the file once
    connection.pragma("cache_size", -16000)
    connection.pragma("temp_store", 2)
    return connection


def make_room(connection: apsw.Connection) -> None:
    """For commits of many steps, one after the other: their pages stay in memory, and go to the file less often."""
    connection.pragma("wal_autocheckpoint", 32_000)
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


def migrate(connection: apsw.Connection) -> None:
    """Bring the file to the newest schema, and refuse one from the future."""
    if _version(connection) == len(STEPS):
        return
    begin(connection)
    try:
        _upgrade(connection)
        connection.execute("COMMIT")
    except BaseException:
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


def _version(connection: apsw.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").get
    return version
