"""Rows that wait until a transaction ends, then go in by many-row statements: far fewer steps than one by one."""

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

Made: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""Rows by table, as what stands in their columns."""


class Rows:
    """Rows of one job after the other. `flush` writes what waits, `undo` forgets what was added since `settle`."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._settled: list[Made] = []
        self._own: list[Made] = []
        self._count = 0
        self._terms: set[int] = set()
        self._flushed: list[Made] = []

    def add(self, made: Made) -> None:
        self._own.append(made)
        self._count += sum(map(len, made.values()))

    def term(self, system: str | None, code: str) -> int:
        """The hash of a coding, which the dictionary will know."""
        hash = term_hash(system, code)
        if hash not in self._terms:
            self._terms.add(hash)
            self._own.append({_TERM: [(hash, system or "", code)]})
        return hash

    def full(self) -> bool:
        return self._count >= _FULL

    def settle(self) -> None:
        """What was added so far stays, whatever becomes of the next job."""
        self._settled += self._own
        self._own.clear()
        self._count = 0
        self._flushed.clear()

    def undo(self) -> None:
        """As of the last `settle`. What was flushed since then is not in the database any more, so it waits again."""
        self._settled = self._flushed + self._settled
        self._flushed = []
        self._own.clear()
        self._count = 0
        self._terms.clear()

    def flush(self) -> None:
        waiting: Made = {}
        for made in chain(self._settled, self._own):
            for table, rows in made.items():
                if table in waiting:
                    waiting[table] += rows
                else:
                    waiting[table] = [*rows]
        for table, rows in waiting.items():
            rows.sort()  # neighbours go to the same page
            self._write(table, rows)
        self._flushed += self._settled
        self._settled, self._own, self._count = [], [], 0

    def _write(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        at = 0
        for size in _SIZES:
            while len(rows) - at >= size:
                self._db.execute(_text(table, size), list(chain.from_iterable(rows[at : at + size])))
                at += size


@cache
def _text(table: str, size: int) -> str:
    """A fact may be there twice; a version may not."""
    columns = _COLUMNS[table]
    one = f"({', '.join('?' * len(columns))})"
    twice = "" if table == HISTORY else " OR IGNORE"
    return f"INSERT{twice} INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * size)}"
