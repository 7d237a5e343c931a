"""The reader's transaction lasts one turn of the event loop, so every read sees all commits that finished before its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from apsw import Connection

from sickbay.storage.sqlite.connection import connect
from sickbay.storage.sqlite.reader import SqliteReader


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[SqliteReader, Connection]]:
    path = tmp_path / "one.db"
    writer = connect(path)
    writer.execute("CREATE TABLE thing (n INTEGER)")
    reader = SqliteReader(path)
    yield reader, writer
    reader.close()
    writer.close()


def count(reader: SqliteReader) -> int:
    return int(reader.one("SELECT count(*) FROM thing"))


def test_one_turn_sees_one_state_and_the_next_turn_the_newest(file: tuple[SqliteReader, Connection]) -> None:
    reader, writer = file

    async def run() -> None:
        assert count(reader) == 0
        stamp = reader.one("PRAGMA data_version")
        writer.execute("INSERT INTO thing VALUES (1)")
        assert count(reader) == 0
        assert reader.one("PRAGMA data_version") == stamp
        await asyncio.sleep(0)
        assert count(reader) == 1
        assert reader.one("PRAGMA data_version") != stamp

    asyncio.run(run())


def test_a_callback_after_a_commit_sees_it(file: tuple[SqliteReader, Connection]) -> None:
    reader, writer = file

    async def run() -> None:
        for expected in range(1, 50):
            committed = asyncio.get_running_loop().create_future()
            assert count(reader) == expected - 1
            writer.execute("INSERT INTO thing VALUES (1)")
            asyncio.get_running_loop().call_soon_threadsafe(committed.set_result, None)
            await committed
            assert count(reader) == expected

    asyncio.run(run())


def test_nothing_stays_open_when_a_loop_ends(file: tuple[SqliteReader, Connection]) -> None:
    reader, _ = file

    async def run() -> None:
        count(reader)

    asyncio.run(run())
    assert not reader.db.in_transaction


def test_without_a_loop_each_statement_is_its_own_transaction(file: tuple[SqliteReader, Connection]) -> None:
    reader, writer = file
    assert count(reader) == 0
    writer.execute("INSERT INTO thing VALUES (1)")
    assert count(reader) == 1
