"""Rows that wait until a transaction ends, then go in by many-row statements: far fewer steps than one by one."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import apsw

from sickbay.storage.sql.saving import COLUMNS
from sickbay.storage.terms import term_hash

HISTORY = "resource_history"
_TERM = "term"
_COLUMNS = {
    **COLUMNS,
    _TERM: ("hash", "system", "code"),
    HISTORY: ("nid", "version_id", "sequence", "at", "interaction", "who", "facts"),
}
_SIZES = (64, 16, 4, 1)
_FULL = 4096

Waiting: TypeAlias = dict[str, list[tuple[Any, ...]]]


class Rows:
    """Rows by table, of one job after the other. `flush` writes what waits, `settle` ends a job, `undo` forgets its rows."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._waiting: Waiting = {name: [] for name in _COLUMNS}
        self._terms: set[int] = set()
        self._written: Waiting = {}
        self.settle()

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        self._waiting[table].append(row)

    def term(self, system: str | None, code: str) -> int:
        """The hash of a coding, which the dictionary will know."""
        hash = term_hash(system, code)
        if hash not in self._terms:
            self._terms.add(hash)
            self._waiting[_TERM].append((hash, system or "", code))
        return hash

    def full(self) -> bool:
        return len(self._waiting["token_index"]) >= _FULL

    def settle(self) -> None:
        """What was added so far stays, whatever becomes of the next job."""
        self._settled = {table: len(rows) for table, rows in self._waiting.items()}
        self._written.clear()

    def undo(self) -> None:
        """As of the last `settle`. What was flushed since then is not in the database any more, so it waits again."""
        self._waiting = self._written or {table: rows[: self._settled[table]] for table, rows in self._waiting.items()}
        self._written = {}
        self._terms.clear()
        self.settle()

    def flush(self) -> None:
        self._written = self._written or {table: rows[: self._settled[table]] for table, rows in self._waiting.items()}
        for table, rows in self._waiting.items():
            if rows:
                rows.sort()  # neighbours go to the same page
                self._write(table, rows)
                rows.clear()

    def _write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        at = 0
        for size in _SIZES:
            while len(rows) - at >= size:
                self._db.execute(_text(table, size), [value for row in rows[at : at + size] for value in row])
                at += size


@cache
def _text(table: str, size: int) -> str:
    """A fact may be there twice; a version may not."""
    columns = _COLUMNS[table]
    one = f"({', '.join('?' * len(columns))})"
    twice = "" if table == HISTORY else " OR IGNORE"
    return f"INSERT{twice} INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * size)}"
