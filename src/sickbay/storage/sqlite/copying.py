"""Copies resources from a population file with one statement for each table."""

from __future__ import annotations

from typing import Any, Final

import apsw

from sickbay.storage import population_file
from sickbay.storage.interface import CannotCopy, CopyResources
from sickbay.storage.population_file import FIRST, TABLES, find_change_time, format_last_updated
from sickbay.storage.query.dictionary import LIVE, SHIFT
from sickbay.storage.sqlite.connection import fetch_rows
from sickbay.storage.sqlite.numbers import Counters
from sickbay.storage.sqlite.resources import Changes

_NAME: Final = "population"
"""The beginning of the names of attached files."""
_WORD: Final = "(SELECT w.new FROM temp.copied_word w WHERE w.old = {})"
_WORDS: Final = "CREATE TEMP TABLE IF NOT EXISTS copied_word (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)"
_USELESS: Final = (apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError, apsw.ConstraintError, apsw.SQLError)
"""Errors that mean that the file, or the space, isn't as expected."""


def copy_resources(changes: Changes, step: CopyResources) -> None:
    """Raises CannotCopy; the caller undoes the changes."""
    changes.reset()
    changes.has_attached = True
    try:
        _Copy(changes, step, _attach_file(changes.db, str(step.file))).run()
    except _USELESS as error:
        raise CannotCopy(f"{step.file}: {error}") from error


def _attach_file(db: apsw.Connection, file: str) -> str:
    """Attach the file, and return its name in statements."""
    name = f"{_NAME}{len(_list_attached_databases(db))}"
    db.execute(f"ATTACH ? AS {name}", (file,))
    return name


def detach_files(db: apsw.Connection) -> None:
    """Close all files. Call this after a transaction, because it isn't possible before the end of the one that reads them."""
    for name in _list_attached_databases(db):
        db.execute(f"DETACH {name}")


def _list_attached_databases(db: apsw.Connection) -> list[str]:
    return [name for _, name, _ in fetch_rows(db, "PRAGMA database_list") if name.startswith(_NAME)]


class _Copy:
    def __init__(self, changes: Changes, step: CopyResources, file: str) -> None:
        """file: the name of the attached file."""
        self._changes, self._step, self._db, self._file = changes, step, changes.db, file

    def run(self) -> None:
        self._learn_words()
        space = self._changes.counters(self._step.space)
        binds = self._bindings_of_space(space)
        for table, columns in TABLES.items():
            self._db.execute(self._insertion_statement(table, columns), binds)
        versions = self._count_copied_resources(space)
        if self._step.after == 0:
            self._db.execute(f"INSERT OR IGNORE INTO main.term SELECT hash, system, code FROM {self._file}.term")
        space.allocated += self._step.until - self._step.after
        space.sequence += versions

    def _learn_words(self) -> None:
        self._db.execute(_WORDS)
        self._db.execute("DELETE FROM temp.copied_word")
        for old, text in fetch_rows(self._db, f"SELECT number, text FROM {self._file}.word ORDER BY number"):
            self._db.execute("INSERT INTO temp.copied_word VALUES (?, ?)", (old, self._changes.words[text]))

    def _bindings_of_space(self, space: Counters) -> dict[str, Any]:
        step, after = self._step, FIRST + self._step.after
        before: int = self._db.execute(f"SELECT count(*) FROM {self._file}.resource_history WHERE nid <= ?", (after,)).get
        return {
            "shift": self._find_nid_shift(space),
            "space": space.number,
            "after": after,
            "until": FIRST + step.until,
            "before": space.sequence - before,
            "at": step.at,
            "old": format_last_updated(find_change_time(self._db, self._file)),
            "new": format_last_updated(step.at),
        }

    def _find_nid_shift(self, space: Counters) -> int:
        """Returns how much larger the nids are here than in the file. Raises CannotCopy if the difference varies."""
        low = space.number << SHIFT
        if self._step.after == 0:
            return low + space.allocated - FIRST
        query = (
            f"SELECT r.nid FROM {self._file}.resource f JOIN temp.copied_word w ON w.old = f.type"
            " JOIN main.resource r ON r.space = ? AND r.type = w.new AND r.id = f.id WHERE f.nid = ?"
        )
        place: int | None = self._db.execute(query, (space.number, FIRST + 1)).get
        if place is None or place - low - 1 + self._step.after != space.allocated:
            raise CannotCopy("the resources were created in another order")
        return place - FIRST - 1

    def _count_copied_resources(self, space: Counters) -> int:
        """Count the copied resources. Returns how many there are."""
        query = (
            f"SELECT {_WORD.format('type')}, count(*) FROM {self._file}.resource"
            " WHERE nid > ? AND nid <= ? AND state = ? GROUP BY type"
        )
        total = 0
        for type, live in fetch_rows(self._db, query, (FIRST + self._step.after, FIRST + self._step.until, LIVE)):
            space.count(type, live)
            total += live
        return total

    def _insertion_statement(self, table: str, columns: tuple[str, ...]) -> str:
        """In the order of the primary key, because adjacent rows go to the same page."""
        values = population_file.import_expressions(table, columns, _WORD)
        order = ", ".join(columns[: columns.index("nid") + 1])
        return (
            f"INSERT INTO main.{table} ({', '.join(columns)}) SELECT {values} FROM {self._file}.{table}"
            f" WHERE nid > :after AND nid <= :until ORDER BY {order}"
        )
