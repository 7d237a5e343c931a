"""Collects rows until a transaction ends, then inserts many per statement, which takes far fewer steps."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import Any, TypeAlias

import apsw

from sickbay.storage.query.saving import COLUMNS
from sickbay.storage.terms import term_hash

HISTORY = "resource_history"
_TERM = "term"
_COLUMNS = {
    **COLUMNS,
    _TERM: ("hash", "system", "code"),
    HISTORY: ("nid", "version_id", "sequence", "at", "interaction", "who", "facts"),
}
_SIZES = (64, 16, 4, 1)
_FULL = 65_536

TableRows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""Rows by table, as the values of their columns."""


class Rows:
    """The pending rows of successive jobs. `flush` writes them; `undo` drops those added since `settle`."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._settled: list[TableRows] = []
        self._own: list[TableRows] = []
        self._count = 0
        self._terms: set[int] = set()
        self._flushed: list[TableRows] = []

    def add(self, rows: TableRows) -> None:
        self._own.append(rows)
        self._count += sum(map(len, rows.values()))

    def term(self, system: str | None, code: str) -> int:
        """Return the hash of a coding and add the coding to the dictionary."""
        hash = term_hash(system, code)
        if hash not in self._terms:
            self._terms.add(hash)
            self._own.append({_TERM: [(hash, system or "", code)]})
        return hash

    def full(self) -> bool:
        return self._count >= _FULL

    def settle(self) -> None:
        """Keep what was added so far, even if the next job is undone."""
        self._settled += self._own
        self._own.clear()
        self._count = 0
        self._flushed.clear()

    def undo(self) -> None:
        """Return to the last `settle`. Rows flushed since then were rolled back from the database, so they become pending
        again.
        """
        self._settled = self._flushed + self._settled
        self._flushed = []
        self._own.clear()
        self._count = 0
        self._terms.clear()

    def flush(self) -> None:
        waiting: TableRows = {}
        for batch in chain(self._settled, self._own):
            for table, rows in batch.items():
                if table in waiting:
                    waiting[table] += rows
                else:
                    waiting[table] = [*rows]
        for table, rows in waiting.items():
            rows.sort()  # adjacent rows go to the same page
            self._write(table, rows)
        self._flushed += self._settled
        self._settled, self._own, self._count = [], [], 0

    def _write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        offset = 0
        for size in _SIZES:
            while len(rows) - offset >= size:
                self._db.execute(_text(table, size), list(chain.from_iterable(rows[offset : offset + size])))
                offset += size


@cache
def _text(table: str, size: int) -> str:
    """Return an INSERT of `size` rows. Duplicate facts are ignored; a duplicate version is an error."""
    columns = _COLUMNS[table]
    placeholders = f"({', '.join('?' * len(columns))})"
    or_ignore = "" if table == HISTORY else " OR IGNORE"
    return f"INSERT{or_ignore} INTO {table} ({', '.join(columns)}) VALUES {', '.join([placeholders] * size)}"
