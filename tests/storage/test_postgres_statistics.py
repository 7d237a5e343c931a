"""Sickbay keeps PostgreSQL's planner statistics up to date."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.postgres import Server
from tests.storage.making import SPACE, find, observation, query_for

from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.postgres import statistics
from sickbay.storage.postgres.statistics import MINIMUM_RESOURCES
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
    """Return the server's plan for looking up a resource by its id."""
    statement = "EXPLAIN SELECT nid FROM resource WHERE space = 1 AND type = 1 AND id = 'o1' AND state = 1"
    return postgres.say(f"SET search_path = {schema(address)}; SET enable_seqscan = off; {statement}")


@pytest.mark.anyio
async def test_statistics_are_updated_after_writes_without_waiting_for_autovacuum(
    postgres: Server, address: str, store: PostgresStore
) -> None:
    await store.transaction([observation(f"o{number}", "p") for number in range(MINIMUM_RESOURCES - 1)])
    assert store._statistics._making is None
    await store.transaction([observation("more", "p")])
    assert store._statistics._making is not None
    await store._statistics._making
    assert "resource_by_id" in plan(postgres, address)


@pytest.mark.anyio
async def test_statistics_are_updated_after_restoring_a_dump(postgres: Server, address: str) -> None:
    await (await open_store(address, find)).close()
    rows = "SELECT n, 1, 1, 1, 'o' || n, 1, 0, 2, '', '' FROM generate_series(1, 9000) n"
    postgres.say(f"SET search_path = {schema(address)}; INSERT INTO resource {rows}")
    await (await open_store(address, find)).close()
    assert "resource_by_id" in plan(postgres, address)
    assert int(postgres.say(f"SELECT reltuples FROM pg_class WHERE oid = '{schema(address)}.resource'::regclass")) == 9000


@pytest.mark.anyio
async def test_losing_the_connection_while_updating_statistics_is_not_an_error(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(statistics, "ANALYZE", "SELECT pg_terminate_backend(pg_backend_pid())")
    await store.transaction([observation(f"o{number}", "p") for number in range(MINIMUM_RESOURCES)])
    assert store._statistics._making is not None
    await store._statistics._making
    assert "Updating the database statistics failed" in caplog.text
    assert await store.count(SPACE, query_for("Observation"), EVERYTHING) == MINIMUM_RESOURCES
