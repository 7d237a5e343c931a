"""PostgreSQL plans by statistics, which Sickbay keeps up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.postgres import Server
from tests.storage.making import SPACE, asked, find, observation

from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.postgres import statistics
from sickbay.storage.postgres.statistics import FEW
from sickbay.storage.postgres.store import PostgresStore, open_store


@pytest.fixture
def address(postgres: Server) -> str:
    return postgres.address()


@pytest.fixture
async def store(address: str) -> AsyncIterator[PostgresStore]:
    opened = await open_store(address, find)
    yield opened
    await opened.close()


def schema(address: str) -> str:
    return address.partition("search_path=")[2]


def plan(postgres: Server, address: str) -> str:
    """How the server would look for a resource by its id."""
    asked = "EXPLAIN SELECT nid FROM resource WHERE space = 1 AND type = 1 AND id = 'o1' AND state = 1"
    return postgres.say(f"SET search_path = {schema(address)}; SET enable_seqscan = off; {asked}")


@pytest.mark.anyio
async def test_the_planner_knows_of_what_was_written_without_waiting_for_the_servers_daemon(
    postgres: Server, address: str, store: PostgresStore
) -> None:
    await store.transaction([observation(f"o{number}", "p") for number in range(FEW - 1)])
    assert store._statistics._making is None
    await store.transaction([observation("more", "p")])
    assert store._statistics._making is not None
    await store._statistics._making
    assert "resource_by_id" in plan(postgres, address)


@pytest.mark.anyio
async def test_the_planner_knows_of_what_was_restored_from_a_dump(postgres: Server, address: str) -> None:
    await (await open_store(address, find)).close()
    rows = "SELECT n, 1, 1, 1, 'o' || n, 1, 0, 2, '', '' FROM generate_series(1, 9000) n"
    postgres.say(f"SET search_path = {schema(address)}; INSERT INTO resource {rows}")
    await (await open_store(address, find)).close()
    assert "resource_by_id" in plan(postgres, address)
    assert int(postgres.say(f"SELECT reltuples FROM pg_class WHERE oid = '{schema(address)}.resource'::regclass")) == 9000


@pytest.mark.anyio
async def test_a_server_that_goes_away_while_its_statistics_are_made_is_no_failure(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(statistics, "ANALYZE", "SELECT pg_terminate_backend(pg_backend_pid())")
    await store.transaction([observation(f"o{number}", "p") for number in range(FEW)])
    assert store._statistics._making is not None
    await store._statistics._making
    assert "Updating the database statistics failed" in caplog.text
    assert await store.count(SPACE, asked("Observation"), EVERYTHING) == FEW
