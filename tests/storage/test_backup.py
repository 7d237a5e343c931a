"""Before the schema of a database changes, the file is copied, so that the older Sickbay can go on with the copy."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.storage.test_migrations import SCHEMAS, create_released

from sickbay.settings.database import CannotOpen
from sickbay.storage.sqlite import backup
from sickbay.storage.sqlite import connection as connecting
from sickbay.storage.sqlite.backup import BACKUPS_KEPT, backup_path
from sickbay.storage.sqlite.connection import connect, migrate
from sickbay.storage.sqlite.migrations import STEPS

OLDER = sorted(SCHEMAS.glob("*.sql"))[:-1]


def dump(file: Path) -> list[str]:
    """Everything in the database, as SQL."""
    lines: list[str] = []
    with closing(apsw.Connection(str(file))) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
            lines += [str(table), *map(repr, db.execute(f'SELECT * FROM "{table}"').fetchall())]
        return [*lines, str(db.execute("PRAGMA user_version").get)]


@pytest.mark.parametrize("released", OLDER, ids=lambda path: path.stem)
def test_the_copy_has_everything_that_the_old_file_had_and_only_its_owner_can_read_it(released: Path, tmp_path: Path) -> None:
    file = tmp_path / "sickbay.db"
    create_released(file, released)
    before = dump(file)
    with closing(connect(file)) as db:
        migrate(db)
    copy = backup_path(file, int(released.stem))
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir() if "schema" in path.name} == {copy.name}


def test_writes_that_are_only_in_the_write_ahead_log_are_copied(tmp_path: Path) -> None:
    file = tmp_path / "sickbay.db"
    create_released(file, OLDER[-1])
    with closing(connect(file)) as db:
        db.pragma("wal_autocheckpoint", 0)
        db.execute("INSERT INTO meta (name, value) VALUES ('late', x'01')")
        migrate(db)
    assert any("late" in line for line in dump(backup_path(file, len(STEPS) - 1)))


def test_the_log_says_where_the_copy_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "sickbay.db"
    create_released(file, OLDER[-1])
    with caplog.at_level(logging.WARNING), closing(connect(file)) as db:
        migrate(db)
    old, new = len(STEPS) - 1, len(STEPS)
    assert caplog.messages == [
        f"Upgrading {file} from schema {old} to {new}. It is copied to sickbay.db.schema-{old}.backup first."
    ]


def test_a_new_or_current_database_is_not_copied(tmp_path: Path) -> None:
    file = tmp_path / "sickbay.db"
    for _ in range(2):
        with closing(connect(file)) as db:
            migrate(db)
    assert list(tmp_path.iterdir()) == [file]


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "sickbay.db"
    others = [file.with_name("sickbay.db.schema-x.backup"), file.with_name("other.db.schema-1.backup")]
    for path in others:
        path.touch()
    for number in range(1, 6):
        backup_path(file, number).touch()
        os.utime(backup_path(file, number), (number, number))
    create_released(file, OLDER[-1])
    with closing(connect(file)) as db:
        migrate(db)
    copies = {path for path in tmp_path.iterdir() if path.name.endswith(".backup")} - set(others)
    assert len(copies) == BACKUPS_KEPT
    assert copies == {backup_path(file, len(STEPS) - 1), backup_path(file, 5)}
    assert all(path.exists() for path in others)


def test_a_database_that_cannot_be_copied_is_not_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(database: Path, draft: Path) -> None:
        draft.write_bytes(b"half")
        raise apsw.FullError("database or disk is full")

    file = tmp_path / "sickbay.db"
    create_released(file, OLDER[-1])
    before = dump(file)
    monkeypatch.setattr(backup, "_copy_database", fail)
    with (
        closing(connect(file)) as db,
        pytest.raises(CannotOpen, match=r"can't be copied to .* Nothing was changed\. Free 1 MB"),
    ):
        migrate(db)
    assert dump(file) == before
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_the_copy_is_made_while_no_other_process_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(database: Path, version: int) -> None:
        with closing(apsw.Connection(str(database))) as other, pytest.raises(apsw.BusyError):
            other.execute("INSERT INTO meta (name, value) VALUES ('between', x'01')")

    file = tmp_path / "sickbay.db"
    create_released(file, OLDER[-1])
    monkeypatch.setattr(connecting, "copy_database", copy)
    with closing(connect(file)) as db:
        migrate(db)
