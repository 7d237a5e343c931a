"""Index rows that wait until a transaction ends, then go in by many-row statements: far fewer steps than one by one."""

from __future__ import annotations

from functools import cache

import apsw

from sickbay.storage.sql.saving import COLUMNS
from sickbay.storage.terms import term_hash

_TERM = "term"
_COLUMNS = {**COLUMNS, _TERM: ("hash", "system", "code")}
_SIZES = (64, 16, 4, 1)
_FULL = 4096


class Rows:
    """Rows by table. `add` may flush; `flush` writes what waits."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._waiting: dict[str, list[tuple[int | str, ...]]] = {name: [] for name in _COLUMNS}
        self._terms: set[int] = set()

    def add(self, table: str, row: tuple[int | str, ...]) -> None:
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

    def flush(self) -> None:
        for table, rows in self._waiting.items():
            if rows:
                rows.sort()  # neighbours go to the same page
                self._write(table, rows)
                rows.clear()

    def _write(self, table: str, rows: list[tuple[int | str, ...]]) -> None:
        at = 0
        for size in _SIZES:
            while len(rows) - at >= size:
                self._db.execute(_text(table, size), [value for row in rows[at : at + size] for value in row])
                at += size


@cache
def _text(table: str, size: int) -> str:
    columns = _COLUMNS[table]
    one = f"({', '.join('?' * len(columns))})"
    return f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * size)}"
