"""Rows of several jobs that wait until they are inserted together, which takes fewer steps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

import apsw

from sickbay.storage.query.saving import COLUMNS, IndexRow
from sickbay.storage.terms import term_hash

HISTORY = "resource_history"
_TERM = "term"
_COLUMNS = {
    **COLUMNS,
    _TERM: ("hash", "system", "code"),
    HISTORY: ("nid", "version_id", "sequence", "at", "interaction", "who", "facts", "undo"),
}
FULL_ROWS = 65_536
"""Rows after which they are written early, and codings that are remembered."""

TableRows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""Rows by table, as the values of their columns."""


class PendingRows:
    """The pending rows of successive jobs. `flush` writes them; `undo` drops those added since `settle`."""

    def __init__(self, db: apsw.Connection, known_terms: Mapping[tuple[str | None, str], int]) -> None:
        self._db = db
        self._known_terms = known_terms
        self._settled: TableRows = {}
        self._own: TableRows = {}
        self._flushed: TableRows = {}
        """The settled rows that were written since the last `settle`."""
        self._count = 0
        self.terms: dict[tuple[str | None, str], int] = {}
        """The hashes of codings that are stored once the transaction is committed."""

    def append(self, table: str, row: tuple[Any, ...]) -> None:
        self._own.setdefault(table, []).append(row)
        self._count += 1

    def add(self, added: Mapping[str, list[IndexRow]]) -> None:
        own = self._own
        for table, table_rows in added.items():
            if table in own:
                own[table] += table_rows
            else:
                own[table] = table_rows
            self._count += len(table_rows)

    def term(self, system: str | None, code: str) -> int:
        """Return the hash of a coding, and add the coding to the dictionary unless it is known to be there."""
        key = system, code
        hash = self._known_terms.get(key) or self.terms.get(key)
        if hash is None:
            hash = self.terms[key] = term_hash(system, code)
            self.append(_TERM, (hash, system or "", code))
        return hash

    def is_full(self) -> bool:
        return self._count >= FULL_ROWS

    def settle(self) -> None:
        """Keep what was added so far, even if the next job is undone."""
        _extend(self._settled, self._own)
        self._own, self._flushed, self._count = {}, {}, 0

    def undo(self) -> None:
        """Return to the last `settle`. Rows flushed since then were rolled back from the database, so they become pending
        again.
        """
        _extend(self._settled, self._flushed)
        self._own, self._flushed, self._count = {}, {}, 0
        self.terms.clear()

    def flush(self) -> None:
        pending = self._own
        _extend(pending, self._settled)
        for table, table_rows in pending.items():
            self._write(table, table_rows)
        _extend(self._flushed, self._settled)
        self._settled, self._own, self._count = {}, {}, 0
        if len(self.terms) > FULL_ROWS:
            self.terms.clear()

    def _write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        offset, left = 0, len(rows)
        if left == 1:
            self._db.execute(insertion(table, 1), rows[0])
            return
        rows.sort()  # adjacent rows go to the same page
        while left:
            size = 64 if left >= 64 else 16 if left >= 16 else min(left, 8)
            self._db.execute(insertion(table, size), list(chain.from_iterable(rows[offset : offset + size])))
            offset, left = offset + size, left - size


def _extend(rows: TableRows, added: TableRows) -> None:
    for table, table_rows in added.items():
        rows.setdefault(table, []).extend(table_rows)


@cache
def insertion(table: str, size: int) -> str:
    """Return an INSERT of `size` rows. Duplicate facts are ignored; a duplicate version is an error."""
    columns = _COLUMNS[table]
    placeholders = f"({', '.join('?' * len(columns))})"
    or_ignore = "" if table == HISTORY else " OR IGNORE"
    return f"INSERT{or_ignore} INTO {table} ({', '.join(columns)}) VALUES {', '.join([placeholders] * size)}"
