"""A population file: the sample patients of one FHIR version as a Sickbay database, from which other databases copy them.

It has one space, without a name, and none of the resources that depend on the day. The resources have the numbers 1, 2, 3, …
in the order in which they were created. A file that another Sickbay wrote may have other tables, so the key under which files
are kept depends on the code that writes them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import apsw

from sickbay.storage.interface import CannotCopy, ResourceSpace
from sickbay.storage.query import marks
from sickbay.storage.query.dictionary import LIVE, SHIFT
from sickbay.storage.query.saving import COLUMNS
from sickbay.storage.sqlite.connection import fetch_rows
from sickbay.storage.sqlite.migrations import STEPS

FILE_SPACE: Final = 1
"""The number of the space in a file."""
FIRST: Final = FILE_SPACE << SHIFT
"""A number below the nid of the first resource in a file."""
STOP_STEPS: Final = 100_000
"""Number of SQLite virtual machine steps between two checks of `stop`."""
RESOURCE: Final = ("nid", "space", "type", "state", "id", "version_id", "changed", "index_revision", "facts", "body")
HISTORY: Final = ("nid", "version_id", "sequence", "at", "interaction", "who", "facts", "body")
TABLES: Final = {"resource": RESOURCE, "resource_history": HISTORY, **COLUMNS}
del TABLES["hidden_resource"]  # only a deletion hides something
NUMBERED: Final = frozenset(("nid", "patient", "target"))
"""Columns with the number of a resource."""
VERSIONS: Final = (
    f"SELECT min(sequence), max(sequence), count(*), max(at) - min(at) FROM resource_history h WHERE h.nid >> {SHIFT} = ?"
)
UNUSUAL: Final = (
    "SELECT count(*) FROM (SELECT nid, version_id, interaction, who,"
    " lag(nid, 1, CAST(0 AS BIGINT)) OVER (ORDER BY sequence) AS before"
    f" FROM resource_history h WHERE h.nid >> {SHIFT} = ?) v"
    " WHERE version_id <> 1 OR interaction <> 'create' OR who <> '' OR nid <= before"
)
"""Counts versions that a population never has, or that are out of order."""
NEXT: Final = f"SELECT min(nid), count(*) FROM resource_history h WHERE h.nid >> {SHIFT} = ? AND h.sequence > ?"
_PATIENTS: Final = "SELECT r.nid FROM resource r JOIN word w ON w.number = r.type WHERE w.text = 'Patient' AND r.state = 1"
USED_HASHES: Final = (
    "SELECT hash FROM file.token_index UNION SELECT hash FROM file.composite_index UNION SELECT low FROM file.composite_index"
    " UNION SELECT unit FROM file.composite_index UNION SELECT unit FROM file.quantity_index"
)
"""Selects the hashes of all codings in the index rows. Other numbers in these columns aren't hashes of codings."""
USED_WORDS: Final = "SELECT type FROM file.resource UNION SELECT -parameter FROM file.token_index WHERE parameter < 0"
_ADD_TERMS: Final = f"INSERT INTO file.term SELECT hash, system, code FROM main.term WHERE hash IN ({USED_HASHES})"
_ADD_WORDS: Final = f"INSERT INTO file.word SELECT number, text FROM main.word WHERE number IN ({USED_WORDS})"
ADD_COUNTS: Final = (
    f"INSERT INTO file.type_count SELECT {FILE_SPACE}, type, 0, count(*) FROM file.resource WHERE state = {LIVE} GROUP BY type"
)


ADD_SPACE: Final = f"INSERT INTO file.space (number, tenant, version, allocated, sequence) VALUES ({FILE_SPACE}, '', ?, ?, ?)"


class PopulationFile(NamedTuple):
    """ends: the number of the last resource of each portion of the population. at: when they were changed, in epoch ms."""

    path: Path
    ends: tuple[int, ...]
    at: int


def read(path: Path) -> PopulationFile:
    """Raises CannotCopy if it isn't a population file."""
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            patients = [nid for (nid,) in fetch_rows(db, f"{_PATIENTS} ORDER BY r.nid")]
            last: int = db.execute("SELECT max(nid) FROM resource").get
            at = find_change_time(db)
    except apsw.Error as error:
        raise CannotCopy(f"{path}: {error}") from error
    if not patients:
        raise CannotCopy(f"{path} has no patients")
    return PopulationFile(path, (*(nid - 1 - FIRST for nid in patients), last - FIRST), at)


def find_change_time(db: apsw.Connection, schema: str = "main") -> int:
    """Return the time when the resources of a file were changed, in epoch ms."""
    at: int = db.execute(f"SELECT changed FROM {schema}.resource WHERE state = {LIVE} LIMIT 1").get
    return at


