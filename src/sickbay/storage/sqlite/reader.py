"""Reads from one connection. Its statements on the event loop share one transaction per turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import apsw

from sickbay.kernel.memoize import CACHES
from sickbay.settings.database import Stopping, TooSlow
from sickbay.storage.query.keyset import Cut, read_bounded_rows
from sickbay.storage.query.statement import Row, Statement
from sickbay.storage.sqlite.connection import LARGE, PAGE, REVISION, connect, log_size, translate_error

_TICK, _TICKS = 10_000, 12
"""A query whose statements take more than 120,000 steps of SQLite's virtual machine (some ms) moves to the thread."""
_MANY_ROWS, _MANY_BYTES = 200, 2_000_000
"""A query with more rows or bytes than these also moves to the thread if it has further statements."""
MAXIMUM_STATEMENT_SECONDS = 30.0
"""Seconds that a statement on the thread may take."""
LONG_WITH_LARGE_LOG = 2.0
"""The same, in seconds, while the write-ahead log is large: it can't be restarted before the statement ends."""


class SqliteReader:
    """Shares read transactions, because beginning and ending one costs SQLite more than reading a row by its key.

    The first statement of a turn begins a transaction, and the next turn ends it. Nothing outdated is read: the callback for a
    finished commit, and everything that follows from it, runs in a later turn, after the call that ends this transaction.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self._path = path
        self.db = connect(path, durable=durable)
        self.db.pragma("query_only", True)
        self.db.config(
            apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1
        )  # otherwise SQLite may plan the statement again for a new bind value
        self.db.pragma("mmap_size", 1 << 30)  # a page of 50 bodies costs a third less; the file is never truncated
        self._open = False
        self._stamped = False
        self._revision: bytes | None = None
        self._record_stamp = self._resource_stamp = -1
        self._ticks: int | None = None
        self._spent, self._heavy = 0, False
        self._began: float | None = None
        self._stopping = False
        self.db.set_progress_handler(self._is_out_of_time, _TICK)

    def rows(self, text: str, binds: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Return all rows, on the event loop."""
        try:
            if not self._open:
                self._begin_transaction()
            return self.db.execute(text, binds).fetchall()
        except apsw.Error as error:
            raise translate_error(error, self.db) from error

    def one(self, text: str, binds: Sequence[Any] = ()) -> Any:
        """Return the only column of the only row, or the row if it has several columns; None if there is no row."""
        try:
            if not self._open:
                self._begin_transaction()
            return self.db.execute(text, binds).get
        except apsw.Error as error:
            raise translate_error(error, self.db) from error

    def stamp(self) -> int | None:
        """Return a number that changes whenever any process writes resources. None if caches are off.

        It is constant within a turn, which sees one state of the file.
        """
        if not CACHES:
            return None
        if not self._stamped or not self._open:
            self._look_for_commits()
        return self._resource_stamp

    def record_stamp(self) -> int | None:
        """Return the stamp of records. See `Store.stamp`."""
        if not CACHES:
            return None
        if not self._stamped or not self._open:
            self._look_for_commits()
        return self._record_stamp

    def _look_for_commits(self) -> None:
        revision: bytes | None = self.one(REVISION)
        if revision is None:  # nothing was stored yet, except perhaps what leaves the stamps unchanged
            self._record_stamp = self._resource_stamp = self.one("PRAGMA data_version")
        elif revision != self._revision:
            self._record_stamp, self._resource_stamp = int.from_bytes(revision[:8]), int.from_bytes(revision[-8:])
        self._revision, self._stamped = revision, True

    def ask(self) -> None:
        """Start a new query: the statements that follow belong to it."""
        self._spent = 0
        self._heavy = False

    def run_on_loop(self, statement: Statement) -> list[Row]:
        """Run a statement on the event loop. Raises apsw.InterruptError if the query takes long."""
        if self._heavy:
            raise apsw.InterruptError
        self._ticks = self._spent
        try:
            if not self._open:
                self._begin_transaction()
            rows = _read_rows(self.db, statement)
            if statement.body >= 0 and len(rows) > _MANY_ROWS:
                self._heavy = sum(len(row[statement.body]) for row in rows) > _MANY_BYTES
            return rows
        except apsw.InterruptError:
            raise
        except apsw.Error as error:
            raise translate_error(error, self.db) from error
        finally:
            self._spent, self._ticks = self._ticks, None

    def run_on_thread(self, statement: Statement) -> list[Row]:
        """Run a statement on a thread. Raises TooSlow and Stopping."""
        self._began = monotonic()
        try:
            return _read_rows(self.db, statement)
        except apsw.InterruptError:
            if self._stopping:
                raise Stopping("Sickbay stopped during a search.") from None
            raise TooSlow(f"A search took longer than {monotonic() - self._began:.1f} s and was stopped.") from None
        except apsw.Error as error:
            raise translate_error(error, self.db) from error
        finally:
            self._began = None

    def stop(self) -> None:
        """Let the running statement and all later ones raise Stopping. Called on another thread."""
        self._stopping = True

    def close(self) -> None:
        self._open = False
        self.db.close()

    def _begin_transaction(self) -> None:
        try:
            asyncio.get_running_loop().call_soon(self._end_transaction)
        except RuntimeError:  # without a running loop, each statement is its own transaction
            return
        self.db.execute("BEGIN")
        self._open, self._stamped = True, False

    def _end_transaction(self) -> None:
        if self._open:
            self._open = False
            try:  # noqa: SIM105  # each turn comes here, and `suppress` would cost more than the statement
                self.db.execute("COMMIT")
            except apsw.Error:  # the disk failed, and SQLite has ended the transaction
                pass

    def _is_out_of_time(self) -> bool:
        """Return whether SQLite should stop the statement."""
        if self._began is not None:
            elapsed = monotonic() - self._began
            large = elapsed > LONG_WITH_LARGE_LOG and log_size(self._path) > LARGE * PAGE
            return large or elapsed > MAXIMUM_STATEMENT_SECONDS or self._stopping
        if self._ticks is None:
            return False
        self._ticks += 1
        return self._ticks > _TICKS


def _read_rows(db: apsw.Connection, statement: Statement) -> list[Row]:
    cursor = db.execute(statement.text, statement.binds)
    if statement.body < 0:
        return cursor.fetchall()
    rows = read_bounded_rows(cursor, statement.body)
    if isinstance(rows, Cut):
        cursor.close()
    return rows
