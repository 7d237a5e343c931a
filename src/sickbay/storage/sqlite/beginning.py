"""Begins a new database with a copy of a population file, which is much faster than inserting its rows into an empty one."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from typing import Final

import apsw

from sickbay.storage.interface import Put, ResourceSpace
from sickbay.storage.population_file import FILE_SPACE, STOP_STEPS, find_change_time, format_last_updated
from sickbay.storage.query import marks
from sickbay.storage.query import records as record_sql
from sickbay.storage.query.dictionary import LIVE

_NEW_BODY: Final = f"UPDATE resource SET changed = ?, body = CAST(replace(body, ?, ?) AS BLOB) WHERE state = {LIVE}"
_NEW_HISTORY: Final = "UPDATE resource_history SET at = ?"
_NEW_SPACE: Final = f"UPDATE space SET tenant = ?, version = ? WHERE number = {FILE_SPACE}"
_NEW_KEY: Final = "INSERT INTO meta (name, value) VALUES ('cursor_key', ?)"


def begin_database(database: Path, space: ResourceSpace, at: int, progress: Put, mark: str) -> bool | None:
    """Turn the copy of a population file into a database. Returns whether the file was for another day; None if it failed.

    space: gets the resources. at: when they were created, in epoch ms. progress: the record that says which they are.
    mark: is set before the first one.
    """
    try:
        with closing(_open_without_journal(database)) as db, db:
            is_other_day = _set_day(db, at)
            db.execute(_NEW_SPACE, space)
            db.execute(_NEW_KEY, (secrets.token_bytes(32),))
            db.execute(marks.SET, (FILE_SPACE, mark, 0))
            db.execute(record_sql.PUT, record_sql.list_fields(progress.record))
    except apsw.Error:
        return None
    return is_other_day


def set_day(file: Path, at: int) -> bool:
    """Change when the resources of a population file were created. Returns False if that isn't possible."""
    try:
        with closing(_open_without_journal(file)) as db, db:
            _set_day(db, at)
    except apsw.Error:
        return False
    return True


def _set_day(db: apsw.Connection, at: int) -> bool:
    """Sets the day. Returns whether it changed."""
    before = find_change_time(db)
    if before == at:
        return False
    db.execute(_NEW_BODY, (at, format_last_updated(before), format_last_updated(at)))
    db.execute(_NEW_HISTORY, (at,))
    return True


def _open_without_journal(file: Path) -> apsw.Connection:
    """Opens the file without a journal, because a file that can't be completed is deleted."""
    db = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    for pragma, value in (("journal_mode", "off"), ("synchronous", "off"), ("cache_size", -64000)):
        db.pragma(pragma, value)
    db.set_progress_handler(_let_signals_in, STOP_STEPS)
    return db


def _let_signals_in() -> bool:
    """Does nothing itself, but Python runs signal handlers before calling it. A large file may take seconds."""
    return False
