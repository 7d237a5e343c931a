"""Begins the database of a new data folder with a copy of the patients that are most likely to be used."""

from __future__ import annotations

import datetime
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from sickbay.kernel import private_files
from sickbay.sandbox.filled_space import EMPTY
from sickbay.sandbox.folder import Written
from sickbay.sandbox.population_cache import OutdatedFile, PopulationCache, open_cache
from sickbay.sandbox.population_progress import WrittenPortions
from sickbay.sandbox.population_writer import convert_to_milliseconds
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.sqlite.beginning import begin_database

LIKELY_SPACE: Final = ResourceSpace("general", "r4")
COMPANIONS: Final = ("-wal", "-shm", "-journal")
"""Files that SQLite would apply to a new database, although they are left of another one."""


def create_database(database: Path, written: Written, now: int, *, durable: bool) -> OutdatedFile | None:
    """Create the database if there is none and a population file has these patients. Several processes may do so at once.

    Only what depends on the day is missing afterwards. now: epoch seconds. durable: whether it survives a power failure.
    Returns the file to bring up to date.
    """
    exists = any(os.path.lexists(f"{database}{suffix}") for suffix in ("", *COMPANIONS))
    cache = None if exists else open_cache(written)
    if cache is None:
        return None
    draft = database.with_name(f".{database.name}.{secrets.token_hex(8)}.draft")
    pinned = datetime.date.fromisoformat(written.today) if written.today else None
    at = convert_to_milliseconds(pinned or datetime.datetime.fromtimestamp(now, datetime.UTC).date())
    is_other_day = None
    with suppress(OSError, private_files.NotPrivate):  # then the patients are created when they are needed
        try:
            private_files.make_file(draft)
            is_other_day = _prepare_draft(draft, cache, written, at)
            if is_other_day is not None:
                _publish_draft(draft, database, durable)
        finally:
            draft.unlink(missing_ok=True)
    return OutdatedFile(LIKELY_SPACE.version, at) if is_other_day and pinned is None else None


def _prepare_draft(draft: Path, cache: PopulationCache, written: Written, at: int) -> bool | None:
    """Returns whether the file was of another day; None if there is none."""
    day = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).date()
    progress = WrittenPortions(day, written.patients + 1).put(LIKELY_SPACE, always=True)
    return begin_database(draft, LIKELY_SPACE, at, progress, EMPTY) if cache.copy(LIKELY_SPACE.version, draft) else None


def _publish_draft(draft: Path, database: Path, durable: bool) -> None:
    """Give the draft its name, unless another process was first."""
    if durable:
        with draft.open("rb") as file:
            os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, database)
