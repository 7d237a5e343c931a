"""The write-ahead log stays small, even while other connections read without a pause."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import apsw
import pytest

from sickbay.settings.database import Unavailable
from sickbay.storage.query.statement import Statement
from sickbay.storage.sqlite import reader
from sickbay.storage.sqlite import writer as writer_module
from sickbay.storage.sqlite.connection import PAGE, connect, log_size
from sickbay.storage.sqlite.reader import SqliteReader
from sickbay.storage.sqlite.steps import Transaction
from sickbay.storage.sqlite.writer import WriteAheadLog, Writer

pytestmark = pytest.mark.anyio

PAGES = 100
MEGABYTE = 1_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with connect(tmp_path / "a.db") as db:
        db.execute("CREATE TABLE a (b INTEGER PRIMARY KEY, c BLOB) STRICT")
        db.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) STRICT")
    return tmp_path / "a.db"


class Relay:
    """Two readers on two threads. Each ends its transaction only after the other has begun one, so one is always open."""

    def __init__(self, file: Path) -> None:
        self.stop = False
        self.turns = [0, 0]
        self._begun = [threading.Semaphore(0), threading.Semaphore(0)]
        self._threads = [threading.Thread(target=self._read, args=(file, index)) for index in (0, 1)]
        for thread in self._threads:
            thread.start()

    def _read(self, file: Path, index: int) -> None:
        db = connect(file)
        while not self.stop:
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM a").fetchall()
            self._begun[index].release()
            self._begun[1 - index].acquire()
            db.execute("COMMIT")
            self.turns[index] += 1
        db.close()

    def end(self) -> None:
        self.stop = True
        for semaphore in self._begun:
            for _ in range(3):
                semaphore.release()
        for thread in self._threads:
            thread.join()


def insert(number: int, transaction: Transaction) -> None:
    transaction.db.execute("INSERT INTO a VALUES (?, zeroblob(40000))", (number,))


async def test_the_log_stays_small_while_two_connections_read_without_a_pause(file: Path) -> None:
    first, second = Writer(connect(file), PAGES), Writer(connect(file), PAGES)
    readers = Relay(file)
    largest = 0
    for number in range(500):  # 20 MB
        await (first, second)[number % 2].run(partial(insert, number))
        largest = max(largest, log_size(file))
    readers.end()
    for writer in (first, second):
        writer.close()
    assert min(readers.turns) > 10
    assert MEGABYTE / 4 < largest < 4 * MEGABYTE


async def test_the_log_grows_while_a_reader_stays_and_is_restarted_once_it_ends(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "CHECKPOINT_MILLISECONDS", 1)
    writer, staying = Writer(connect(file), PAGES), connect(file)
    staying.execute("BEGIN")
    staying.execute("SELECT count(*) FROM a").fetchall()
    for number in range(100):
        await writer.run(partial(insert, number))
    assert log_size(file) > 4 * MEGABYTE
    staying.execute("COMMIT")
    for number in range(100, 200):
        await writer.run(partial(insert, number))
    assert log_size(file) < MEGABYTE
    staying.close()
    writer.close()


async def test_a_commit_succeeds_even_if_the_log_cannot_be_restarted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def failing(self: WriteAheadLog) -> None:
        attempts.append(1)
        raise apsw.IOError

    monkeypatch.setattr(WriteAheadLog, "_restart_log", failing)
    writer = Writer(connect(file), PAGES)
    for number in range(30):
        await writer.run(partial(insert, number))
    writer.close()
    assert attempts
    assert connect(file).execute("SELECT count(*) FROM a").get == 30


ENDLESS = Statement("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", ())
SHORT = Statement("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT max(i) FROM n", ())


def test_a_search_is_stopped_after_its_time_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAXIMUM_STATEMENT_SECONDS", 0.05)
    slow = SqliteReader(file)
    with pytest.raises(Unavailable, match="took longer"):
        slow.run_on_thread(ENDLESS)
    assert slow.run_on_loop(Statement("SELECT 1", ())) == [(1,)]
    slow.close()


def test_a_search_is_stopped_earlier_if_it_keeps_the_log_large(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONG_WITH_LARGE_LOG", 0.0)
    slow = SqliteReader(file)
    assert slow.run_on_thread(SHORT) == [(100_000,)]
    monkeypatch.setattr(reader, "LARGE", 1)
    db = connect(file)
    db.execute("INSERT INTO a VALUES (1, zeroblob(40000))")
    assert log_size(file) > PAGE
    with pytest.raises(Unavailable):
        slow.run_on_thread(ENDLESS)
    db.close()
    slow.close()
