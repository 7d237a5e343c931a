"""Rows of several jobs that wait until they are inserted together, which takes fewer steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Any

import apsw

from sickbay.storage.query.saving import COLUMNS, IndexRow, IndexValues
from sickbay.storage.terms import term_hash

HISTORY = "resource_history"
_TERM = "term"
_COLUMNS = {
    **COLUMNS,
    _TERM: ("hash", "system", "code"),
    HISTORY: ("nid", "version_id", "sequence", "at", "interaction", "who", "facts", "undo"),
}
FULL_ROWS = 65_536
"""Maximum number of codings that are remembered."""
FULL_VALUES = 5 * FULL_ROWS
"""Values after which the rows are written early. A row has five on average."""
UNSORTED_VALUES = 5_000
FEW_ROWS = 8
CACHED_PAGES = 16_000
"""As many as `make_room` allows."""


class PendingTerms(dict[tuple[str | None, str], int]):
    """The hashes of codings by system and code. Computes a missing one, and adds the coding to the rows unless it is known."""

    def __init__(self, known: Mapping[tuple[str | None, str], int]) -> None:
        self._known = known
        self.added: list[Any] = []
        """The values of the rows to write."""

    def __missing__(self, coding: tuple[str | None, str]) -> int:
        hash = self._known.get(coding)
        if hash is None:
            system, code = coding
            hash = term_hash(system, code)
            self.added += (hash, system or "", code)
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
        self._settled: IndexValues = defaultdict(list)
        self.own: IndexValues = defaultdict(list)
        """The values of the rows of this job, to which the caller may add others."""
        self._flushed: IndexValues = defaultdict(list)
        """The settled rows that were written since the last `settle`."""
        self.terms = PendingTerms(known_terms)
        """The terms of the rows. They are stored when the transaction commits."""

    def append(self, table: str, row: tuple[Any, ...]) -> None:
        self.own[table] += row

    def add(self, added: Mapping[str, list[IndexRow]]) -> None:
        for table, table_rows in added.items():
            self.own[table] += chain.from_iterable(table_rows)

    def is_full(self) -> bool:
        return sum(map(len, self.own.values())) >= FULL_VALUES

    def settle(self) -> None:
        """Keep what was added so far, even if the next job is undone."""
        self._take_terms()
        _add_values(self._settled, self.own)
        self.own, self._flushed = defaultdict(list), defaultdict(list)

    def undo(self) -> None:
        """Return to the last `settle`. Rows flushed since then were rolled back from the database, so they become pending
        again.
        """
        _add_values(self._settled, self._flushed)
        self.own, self._flushed = defaultdict(list), defaultdict(list)
        self.terms.forget()

    def flush(self) -> None:
        is_sorted = not self._is_cached()
        self._take_terms()
        pending = self.own
        _add_values(pending, self._settled)
        for table, values in pending.items():
            if values:
                self._write_rows(table, _sort_rows(table, values) if is_sorted else values)
        _add_values(self._flushed, self._settled)
        self._settled, self.own = defaultdict(list), defaultdict(list)
        if len(self.terms) > FULL_ROWS:
            self.terms.clear()

    def _is_cached(self) -> bool:
        """Whether there are so many rows that sorting them takes longer than it saves, because all pages are cached."""
        return sum(map(len, self.own.values())) > UNSORTED_VALUES and self._db.pragma("page_count") < CACHED_PAGES

    def _take_terms(self) -> None:
        if self.terms.added:
            self.own[_TERM] += self.terms.added
            self.terms.added = []

    def _write_rows(self, table: str, values: list[Any]) -> None:
        width, offset = len(_COLUMNS[table]), 0
        left = len(values) // width
        while left:
            size = 64 if left >= 64 else 16 if left >= 16 else min(left, 8)
            end = offset + size * width
            self._db.execute(build_insertion(table, size), values[offset:end])
            offset, left = end, left - size


def _sort_rows(table: str, values: list[Any]) -> list[Any]:
    """Sort the rows, because adjacent ones go to the same page. A few take less time as they are."""
    width = len(_COLUMNS[table])
    if len(values) <= FEW_ROWS * width:
        return values
    return list(chain.from_iterable(sorted(zip(*[iter(values)] * width, strict=True))))


def _add_values(values: IndexValues, added: IndexValues) -> None:
    for table, table_values in added.items():
        values[table] += table_values


@cache
def build_insertion(table: str, size: int) -> str:
    """Return an INSERT of `size` rows. Duplicate facts are ignored; a duplicate version is an error."""
    columns = _COLUMNS[table]
    placeholders = f"({', '.join('?' * len(columns))})"
    or_ignore = "" if table == HISTORY else " OR IGNORE"
    return f"INSERT{or_ignore} INTO {table} ({', '.join(columns)}) VALUES {', '.join([placeholders] * size)}"
