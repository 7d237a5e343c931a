"""Shows that comparing an index with a rebuilt one detects errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.storage.crashing import parts
from tests.storage.replaying import apply_steps, differences

from sickbay.storage.sqlite.connection import connect, migrate

FULL = ("compartment_index", "token_index", "reference_index", "date_index", "quantity_index", "string_index")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    db = connect(tmp_path / "a.db")
    migrate(db)
    for number in range(20):
        db.execute("BEGIN")
        apply_steps(db, parts(number))
        db.execute("COMMIT")
    db.close()
    return tmp_path / "a.db"


def test_a_sound_database_has_no_differences(file: Path) -> None:
    assert differences(file) == []


@pytest.mark.parametrize("table", [*FULL, "type_count"])
def test_a_missing_row_is_detected(file: Path, table: str) -> None:
    db = connect(file)
    keys = "nid" if table != "type_count" else "type"
    db.execute(f"DELETE FROM {table} WHERE {keys} = (SELECT max({keys}) FROM {table})")
    assert db.changes() > 0
    db.close()
    assert differences(file) == [table]


def test_a_changed_value_is_detected(file: Path) -> None:
    db = connect(file)
    db.execute("UPDATE date_index SET low = low + 1 WHERE nid = (SELECT max(nid) FROM date_index)")
    db.execute("UPDATE resource SET version_id = version_id + 1 WHERE id = 'o7'")
    db.close()
    assert differences(file) == ["resource", "date_index"]