def format_last_updated(at: int) -> str:
    """Return `lastUpdated`, the only member of `meta` that depends on the day. at: epoch ms."""
    return f'"lastUpdated":"{datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).date().isoformat()}T00:00:00.000Z"'


def export(
    database: Path, space: ResourceSpace, mark: str, versions: int, draft: Path, began: Callable[[], object], stop: Event
) -> bool:
    """Write the content of a space at a mark into an empty file. See `Store.export`."""
    try:
        with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)) as db:
            db.execute("ATTACH ? AS file", (str(draft),))
            for pragma, value in (("journal_mode", "off"), ("synchronous", "off"), ("cache_size", -64000)):
                db.execute(f"PRAGMA file.{pragma} = {value}")
            db.execute("BEGIN")
            found = fetch_rows(db, marks.FIND, (*space, mark))
            began()
            db.set_progress_handler(stop.is_set, STOP_STEPS)
            create_tables(draft)
            is_done = bool(found) and _Export(db, *found[0]).run(space.version, versions)
            db.execute("COMMIT")
            return is_done
    except apsw.Error:  # the disk is full, for example
        return False


def create_tables(draft: Path) -> None:
    with closing(apsw.Connection(str(draft))) as file:
        file.pragma("synchronous", "off")
        with file:
            for step in STEPS:
                file.execute(step)
        file.pragma("user_version", len(STEPS))


class _Export:
    def __init__(self, db: apsw.Connection, number: int, sequence: int) -> None:
        """number: that of the space. sequence: that of the mark."""
        self._db, self._number, self._sequence = db, number, sequence

    def run(self, version: str, versions: int) -> bool:
        """version: the FHIR version. versions: how many the space must have."""
        db, number = self._db, self._number
        first, last, count, span = fetch_rows(db, VERSIONS, (number,))[0]
        unusual = db.execute(UNUSUAL, (number,)).get
        after, later = fetch_rows(db, NEXT, (number, self._sequence))[0]
        if unusual or span or not count == versions == last - first + 1 or after is None:
            return False
        low, end = number << SHIFT, after - 1
        self._copy_tables({"shift": FIRST - low, "low": low, "last": end, "number": number, "before": first - 1})
        space = (version, end - low, count - later)
        db.execute(ADD_SPACE, space)
        return True

    def _copy_tables(self, binds: dict[str, int]) -> None:
        db = self._db
        for table, columns in TABLES.items():
            names, values = ", ".join(columns), ", ".join(map(_export_expression, columns))
            text = f"INSERT INTO file.{table} ({names}) SELECT {values} FROM main.{table} WHERE {select_range(columns)}"
            db.execute(text, binds)
        for text in (_ADD_TERMS, _ADD_WORDS, ADD_COUNTS):
            db.execute(text)


def _export_expression(column: str) -> str:
    if column in NUMBERED:
        return f"{column} + :shift"
    return {"space": str(FILE_SPACE), "sequence": "sequence - :before"}.get(column, column)


def select_range(columns: tuple[str, ...]) -> str:
    """Select the rows of the space: each table begins with the space, or with the number of a resource in it."""
    if columns[0] == "nid":
        return "nid > :low AND nid <= :last"
    first = "space = :number" if columns[0] == "space" else f"{columns[0]} > :low AND {columns[0]} < :low + {1 << SHIFT}"
    return f"{first} AND nid <= :last"


def import_expressions(table: str, columns: tuple[str, ...], word: str) -> str:
    """Return SQL expressions for the values of a file's row in another database.

    word: an expression that translates the number of a word, with `{}`. The other numbers are the parameters :shift, :space,
    :before (sequence), :at (epoch ms), :old and :new (the results of `format_last_updated`).
    """
    return ", ".join(_import_expression(table, column, word) for column in columns)


def _import_expression(table: str, column: str, word: str) -> str:
    if column in NUMBERED:
        return f"{column} + :shift"
    if column == "parameter":
        is_word = table == "token_index"  # there, a negative number is a word's
        return f"CASE WHEN parameter < 0 THEN -{word.format('-parameter')} ELSE parameter END" if is_word else column
    if column == "body":
        return "NULL" if table == "resource_history" else "CAST(replace(body, :old, :new) AS BLOB)"
    texts = {
        "space": ":space",
        "sequence": "sequence + :before",
        "changed": f"CASE state WHEN {LIVE} THEN :at ELSE 0 END",
        "at": ":at",
        "type": word.format("type"),
        "word": word.format("word"),
    }
    return texts.get(column, column)
