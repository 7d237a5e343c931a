"""Several processes may open a new database at once, and each of them locks it for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import apsw
import pytest

from sickbay.settings.database import CannotOpen
from sickbay.storage.sqlite import connection
from sickbay.storage.sqlite.store import SqliteStore, open_store

OPENERS: dict[str, Callable[[Path], object]] = {
    "the check of its tables": connection.require_sickbay_database,
    "a connection": connection.connect,
    "a store": open_store,
}
ROUNDS = 10
PROCESSES = 8


@pytest.mark.parametrize("opener", OPENERS.values(), ids=list(OPENERS))
def test_a_locked_file_is_opened_once_the_lock_is_gone(
    opener: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, pauses = tmp_path / "sickbay.db", 0
    with closing(apsw.Connection(str(file))) as other:
        other.execute("BEGIN EXCLUSIVE")

        def release(_seconds: float) -> None:
            nonlocal pauses
            pauses += 1
            if pauses == 3:
                other.execute("ROLLBACK")

        monkeypatch.setattr(time, "sleep", release)
        opener(file)
    assert pauses == 3


@pytest.mark.parametrize("opener", OPENERS.values(), ids=list(OPENERS))
def test_a_file_that_stays_locked_is_refused_with_the_reason(
    opener: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sickbay.db"
    monkeypatch.setattr(connection, "LOCK_WAIT_SECONDS", 0.0)
    with closing(apsw.Connection(str(file))) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CannotOpen, match="another process has been writing for too long; try again"):
            opener(file)


def test_all_of_several_that_open_a_new_file_at_once_succeed(tmp_path: Path) -> None:
    def open_together(file: Path) -> SqliteStore:
        start.wait()
        return open_store(file)

    start = Barrier(PROCESSES)
    with ThreadPoolExecutor(PROCESSES) as pool:
        for number in range(ROUNDS):
            stores = list(pool.map(open_together, [tmp_path / f"{number}.db"] * PROCESSES))
            assert len(stores) == PROCESSES
            for store in stores:
                asyncio.run(store.close())
