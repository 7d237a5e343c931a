"""A connection that reads. Its statements on the event loop share one transaction a turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import apsw

from sickbay.kernel.memoize import CACHES
from sickbay.settings.database import TooSlow
from sickbay.storage.query.statement import Cut, Row, Statement, bounded
from sickbay.storage.sqlite.connection import REVISION, connect
from sickbay.storage.sqlite.log import LARGE, PAGE, size

_TICK, _TICKS = 10_000, 12
"""A question whose statements take more than 120,000 steps of SQLite's machine (some ms) is long, and moves to the thread."""
_MANY, _HEAVY = 200, 2_000_000
"""A question with more rows or bytes than these also moves to the thread if it has further statements."""
LONGEST = 30.0
"""Seconds that a statement on the thread may take."""
LONG_WITH_LARGE_LOG = 2.0
"""The same while the write-ahead log is large: it can't be restarted before the statement ends."""


class SqliteReader:
    """Beginning and ending a transaction costs SQLite more than reading a row by its key.

    So the first statement of a turn begins one, and the next turn ends it. Nobody sees anything too old: whoever is told of
    a commit, or asks after somebody was told, is called in a later turn, behind the call that ends this one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.db = connect(path)
        self.db.pragma("query_only", True)
        self.db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # else a new value for a bind may plan the statement anew
        self.db.pragma("mmap_size", 1 << 30)  # a page of 50 bodies costs a third less; the file is never truncated
        self._open = False
        self._stamp: int | None = None
        self._version = self._revision = -1
        self._ticks: int | None = None
        self._spent, self._heavy = 0, False
        self._began: float | None = None
        self.db.set_progress_handler(self._tick, _TICK)

    def rows(self, text: str, binds: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """All rows, on the event loop."""
        if not self._open:
            self._begin()
        return self.db.execute(text, binds).fetchall()

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        """The only column of the only row, or the row; None where there is none."""
        if not self._open:
            self._begin()
        return self.db.execute(text, binds).get

    def stamp(self) -> int | None:
        """Another number whenever anybody has written more than notes aside; the same for all of a turn, which sees one state
        of the file. None if caches are off.
        """
        if not CACHES:
            return None
        if not self._open:
            self._begin()
        if self._stamp is None or not self._open:
            version: int = self.db.execute("PRAGMA data_version").get
            if version != self._version:
                found: bytes | None = self.db.execute(REVISION).get
                self._version, self._revision = version, version if found is None else int.from_bytes(found)
            self._stamp = self._revision
        return self._stamp

    def ask(self) -> None:
        """The statements that follow belong to a new question."""
        self._spent = 0
        self._heavy = False

    def brief(self, statement: Statement) -> list[Row]:
        """On the event loop. Raises apsw.InterruptError where it proves long."""
        if self._heavy:
            raise apsw.InterruptError
        self._ticks = self._spent
        try:
            if not self._open:
                self._begin()
            found = _rows(self.db, statement)
            if statement.body >= 0 and len(found) > _MANY:
                self._heavy = sum(len(row[statement.body]) for row in found) > _HEAVY
            return found
        finally:
            self._spent, self._ticks = self._ticks, None

    def long(self, statement: Statement) -> list[Row]:
        """On a thread. Raises TooSlow."""
        self._began = monotonic()
        try:
            return _rows(self.db, statement)
        except apsw.InterruptError:
            raise TooSlow(f"A search took longer than {monotonic() - self._began:.1f} s and was stopped.") from None
        finally:
            self._began = None

    def close(self) -> None:
        self._open = False
        self.db.close()

    def _begin(self) -> None:
        try:
            asyncio.get_running_loop().call_soon(self._end)
        except RuntimeError:  # no loop here: each statement is by itself
            return
        self.db.execute("BEGIN")
        self._open, self._stamp = True, None

    def _end(self) -> None:
        if self._open:
            self._open = False
            self.db.execute("COMMIT")

    def _tick(self) -> bool:
        """Whether SQLite should stop the statement."""
        if self._began is not None:
            taken = monotonic() - self._began
            return taken > LONGEST or (taken > LONG_WITH_LARGE_LOG and size(self._path) > LARGE * PAGE)
        if self._ticks is None:
            return False
        self._ticks += 1
        return self._ticks > _TICKS


def _rows(db: apsw.Connection, statement: Statement) -> list[Row]:
    found = db.execute(statement.text, statement.binds)
    if statement.body < 0:
        return found.fetchall()
    rows = bounded(found, statement.body)
    if isinstance(rows, Cut):
        found.close()
    return rows
