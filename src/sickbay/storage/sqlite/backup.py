"""Copies the database before its schema is upgraded, because an older Sickbay can't open the upgraded file."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import closing, suppress
from pathlib import Path

import apsw

from sickbay.kernel import private_files
from sickbay.settings.database import CannotOpen

BACKUPS_KEPT = 2
"""Number of copies that are kept next to the database."""
PAGES_PER_STEP = 4096


def backup_path(database: Path, version: int) -> Path:
    """Returns the path of the copy of a database with this schema, such as sickbay.db.schema-8.backup."""
    return database.with_name(f"{database.name}.schema-{version}.backup")


def copy_database(database: Path, version: int) -> None:
    """Copies the database and deletes the oldest copies. No one may write to it in the meantime. Raises CannotOpen if that
    fails."""
    copy = backup_path(database, version)
    draft = database.with_name(f".{copy.name}.{secrets.token_hex(8)}.draft")
    try:
        private_files.make_file(draft)
        _copy_database(database, draft)
        os.replace(draft, copy)
    except (apsw.Error, OSError, private_files.NotPrivate) as error:
        megabytes = database.stat().st_size // 1_000_000 + 1
        raise CannotOpen(
            f"{database} has to be upgraded, and can't be copied to {copy} first ({error}). Nothing was changed. Free "
            f"{megabytes:,} MB, and check that you have write permission."
        ) from error
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    _delete_oldest(database)


def _copy_database(database: Path, draft: Path) -> None:
    with (
        closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as source,
        closing(apsw.Connection(str(draft))) as target,
        target.backup("main", source, "main") as backup,
    ):
        while not backup.done:
            backup.step(PAGES_PER_STEP)


def _delete_oldest(database: Path) -> None:
    name = re.compile(re.escape(database.name) + r"\.schema-\d+\.backup")
    copies = [path for path in database.parent.iterdir() if name.fullmatch(path.name)]
    for path in sorted(copies, key=lambda path: path.lstat().st_mtime)[:-BACKUPS_KEPT]:
        path.unlink()
