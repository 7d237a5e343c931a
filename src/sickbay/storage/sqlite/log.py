"""Bounds the size of SQLite's write-ahead log, also while other connections read without a pause."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

PAGE: Final = 4096
"""Bytes of a page."""
PAGES: Final = 16_000
"""64 MB. A page that many commits change is copied into the database once."""
STEP: Final = 2_000
"""Pages written between two attempts to restart the log."""
LARGE: Final = 32_000
"""128 MB. From this size on a checkpoint waits longer, and slow searches are stopped."""
PATIENCE, LONG_PATIENCE = 250, 4_000
"""Milliseconds that a checkpoint waits for readers. Other processes can't write during this time."""


class WriteAheadLog:
    """Restarts the log of a connection that writes. `shorten` is called after commits, when they have been answered.

    SQLite's automatic checkpoint copies the log into the database but never waits. It can start the log again from its
    beginning only if, at that moment, no connection reads from it. With two busy workers there is always one that does, so
    the log would grow without a bound. A RESTART checkpoint holds back writers until the current readers have ended; new
    readers no longer use the log.
    """

    def __init__(self, connection: apsw.Connection, pages: int = PAGES) -> None:
        self._connection = connection
        self._size = 0
        self._limit = self._next = pages
        connection.set_wal_hook(self._committed)
        connection.pragma("journal_size_limit", pages * PAGE)

    def shorten(self) -> None:
        """Restarts the log if it has reached its limit. If readers prevent that, tries again after STEP more pages."""
        if self._size < self._next:
            return
        try:
            self._restart()
        except apsw.Error:  # readers, another process's checkpoint, or the disk, which the next commit reports
            self._next = self._size + min(STEP, self._limit)
        else:
            self._size, self._next = 0, self._limit

    def _restart(self) -> None:
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)  # most of the work, without a lock
        self._connection.set_busy_timeout(LONG_PATIENCE if self._size >= LARGE else PATIENCE)
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        if pages < self._size:  # another process has restarted it
            self._next = self._limit
        self._size = pages
        return apsw.SQLITE_OK


def size(database: Path) -> int:
    """Bytes of a database's log on the disk."""
    try:
        return Path(f"{database}-wal").stat().st_size
    except FileNotFoundError:
        return 0
