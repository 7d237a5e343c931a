"""What a store does when it is closed, or a signal comes, in the middle of something long."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.storage.making import SPACE, find, patient, query_for

from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import Stopping
from sickbay.storage.sqlite import connection as connecting
from sickbay.storage.sqlite import reader as reading
from sickbay.storage.sqlite import writer as writing
from sickbay.storage.sqlite.connection import connect, fetch_rows, migrate
from sickbay.storage.sqlite.migrations import STEPS
from sickbay.storage.sqlite.steps import Transaction
from sickbay.storage.sqlite.store import open_store
from sickbay.storage.sqlite.writer import Writer

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def endless(begun: threading.Event, transaction: Transaction) -> None:
    """One statement that never ends."""
    transaction.db.execute("INSERT INTO a VALUES (1)")
    begun.set()
    transaction.db.execute(ENDLESS).fetchall()


def many(begun: threading.Event, transaction: Transaction) -> None:
    """Statements without an end."""
    transaction.db.execute("INSERT INTO a VALUES (1)")
    begun.set()
    while True:
        transaction.db.execute("SELECT count(*) FROM a").fetchall()


@pytest.mark.anyio
@pytest.mark.parametrize("job", [endless, many])
async def test_closing_interrupts_a_write_that_takes_long_and_undoes_it(
    tmp_path: Path, job: Callable[[threading.Event, Transaction], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "FINISH_SECONDS", 0.01)
    monkeypatch.setattr(writing, "INTERRUPT_SECONDS", 30)
    db, begun = connect(tmp_path / "a.db"), threading.Event()
    db.execute("CREATE TABLE a (b INTEGER) STRICT")
    writer = Writer(db)
    writing_task = asyncio.ensure_future(writer.run(partial(job, begun)))
    await asyncio.to_thread(begun.wait)
    writer.close()
    with pytest.raises(Stopping):
        await writing_task
    db = connect(tmp_path / "a.db")
    assert fetch_rows(db, "SELECT count(*) FROM a") == [(0,)]
    db.close()


@pytest.mark.anyio
async def test_closing_does_not_wait_for_a_write_that_nothing_interrupts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one on a disk that doesn't respond."""
    monkeypatch.setattr(writing, "FINISH_SECONDS", 0.01)
    monkeypatch.setattr(writing, "INTERRUPT_SECONDS", 0.01)
    begun, over = threading.Event(), threading.Event()
    writer = Writer(connect(tmp_path / "a.db"))

    def hang(transaction: Transaction) -> None:
        begun.set()
        over.wait()

    hanging = asyncio.ensure_future(writer.run(hang))
    await asyncio.to_thread(begun.wait)
    writer.close()
    assert not hanging.done()
    over.set()
    await asyncio.wait({hanging})


@pytest.mark.anyio
async def test_closing_stops_a_long_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_TICKS", -1)  # every search is long
    store, begun = open_store(tmp_path / "a.db", find), threading.Event()
    await store.transaction([patient("p")])

    def slow(db: apsw.Connection, statement: object) -> list[tuple[Any, ...]]:
        begun.set()
        return db.execute(ENDLESS).fetchall()

    monkeypatch.setattr(reading.SqliteReader, "run_on_loop", interrupt)
    monkeypatch.setattr(reading, "_read_rows", slow)
    searching = asyncio.ensure_future(store.search(SPACE, query_for("Patient"), EVERYTHING))
    await asyncio.to_thread(begun.wait)
    await store.close()
    with pytest.raises(Stopping):
        await searching


def interrupt(self: object, statement: object) -> list[object]:
    raise apsw.InterruptError


def test_a_signal_interrupts_a_long_migration_and_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes soon after the step has begun, and so within its endless statement."""
    db = connect(tmp_path / "a.db")
    migrate(db)
    before = fetch_rows(db, "SELECT sql FROM sqlite_master")
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    db.create_scalar_function("begin", lambda *_: timer.start())
    steps = (*STEPS, f"CREATE TABLE later (a INTEGER) STRICT; INSERT INTO later VALUES (begin()); {ENDLESS}")
    monkeypatch.setattr(connecting, "STEPS", steps)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            migrate(db)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, handler)
    assert fetch_rows(db, "SELECT sql FROM sqlite_master") == before
    db.close()
