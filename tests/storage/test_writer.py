"""The writer shares commits, isolates errors, and waits for other processes."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.storage.making import SPACE, find, observation, query_for, where

from sickbay.fhir.search.query import TokenValue
from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import DiskFull, Unavailable
from sickbay.storage.interface import Conflict, Put, Record
from sickbay.storage.sqlite import connection as connecting
from sickbay.storage.sqlite import steps
from sickbay.storage.sqlite import writer as writing
from sickbay.storage.sqlite.connection import begin_transaction, connect, fetch_rows
from sickbay.storage.sqlite.resources import Changes
from sickbay.storage.sqlite.steps import Transaction
from sickbay.storage.sqlite.store import open_store
from sickbay.storage.sqlite.writer import BUSY, GROUP, QUIET_TURNS, Undo, Writer

pytestmark = pytest.mark.anyio


def count_commits(db: apsw.Connection) -> list[int]:
    """Returns a list to which each later commit adds an item."""
    commits: list[int] = []

    def note() -> bool:
        commits.append(1)
        return False

    db.set_commit_hook(note)
    return commits


@pytest.fixture
def file(tmp_path: Path) -> Path:
    db = connect(tmp_path / "a.db")
    db.execute("CREATE TABLE a (b INTEGER PRIMARY KEY) STRICT")
    db.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) STRICT")
    db.close()
    return tmp_path / "a.db"


def insert(number: int, transaction: Transaction) -> int:
    transaction.db.execute("INSERT INTO a VALUES (?)", (number,))
    return number


async def test_requests_in_one_turn_of_the_loop_share_a_commit(file: Path) -> None:
    db = connect(file)
    commits: list[int] = []

    def is_committed() -> bool:
        commits.append(1)
        return False

    db.set_commit_hook(is_committed)
    writer = Writer(db)
    assert await asyncio.gather(*(writer.run(partial(insert, number)) for number in range(128))) == list(range(128))
    assert len(commits) == 1
    writer.close()


async def test_requests_in_consecutive_turns_share_a_commit(file: Path) -> None:
    """In practice, the first request reaches the writer before the others have been read from their sockets."""
    db = connect(file)
    commits = count_commits(db)
    writer, waiting = Writer(db), []
    for number in range(QUIET_TURNS):
        waiting.append(asyncio.ensure_future(writer.run(partial(insert, number))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == list(range(QUIET_TURNS))
    assert len(commits) == 1
    writer.close()


async def test_a_request_is_handed_over_even_if_more_keep_coming(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAXIMUM_GATHER_SECONDS", 0.0)
    writer, started = Writer(connect(file)), threading.Event()
    requests: list[asyncio.Future[None]] = []
    for _ in range(5):
        requests.append(asyncio.ensure_future(writer.run(lambda changes: started.set())))
        await asyncio.sleep(0)
    assert started.wait(60), "the loop is blocked, and each turn adds another request"
    await asyncio.gather(*requests)
    writer.close()


async def test_a_job_with_many_steps_starts_even_if_the_loop_is_busy(file: Path) -> None:
    writer, started = Writer(connect(file)), threading.Event()
    request = asyncio.ensure_future(writer.run(lambda changes: started.set(), steps=GROUP))
    await asyncio.sleep(0)
    assert started.wait(60), "the loop is blocked, so the job has to start without it"
    await request
    writer.close()


async def test_requests_that_wait_for_a_commit_share_the_next_one(file: Path) -> None:
    db = connect(file)
    commits = count_commits(db)
    writer, busy, go = Writer(db), threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> None:
        insert(100, transaction)
        busy.set()
        go.wait(60)

    first = asyncio.ensure_future(writer.run(slow))
    await asyncio.to_thread(busy.wait, 10)
    waiting = []
    for number in range(5):
        waiting.append(asyncio.ensure_future(writer.run(partial(insert, number))))
        await asyncio.sleep(0.001)
    go.set()
    await asyncio.gather(first, *waiting)
    assert len(commits) == 2, "one commit for the slow job, one for all requests that arrived during it"
    writer.close()


async def test_the_page_cache_grows_when_many_requests_share_a_commit(file: Path) -> None:
    db = connect(file)
    writer, few = Writer(db), db.pragma("cache_size")
    for count in (1, BUSY - 1):
        await asyncio.gather(*(writer.run(lambda changes: None) for _ in range(count)))
        assert db.pragma("cache_size") == few
    await asyncio.gather(*(writer.run(lambda changes: None) for _ in range(BUSY)))
    assert abs(db.pragma("cache_size")) > abs(few)
    writer.close()


async def test_an_error_undoes_only_its_own_job(file: Path) -> None:
    writer = Writer(connect(file))

    def list_faulty(transaction: Transaction) -> None:
        insert(100, transaction)
        raise ValueError("no")

    jobs = [*(writer.run(partial(insert, number)) for number in range(5)), writer.run(list_faulty)]
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert outcomes[:5] == [0, 1, 2, 3, 4]
    assert isinstance(outcomes[5], ValueError)
    writer.close()
    assert [row[0] for row in fetch_rows(connect(file), "SELECT b FROM a ORDER BY b")] == [0, 1, 2, 3, 4]


async def test_a_transaction_that_changes_only_records_prepares_no_changes_of_resources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, prepared = open_store(tmp_path / "a.db", find), list[Changes]()

    def prepare(*arguments: Any) -> Changes:
        prepared.append(Changes(*arguments))
        return prepared[-1]

    monkeypatch.setattr(steps, "Changes", prepare)
    await store.transaction([Put(Record("token", "t", b"{}")), Put(Record("app", "a", b"{}"))])
    assert not prepared
    await asyncio.gather(*(store.transaction([observation(id, "p")]) for id in "ab"))
    assert len(prepared) == 1
    await store.close()


async def test_a_coding_of_a_change_that_was_undone_is_stored_with_the_next_one(tmp_path: Path) -> None:
    store = open_store(tmp_path / "a.db", find)
    with pytest.raises(Conflict):
        await store.transaction([observation("o1", "p", code="x"), Put(Record("code", "k", b""), 7)])
    for id in ("o2", "o3"):
        await store.transaction([observation(id, "p", code="x")])
    coded = query_for("Observation", where("Observation", "code", TokenValue(None, "x")))
    assert len((await store.search(SPACE, coded, EVERYTHING)).matches) == 2
    terms = fetch_rows(connect(tmp_path / "a.db"), "SELECT code FROM term WHERE code = 'x'")
    assert terms == [("x",)]
    await store.close()


async def test_a_job_that_ends_the_transaction_fails_the_commit_but_not_the_next_one(file: Path) -> None:
    writer = Writer(connect(file))
    with pytest.raises(apsw.Error):
        await writer.run(
            lambda transaction: (
                transaction.db.execute("ROLLBACK") and insert(1, transaction) and transaction.db.execute("ROLLBACK")
            )
        )
    assert await writer.run(partial(insert, 7)) == 7
    writer.close()


async def test_a_cancelled_request_does_not_stop_the_writer(file: Path) -> None:
    writer = Writer(connect(file))
    waiting = asyncio.ensure_future(writer.run(partial(insert, 1)))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await writer.run(partial(insert, 2)) == 2
    writer.close()


async def test_closing_finishes_waiting_requests_and_refuses_new_ones(file: Path) -> None:
    writer = Writer(connect(file))
    waiting = [asyncio.ensure_future(writer.run(partial(insert, number))) for number in range(20)]
    await asyncio.sleep(0)
    writer.close()
    assert await asyncio.gather(*waiting) == list(range(20))
    with pytest.raises(RuntimeError, match="closed"):
        await writer.run(partial(insert, 99))


async def test_waiting_too_long_for_another_process_raises_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "LOCK_WAIT_SECONDS", 0.02)
    other = connect(file)
    begin_transaction(other)
    writer = Writer(connect(file))
    with pytest.raises(Unavailable, match=r"Another process has been writing to .*a\.db for 0\.02 s; try again"):
        await writer.run(partial(insert, 1))
    other.execute("ROLLBACK")
    assert await writer.run(partial(insert, 1)) == 1
    writer.close()


async def test_a_full_disk_raises_an_error_and_writing_works_again_once_there_is_space(file: Path) -> None:
    db = connect(file)
    writer = Writer(db)
    db.pragma("max_page_count", db.pragma("page_count"))
    for undo in (Undo.NOTHING, Undo.SAVEPOINT):
        with pytest.raises(DiskFull, match=r"a\.db is full \(.*full\); the change was not saved"):
            await writer.run(partial(many, 5000), undo)
    db.pragma("max_page_count", 1000)
    assert await writer.run(partial(many, 5000)) == 5000
    writer.close()


def many(count: int, transaction: Transaction) -> int:
    for number in range(count):
        insert(number, transaction)
    return count


async def test_several_stores_on_one_file_take_turns(tmp_path: Path) -> None:
    """Like several workers: no transaction fails, each contested record has one winner, and all see everything."""
    stores = [open_store(tmp_path / "sickbay.db", find) for _ in range(3)]

    async def work(worker: int) -> int:
        wins = 0
        for turn in range(30):
            step = Put(Record("contested", str(turn), b""), if_revision=0)
            await stores[worker].transaction([observation(f"o{worker}-{turn}", "p")])
            try:
                await stores[worker].transaction([step])
                wins += 1
            except Conflict:
                continue
        return wins

    assert sum(await asyncio.gather(*(work(worker) for worker in range(3)))) == 30
    for worker, store in enumerate(stores):
        assert len(await store.find("contested")) == 30
        other = (worker + 1) % 3
        assert await store.read(SPACE, "Observation", f"o{other}-29", EVERYTHING) is not None
    for store in stores:
        await store.close()


@pytest.mark.parametrize("undo", [Undo.NOTHING, Undo.SAVEPOINT])
async def test_the_numbers_of_names_are_kept_once_they_are_committed(tmp_path: Path, undo: Undo) -> None:
    await open_store(tmp_path / "a.db").close()
    db, statements = connect(tmp_path / "a.db"), list[str]()
    writer = Writer(db)

    def save(id: str, transaction: Transaction) -> None:
        transaction.resources.save(observation(id, "p"))

    def fail(transaction: Transaction) -> None:
        save("1", transaction)
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        await writer.run(fail, undo)
    db.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: statements.append(event["sql"]))
    await writer.run(partial(save, "2"))
    assert any("INTO word" in statement for statement in statements)
    statements.clear()
    await writer.run(partial(save, "3"))
    assert statements
    assert not any("FROM word" in statement for statement in statements)
    writer.close()


async def test_requests_wait_until_they_are_committed(file: Path) -> None:
    writer, free = Writer(connect(file)), threading.Event()
    assert writer.waiting() == 0
    running = [asyncio.create_task(writer.run(lambda changes: free.wait(60))) for _ in range(3)]
    await asyncio.sleep(0)
    assert writer.waiting() == 3
    free.set()
    await asyncio.gather(*running)
    assert writer.waiting() == 0
    writer.close()
