"""The migrations lead to the declared tables, from an empty file and from every released schema."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from sqlalchemy.dialects import postgresql, sqlite
from tests.storage.making import SPACE, find, patient
from tests.storage.schema import TABLES, render

from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.counts import Volume
from sickbay.storage.interface import Put, Record
from sickbay.storage.sqlite import connection as connecting
from sickbay.storage.sqlite.connection import connect, fetch_rows, migrate
from sickbay.storage.sqlite.migrations import STEPS
from sickbay.storage.sqlite.store import open_store

SCHEMAS = Path(__file__).parent / "schemas"


def shape(db: apsw.Connection) -> dict[str, str]:
    """Return every table and index by name, as its statement without whitespace."""
    statements = fetch_rows(db, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: strip_quotes(sql) for name, sql in statements}


def strip_quotes(statement: str) -> str:
    return re.sub(r'[\s"]', "", statement)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sickbay.db"


def test_an_empty_file_gets_the_declared_tables(file: Path) -> None:
    db = connect(file)
    migrate(db)
    expected = {
        statement.split()[statement.split().index("ON") - 1] if " INDEX " in statement else statement.split()[2]: strip_quotes(
            statement
        )
        for statement in render(sqlite.dialect())
    }
    assert shape(db) == expected
    assert fetch_rows(db, "PRAGMA user_version") == [(len(STEPS),)]


def test_every_table_can_be_rendered_for_postgresql() -> None:
    statements = render(postgresql.dialect())
    assert sum(statement.startswith("CREATE TABLE") for statement in statements) == len(TABLES.tables)
    assert not any("STRICT" in statement for statement in statements)


def test_every_released_schema_is_kept() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.sql")} == {f"{number:03}" for number in range(1, len(STEPS) + 1)}


def create_released(file: Path, released: Path) -> None:
    db = connect(file)
    db.execute(released.read_text(encoding="utf-8"))
    db.close()


@pytest.mark.parametrize("released", sorted(SCHEMAS.glob("*.sql")), ids=lambda path: path.stem)
@pytest.mark.anyio
async def test_data_of_an_older_schema_is_still_there_after_the_migration(file: Path, released: Path) -> None:
    create_released(file, released)
    store = open_store(file, find)
    record = await store.get("app", "kept")
    assert record is not None
    assert record.value == b'{"name":"kept"}'
    old = await store.read(SPACE, "Patient", "old", EVERYTHING)
    assert old is not None
    assert old.body == b"Patient/old/1"
    assert old.patients == ("old",)
    await store.transaction([Put(Record("app", "new", b"{}")), patient("new")])
    await store.close()
    fresh = connect(file.with_name("fresh.db"))
    migrate(fresh)
    assert shape(connect(file)) == shape(fresh)


def test_a_step_that_fails_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = connect(file)
    migrate(db)
    before = shape(db)
    monkeypatch.setattr(connecting, "STEPS", (*STEPS, "CREATE TABLE half (a INTEGER) STRICT; CREATE NONSENSE"))
    with pytest.raises(apsw.SQLError):
        migrate(db)
    assert shape(db) == before
    assert fetch_rows(db, "PRAGMA user_version") == [(len(STEPS),)]


def test_a_file_of_a_newer_version_is_refused(file: Path) -> None:
    db = connect(file)
    db.pragma("user_version", len(STEPS) + 1)
    with pytest.raises(RuntimeError, match="newer version of Sickbay"):
        migrate(db)


def test_the_cursor_key_is_created_once(file: Path) -> None:
    keys = []
    for _ in range(2):
        db = connect(file)
        migrate(db)
        keys += fetch_rows(db, "SELECT value FROM meta WHERE name = 'cursor_key'")
    assert keys[0] == keys[1]
    assert len(keys[0][0]) == 32


@pytest.mark.anyio
async def test_exchanges_of_an_older_schema_are_counted_in_the_journal_size(file: Path) -> None:
    create_released(file, SCHEMAS / "010.sql")
    db = connect(file)
    db.execute(
        "INSERT INTO record (kind, key, tenant, owner, family, label, at, expires_at, revision, value)"
        " VALUES ('exchange', 'old', 'general', 'app', 'f', 'token', 1, 2, 1, x'7b7d')"
    )
    db.close()
    store = open_store(file, find)
    assert await store.journal_size() == Volume(1, 2)
    await store.transaction([Put(Record("exchange", "new", b"{...}", owner="app", expires_at=3))])
    assert await store.journal_size() == Volume(2, 7)
    await store.close()


async def cursor_key(file: Path) -> bytes:
    await open_store(file).close()
    with closing(connect(file)) as db:
        key: bytes = db.execute("SELECT value FROM meta WHERE name = 'cursor_key'").get
    return key


@pytest.mark.anyio
async def test_only_a_published_cursor_key_is_replaced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await cursor_key(file)
    assert await cursor_key(file) == first
    monkeypatch.setattr(connecting, "PUBLISHED_CURSOR_KEYS", frozenset((hashlib.sha256(first).hexdigest(),)))
    second = await cursor_key(file)
    assert len(second) == len(first) == 32
    assert second != first
    assert await cursor_key(file) == second
