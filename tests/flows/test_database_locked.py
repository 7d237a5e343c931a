"""A program that locks a table of PostgreSQL, or the whole server hangs: what is refused, and what still works."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import TokenClient, hand, observation
from tests.postgres import Server

from sickbay.storage.postgres import connection, pool, servers
from sickbay.storage.postgres.store import PostgresStore
from sickbay.web import health


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "TIME_LIMITS", servers.TIME_LIMITS | {"lock_timeout": 500})
    monkeypatch.setattr(pool, "STALLED_SECONDS", 0.4)


def write_and_read(asking: TokenClient) -> list[asyncio.Future[httpx2.Response]]:
    """More requests than there are connections, which all need the history."""
    writes = [asyncio.ensure_future(asking.ask("POST", "/Observation", observation())) for _ in range(30)]
    return [*writes, *(asyncio.ensure_future(asking.ask("GET", "/Observation/_history")) for _ in range(30))]


def test_a_locked_table_does_not_stop_the_checks_of_health(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits are longer than a busy machine needs."""
    monkeypatch.setattr(servers, "TIME_LIMITS", servers.TIME_LIMITS | {"lock_timeout": 60_000})
    for module, name in ((pool, "STALLED_SECONDS"), (pool, "WAIT_SECONDS"), (health, "ANSWER_SECONDS")):
        monkeypatch.setattr(module, name, 60.0)
    address = postgres.address()

    async def steps(flow: Flow) -> None:
        asking = await hand(flow, "system/*.cruds")
        await asking.create(observation(subject={"reference": "Patient/x"}))
        other = await asyncpg.connect(address)
        await other.execute("BEGIN; LOCK TABLE resource_history IN ACCESS EXCLUSIVE MODE")
        waiting = write_and_read(asking)
        await asyncio.sleep(0.1)
        for path in ("/healthz", "/readyz"):
            assert (await flow.http.get(path)).status_code == 200
        monkeypatch.setattr(health, "ANSWER_SECONDS", 0.1)
        assert (await flow.http.get("/metrics")).status_code == 200  # which leaves out what the database doesn't answer in time
        assert not any(task.done() for task in waiting)
        await other.close()
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200, 201}

    run(steps, tmp_path, data=address, patients=0)


def test_what_needs_a_locked_table_gets_503_and_other_requests_their_response(postgres: Server, tmp_path: Path) -> None:
    address = postgres.address()

    async def steps(flow: Flow) -> None:
        asking = await hand(flow, "system/*.cruds")
        created = await asking.create(observation(subject={"reference": "Patient/x"}))
        other = await asyncpg.connect(address)
        await other.execute("BEGIN; LOCK TABLE resource_history IN ACCESS EXCLUSIVE MODE")
        for answer in await asyncio.gather(*write_and_read(asking)):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert (
                "is locked" in answer.text or "locked the data" in answer.text or "all of Sickbay's connections" in answer.text
            )
        assert (await asking.ask("GET", f"/Observation/{created['id']}")).status_code == 200
        await other.close()
        await _until_unlocked(asking)

    run(steps, tmp_path, data=address, patients=0)


def test_readiness_says_soon_that_the_database_does_not_answer(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of records is locked, which every request needs."""
    monkeypatch.setattr(servers, "TIME_LIMITS", servers.TIME_LIMITS | {"lock_timeout": 30_000})
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.2)
    address = postgres.address()

    async def steps(flow: Flow) -> None:
        other = await asyncpg.connect(address)
        await other.execute("BEGIN; LOCK TABLE record IN ACCESS EXCLUSIVE MODE")
        readiness = await flow.http.get("/readyz")
        assert (readiness.status_code, readiness.headers["retry-after"]) == (503, "5")
        assert (await flow.http.get("/metrics")).status_code == 200
        assert (await flow.http.get("/healthz")).status_code == 200
        await other.close()
        monkeypatch.setattr(health, "ANSWER_SECONDS", 60.0)  # the server notices a moment later that the other client has gone
        assert (await flow.http.get("/readyz")).status_code == 200

    run(steps, tmp_path, data=address, patients=0)


def test_a_statement_without_an_end_does_not_hold_a_request_for_ever(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As through PgBouncer, where the server has no time limits of its own. Turns are short only while the table is locked."""
    monkeypatch.setattr(servers, "TIME_LIMITS", {"lock_timeout": 0, "statement_timeout": 0})
    monkeypatch.setattr(connection, "SWEEP_SECONDS", 0.05)
    address = postgres.address()

    async def steps(flow: Flow) -> None:
        asking = await hand(flow, "system/*.cruds")
        created = await asking.create(observation(subject={"reference": "Patient/x"}))
        other = await asyncpg.connect(address)
        await other.execute("BEGIN; LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
        store = flow.sandbox.runtime.store
        assert isinstance(store, PostgresStore)
        monkeypatch.setattr(store._pool, "_seconds", 0.3)
        for answer in (
            await asking.ask("GET", f"/Observation/{created['id']}"),
            await asking.ask("POST", "/Observation", observation()),
        ):
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5"), answer.text
        monkeypatch.setattr(store._pool, "_seconds", 30.0)
        await other.close()
        await _until_unlocked(asking)

    run(steps, tmp_path, data=address, patients=0)


async def _until_unlocked(asking: TokenClient) -> None:
    """Write until it succeeds. The server notices only after a moment that the other client has gone."""
    async with asyncio.timeout(60):
        while (answer := await asking.ask("POST", "/Observation", observation())).status_code != 201:
            assert answer.status_code == 503, answer.text
