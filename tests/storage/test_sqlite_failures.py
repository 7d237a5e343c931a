"""The errors of SQLite by their names: of writes, of reads, and of the system below."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import pytest
from tests.storage.making import SPACE, find, patient

from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import Damaged, DiskFails, DiskFull, Locked, ReadOnly, Stopping, Unavailable
from sickbay.storage.interface import Put, Record
from sickbay.storage.sqlite.connection import connect, translate_error
from sickbay.storage.sqlite.store import open_store

BY_CODE: dict[int, type[Unavailable]] = {
    apsw.SQLITE_FULL: DiskFull,
    apsw.SQLITE_READONLY: ReadOnly,
    apsw.SQLITE_READONLY_DBMOVED: ReadOnly,
    apsw.SQLITE_READONLY_DIRECTORY: ReadOnly,
    apsw.SQLITE_PERM: ReadOnly,
    apsw.SQLITE_IOERR: DiskFails,
    apsw.SQLITE_IOERR_READ: DiskFails,
    apsw.SQLITE_IOERR_WRITE: DiskFails,
    apsw.SQLITE_IOERR_FSYNC: DiskFails,
    apsw.SQLITE_CANTOPEN: DiskFails,
    apsw.SQLITE_CORRUPT: Damaged,
    apsw.SQLITE_CORRUPT_INDEX: Damaged,
    apsw.SQLITE_NOTADB: Damaged,
    apsw.SQLITE_BUSY: Locked,
    apsw.SQLITE_BUSY_SNAPSHOT: Locked,
    apsw.SQLITE_LOCKED: Locked,
    apsw.SQLITE_PROTOCOL: Locked,
    apsw.SQLITE_INTERRUPT: Stopping,
}


def fake(system_error: int = 0) -> Any:
    return SimpleNamespace(db_filename=lambda name: "/data/sickbay.db", system_errno=system_error)


@pytest.mark.parametrize(("code", "kind"), BY_CODE.items())
def test_an_error_of_sqlite_is_named_by_its_code(code: int, kind: type[Unavailable]) -> None:
    error = translate_error(apsw.exception_for(code), fake())
    assert type(error) is kind
    assert "/data/sickbay.db" in str(error)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EFBIG, DiskFull), (errno.EIO, DiskFails)]
)
def test_a_quota_and_a_limit_of_file_sizes_are_a_full_disk(number: int, kind: type[Unavailable]) -> None:
    """For SQLite they are I/O errors."""
    assert type(translate_error(apsw.exception_for(apsw.SQLITE_IOERR_WRITE), fake(number))) is kind


@pytest.mark.parametrize(
    "error", [ValueError("x"), apsw.exception_for(apsw.SQLITE_MISUSE), apsw.exception_for(apsw.SQLITE_ERROR)]
)
def test_an_error_in_sickbay_keeps_its_type(error: Exception) -> None:
    assert translate_error(error, fake()) is error


@pytest.mark.anyio
async def test_a_read_only_database_is_named(tmp_path: Path) -> None:
    store = open_store(tmp_path / "a.db", find)
    store._writer._connection.pragma("query_only", True)
    with pytest.raises(ReadOnly, match=r"a\.db: .*readonly"):
        await store.transaction([Put(Record("token", "t", b""))])
    store._writer._connection.pragma("query_only", False)
    await store.transaction([Put(Record("token", "t", b""))])
    await store.close()


@pytest.mark.anyio
async def test_a_damaged_file_is_named_by_reads_and_writes_and_the_store_closes(tmp_path: Path) -> None:
    store = open_store(tmp_path / "a.db", find)
    await store.transaction([patient(f"p{number}") for number in range(50)])
    await store.close()
    root = connect(tmp_path / "a.db")
    pages = [page for (page,) in root.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('record', 'resource')")]
    root.close()
    store = open_store(tmp_path / "a.db", find)
    with (tmp_path / "a.db").open("r+b") as file:
        for page in filter(None, pages):
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
    for _ in range(2):
        with pytest.raises(Damaged, match=r"a\.db: .*malformed"):
            await store.read(SPACE, "Patient", "p1", EVERYTHING)
        with pytest.raises(Damaged):
            await store.get("token", "t")
        with pytest.raises(Damaged):
            await store.transaction([patient("later")])
    await store.close()
