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
UNSORTED_ROWS = 1_000
CACHED_PAGES = 16_000
"""As many as `make_room` allows."""

TableRows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""Rows by table, as the values of their columns."""


class PendingTerms(dict[tuple[str | None, str], int]):
    """The hashes of codings by system and code. Computes a missing one, and adds the coding to the rows unless it is known."""

    def __init__(self, known: Mapping[tuple[str | None, str], int]) -> None:
        self._known = known
        self.added: list[tuple[Any, ...]] = []
        """Rows to write."""

    def __missing__(self, coding: tuple[str | None, str]) -> int:
        hash = self._known.get(coding)
        if hash is None:
            system, code = coding
            hash = term_hash(system, code)
            self.added.append((hash, system or "", code))
        self[coding] = hash
        return hash

    def forget(self) -> None:
        """Forget the terms that may not be stored."""
        self.clear()
        self.added = []


class PendingRows:
    """The pending rows of successive jobs. `flush` writes them; `undo` drops those added since `settle`."""

    def __init__(self, db: apsw.Connection, known_terms: Mapping[tuple[str | None, str], int]) -> None:
        self._db = db
        self._settled: TableRows = {}
        self._own: TableRows = {}
        self._flushed: TableRows = {}
        """The settled rows that were written since the last `settle`."""
        self._count = 0
        self.terms = PendingTerms(known_terms)
        """The terms of the rows. They are stored when the transaction commits."""

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

    def is_full(self) -> bool:
        return self._count >= FULL_ROWS

    def settle(self) -> None:
        """Keep what was added so far, even if the next job is undone."""
        self._take_terms()
        _add_rows(self._settled, self._own)
        self._own, self._flushed, self._count = {}, {}, 0

    def undo(self) -> None:
        """Return to the last `settle`. Rows flushed since then were rolled back from the database, so they become pending
        again.
        """
        _add_rows(self._settled, self._flushed)
        self._own, self._flushed, self._count = {}, {}, 0
        self.terms.forget()

    def flush(self) -> None:
        self._take_terms()
        pending, is_sorted = self._own, not self._is_cached()
        _add_rows(pending, self._settled)
        for table, table_rows in pending.items():
            if is_sorted:
                table_rows.sort()  # adjacent rows go to the same page
            self._write_rows(table, table_rows)
        _add_rows(self._flushed, self._settled)
        self._settled, self._own, self._count = {}, {}, 0
        if len(self.terms) > FULL_ROWS:
            self.terms.clear()

    def _is_cached(self) -> bool:
        """Whether there are so many rows that sorting them takes longer than it saves, because all pages are cached."""
        return self._count > UNSORTED_ROWS and self._db.pragma("page_count") < CACHED_PAGES

    def _take_terms(self) -> None:
        if self.terms.added:
            _add_rows(self._own, {_TERM: self.terms.added})
            self.terms.added = []

    def _write_rows(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        offset, left = 0, len(rows)
        if left == 1:
            self._db.execute(build_insertion(table, 1), rows[0])
            return
        while left:
            size = 64 if left >= 64 else 16 if left >= 16 else min(left, 8)
            self._db.execute(build_insertion(table, size), list(chain.from_iterable(rows[offset : offset + size])))
            offset, left = offset + size, left - size


def _add_rows(rows: TableRows, added: TableRows) -> None:
    for table, table_rows in added.items():
        rows.setdefault(table, []).extend(table_rows)


@cache
def build_insertion(table: str, size: int) -> str:
    """Return an INSERT of `size` rows. Duplicate facts are ignored; a duplicate version is an error."""
    columns = _COLUMNS[table]
    placeholders = f"({', '.join('?' * len(columns))})"
    or_ignore = "" if table == HISTORY else " OR IGNORE"
    return f"INSERT{or_ignore} INTO {table} ({', '.join(columns)}) VALUES {', '.join([placeholders] * size)}"
