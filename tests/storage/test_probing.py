"""The limits of the questions of an explanation: steps of a statement and its own thread on SQLite, time on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.postgres import Server
from tests.storage.contract_probe import fill
from tests.storage.making import SPACE, find, limit_lists, observation, of_patients, parameter, query_for

from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.postgres import probing as postgres_probing
from sickbay.storage.postgres.probing import TimeLimit
from sickbay.storage.probe import Probe, TooCostly
from sickbay.storage.query.statement import Row, Statement
from sickbay.storage.sqlite import probing
from sickbay.storage.sqlite.probing import LimitedReader
from sickbay.storage.sqlite.store import open_store

ENDLESS = Statement("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c", ())
SECONDS = 3600.0
"""Never the limit in these tests."""


@pytest.fixture
def reader(tmp_path: Path) -> LimitedReader:
    open_store(tmp_path / "sickbay.db", find)
    return LimitedReader(tmp_path / "sickbay.db")


def test_a_statement_stops_after_a_fixed_number_of_steps_and_the_next_one_runs(reader: LimitedReader) -> None:
    reader.begin(SECONDS)
    with pytest.raises(TooCostly):
        reader.run(ENDLESS)
    assert reader._ticks_of_statement == probing.STATEMENT_TICKS + 1
    assert reader.run(Statement("SELECT 1", ())) == [(1,)]
    reader.end()


def test_without_processor_time_no_statement_runs(reader: LimitedReader) -> None:
    reader.begin(-1.0)
    with pytest.raises(TooCostly):
        reader.one("SELECT 1")
    reader.end()


def test_a_stopped_reader_answers_nothing(reader: LimitedReader) -> None:
    reader.begin(SECONDS)
    reader.stop()
    with pytest.raises(TooCostly):
        reader.rows("SELECT 1")
    reader.end()


def test_a_job_never_runs_on_the_event_loop_and_one_runs_after_the_other(tmp_path: Path) -> None:
    async def steps() -> None:
        store = open_store(tmp_path / "sickbay.db", find)
        await store.transaction([observation("a", "p")])
        running, most = 0, 0

        def job(probe: Probe) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            probe.count(query_for("Observation"))
            running -= 1
            return threading.get_ident()

        threads = await asyncio.gather(*(store.probe(SPACE, EVERYTHING, job, 1_000_000) for _ in range(8)))
        assert len(set(threads)) == 1
        assert threading.get_ident() not in threads
        assert most == 1
        await store.close()

    asyncio.run(steps())


def test_a_statement_gets_no_more_time_than_is_left_on_postgres(postgres: Server) -> None:
    """`tests/conftest.py` allows 30 seconds for each statement."""

    async def steps() -> None:
        db = await asyncpg.connect(postgres.address())
        async with TimeLimit(db, 400) as limit:
            with pytest.raises(TooCostly):
                await limit.fetch(Statement("SELECT pg_sleep(25)", ()))
            with pytest.raises(TooCostly):
                await limit.fetch(Statement("SELECT 1", ()))
        assert await db.fetchval("SHOW statement_timeout") == "0"
        await db.close()

    asyncio.run(steps())


def test_a_statement_that_takes_too_long_ends_on_postgres_and_the_next_one_runs(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_probing, "STATEMENT_MILLISECONDS", 50)

    async def steps() -> None:
        db = await asyncpg.connect(postgres.address())
        async with TimeLimit(db, 60_000) as limit:
            with pytest.raises(TooCostly):
                await limit.fetch(Statement("SELECT pg_sleep(60)", ()))
            monkeypatch.setattr(postgres_probing, "STATEMENT_MILLISECONDS", 30_000)
            assert [tuple(row) for row in await limit.fetch(Statement("SELECT 1", ()))] == [(1,)]
        await db.close()

    asyncio.run(steps())


@pytest.mark.parametrize("code", ["code", "category", "patient"])
def test_values_for_many_patients_take_a_number_of_steps_that_does_not_grow_with_their_resources(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "TICK_STEPS", 100)
    monkeypatch.setattr(probing, "STATEMENT_TICKS", 1_000_000)
    limit_lists(monkeypatch, 300)

    async def count_steps(each: int) -> int:
        store = open_store(tmp_path / f"{each}.db", find)
        names = await fill(store, 50, each)
        most = 0

        def job(probe: Probe) -> None:
            nonlocal most
            reader = store._probe._reader
            assert reader is not None
            plain = reader.rows

            def count_rows(*arguments: Any) -> list[Row]:
                nonlocal most
                rows = plain(*arguments)
                most = max(most, reader._ticks_of_statement)
                return rows

            monkeypatch.setattr(reader, "rows", count_rows)
            assert probe.occurrences(query_for("Observation"), parameter("Observation", code)).values

        await store.probe(SPACE, of_patients(*names), job, 1_000_000)
        await store.close()
        return most * 100

    few, many = asyncio.run(count_steps(25)), asyncio.run(count_steps(50))
    assert many < few * 1.2, (few, many)
    assert many < 200_000, many
