"""Documented differences of distributed databases that speak PostgreSQL's protocol, simulated on PostgreSQL.

CockroachDB accepts advisory locks and does nothing. It and YugabyteDB may report a serialization failure at any time, even on
commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.postgres import Server
from tests.storage.making import SPACE, find, observation, patient, query_for

from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import Unavailable
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import Conflict, DeleteFamily, Put, Record, UseOnce
from sickbay.storage.postgres.store import PostgresStore, open_store

FAILING_COMMIT = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'restart transaction' USING ERRCODE = '{code}'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
"""
NO_LOCKS = """
CREATE FUNCTION pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION pg_advisory_xact_lock_shared(bigint) RETURNS void LANGUAGE sql AS '';
"""


def schema(address: str) -> str:
    return address.partition("search_path=")[2]


def failing_commits(postgres: Server, address: str, times: int, code: str = "40001", table: str = "record") -> None:
    postgres.say(f"SET search_path = {schema(address)};" + FAILING_COMMIT.format(times=times, code=code, table=table))


@pytest.fixture
async def lockless(postgres: Server) -> AsyncIterator[list[PostgresStore]]:
    """Two stores on a database whose advisory locks do nothing: its own functions hide those of PostgreSQL."""
    address = postgres.address()
    postgres.say(f"SET search_path = {schema(address)}, pg_catalog;{NO_LOCKS}")
    stores = [await open_store(f"{address},pg_catalog", find) for _ in range(2)]
    yield stores
    for store in stores:
        await store.close()


def winners(outcomes: list[BaseException | None]) -> int:
    """How many transactions were committed. The others found that their condition no longer holds, or get 503."""
    losers = [outcome for outcome in outcomes if outcome is not None]
    assert all(isinstance(loser, Conflict | Unavailable) for loser in losers), losers
    return len(outcomes) - len(losers)


@pytest.mark.anyio
async def test_a_serialization_failure_on_commit_is_retried(postgres: Server) -> None:
    address = postgres.address()
    store = await open_store(address, find)
    failing_commits(postgres, address, 5)
    await store.transaction([patient("p"), Put(Record("token", "t", b"{}"))])
    assert await store.get("token", "t") is not None
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 1
    await store.close()


@pytest.mark.anyio
async def test_without_advisory_locks_a_code_is_used_once(lockless: list[PostgresStore]) -> None:
    for turn in range(5):
        await lockless[0].transaction([Put(Record("code", f"c{turn}", b"{}"))])
        uses = [store.transaction([UseOnce("code", f"c{turn}", 1)]) for store in lockless * 4]
        assert winners(await asyncio.gather(*uses, return_exceptions=True)) == 1


@pytest.mark.anyio
async def test_without_advisory_locks_a_version_has_one_successor(lockless: list[PostgresStore]) -> None:
    for turn in range(5):
        creates = [store.transaction([patient(f"p{turn}", if_version=0)]) for store in lockless * 4]
        assert winners(await asyncio.gather(*creates, return_exceptions=True)) == 1
        updates = [
            store.transaction([patient(f"p{turn}", version_id=2, interaction="update", if_version=1)]) for store in lockless * 4
        ]
        assert winners(await asyncio.gather(*updates, return_exceptions=True)) == 1
        history = await lockless[0].history(SPACE, HistoryQuery("Patient", f"p{turn}", 10), EVERYTHING)
        assert [version.version_id for version, _ in history.entries] == [2, 1]


@pytest.mark.anyio
async def test_without_advisory_locks_no_token_is_stored_after_its_family_is_revoked(lockless: list[PostgresStore]) -> None:
    for turn in range(10):
        family = f"f{turn}"
        await lockless[0].transaction([Put(Record("refresh", family, b"", family=family))])
        refresh = lockless[0].transaction(
            [
                Put(Record("refresh", family, b"", family=family), if_revision=1),
                Put(Record("token", family, b"", family=family)),
            ]
        )
        revoke = lockless[1].transaction([DeleteFamily(family, ("token", "refresh"))])
        _, revoked = await asyncio.gather(refresh, revoke, return_exceptions=True)
        assert revoked is not None or await lockless[0].find("token", family=family) == []


@pytest.mark.anyio
async def test_without_advisory_locks_counts_are_correct(lockless: list[PostgresStore]) -> None:
    creates = [
        store.transaction([observation(f"o{number}-{place}", "p")])
        for number in range(8)
        for place, store in enumerate(lockless)
    ]
    created = winners(await asyncio.gather(*creates, return_exceptions=True))
    assert created > 0
    assert await lockless[0].count(SPACE, query_for("Observation"), EVERYTHING) == created
