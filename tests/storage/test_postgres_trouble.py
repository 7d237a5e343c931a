"""PostgreSQL in trouble: unavailable, with another schema, failing during a transaction, or with serialization failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Server, server
from tests.storage.making import SPACE, find, observation, patient, query_for
from tests.storage.schema import render

from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import CannotOpen, Unavailable
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import Conflict, Delete, DeleteFamily, Put, Record, UseOnce
from sickbay.storage.postgres import migrations, pool, resources, writer
from sickbay.storage.postgres import store as store_module
from sickbay.storage.postgres.migrations import STEPS
from sickbay.storage.postgres.store import PostgresStore, open_store


@pytest.fixture
def address(postgres: Server) -> str:
    return postgres.address()


@pytest.fixture
async def store(address: str) -> AsyncIterator[PostgresStore]:
    opened = await open_store(address, find)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def own(postgres: Server) -> Iterator[Server]:
    """A server that tests may kill."""
    with server(postgres.bin) as running:
        yield running


def schema(address: str) -> str:
    return address.partition("search_path=")[2]


UNORDERED = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'not in order' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fails BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail();
"""


def inject(postgres: Server, address: str, times: int, code: str = "40001", table: str = "record") -> None:
    """Make the server fail `times` inserts with a serialization failure."""
    postgres.say(f"SET search_path = {schema(address)};" + UNORDERED.format(times=times, code=code, table=table))


@pytest.mark.parametrize("code", ["40001", "40P01"])
@pytest.mark.anyio
async def test_a_serialization_failure_is_retried(postgres: Server, address: str, store: PostgresStore, code: str) -> None:
    inject(postgres, address, 5, code)
    await store.transaction([patient("p"), Put(Record("token", "t", b"{}"))])
    assert await store.get("token", "t") is not None
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 1


@pytest.mark.anyio
async def test_after_five_retries_the_transaction_fails_and_nothing_is_kept(
    postgres: Server, address: str, store: PostgresStore
) -> None:
    inject(postgres, address, 6)
    with pytest.raises(Unavailable, match="too busy"):
        await store.transaction([patient("p"), Put(Record("token", "t", b"{}"))])
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 0
    await store.transaction([patient("p"), Put(Record("token", "t", b"{}"))])
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 1


@pytest.mark.anyio
async def test_a_conflict_is_not_retried(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    once = writer._write_once

    async def count(*arguments: object) -> object:
        tries.append(arguments)
        return await once(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "_write_once", count)
    with pytest.raises(Conflict):
        await store.transaction([UseOnce("code", "absent", 1)])
    assert len(tries) == 1


@pytest.mark.anyio
async def test_a_connection_killed_during_a_transaction_leaves_no_changes(
    postgres: Server, address: str, store: PostgresStore
) -> None:
    """The server ends the session while it inserts the last of the rows."""
    kill = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid());"
    kill += " PERFORM pg_sleep(5); RETURN NEW; END $$;"
    kill += "CREATE TRIGGER dies BEFORE INSERT ON type_count FOR EACH ROW EXECUTE FUNCTION die();"
    postgres.say(f"SET search_path = {schema(address)};{kill}")
    with pytest.raises(Unavailable) as raised:
        await store.transaction([Put(Record("token", "t", b"{}")), patient("p"), observation("o", "p")])
    assert "sickbay@" in str(raised.value)
    postgres.say(f"SET search_path = {schema(address)};DROP TRIGGER dies ON type_count;")
    assert await store.get("token", "t") is None
    assert await store.read(SPACE, "Patient", "p", EVERYTHING) is None
    await store.transaction([Put(Record("token", "t", b"{}")), patient("p"), observation("o", "p")])
    assert await store.count(SPACE, query_for("Observation"), EVERYTHING) == 1


@pytest.mark.anyio
async def test_a_restarted_server_is_used_again(own: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FAILOVER_SECONDS", 0.0)
    store = await open_store(own.address(), find)
    await store.transaction([patient("p"), Put(Record("token", "t", b"{}"))])
    own.stop()
    for question in (
        store.get("token", "t"),
        store.read(SPACE, "Patient", "p", EVERYTHING),
        store.transaction([Delete("token", "t")]),
    ):
        with pytest.raises(Unavailable, match="does not answer"):
            await question
    own.start()
    assert await store.get("token", "t") is not None
    assert await store.read(SPACE, "Patient", "p", EVERYTHING) is not None
    await store.transaction([Delete("token", "t")])
    assert await store.get("token", "t") is None
    await store.close()


@pytest.mark.anyio
async def test_writers_of_two_processes_share_one_history_and_lose_nothing(address: str) -> None:
    """Each has its own connection pool and its own block of numbers, like two workers."""
    stores = [await open_store(address, find) for _ in range(3)]

    async def creates(number: int) -> None:
        for place in range(20):
            await stores[number].transaction([observation(f"o{number}-{place}", f"p{place % 4}")])

    await asyncio.gather(*(creates(number) for number in range(3)))
    assert await stores[0].count(SPACE, query_for("Observation"), EVERYTHING) == 60
    tries = [
        store.transaction([patient("p0", version_id=1, if_version=0)]) for store in stores for _ in range(8)
    ]  # the patient is referenced but doesn't exist yet
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 23 + ["NoneType"]
    versions = [store.transaction([patient("p0", version_id=2, interaction="update", if_version=1)]) for store in stores * 8]
    outcomes = await asyncio.gather(*versions, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Conflict)] == [None]
    history = await stores[1].history(SPACE, HistoryQuery("Patient", "p0", 10), EVERYTHING)
    assert [version.version_id for version, _ in history.entries] == [2, 1]
    for store in stores:
        await store.close()


@pytest.mark.anyio
async def test_concurrent_creates_of_a_type_do_not_wait_for_each_other(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction stays open while another starts and commits."""
    monkeypatch.setattr(resources, "SLICES", 1 << 40)  # so that no two sessions share a slice
    begun, ending = asyncio.Event(), asyncio.Event()
    write = resources.write_rows

    async def write_and_wait(db: Any, batch: Any) -> None:
        await write(db, batch)
        begun.set()
        await ending.wait()

    await store.transaction([patient("p"), observation("o0", "p")])  # otherwise the second transaction would wait for new terms
    monkeypatch.setattr(resources, "write_rows", write_and_wait)
    first = asyncio.create_task(store.transaction([observation("o1", "p")]))
    await begun.wait()
    monkeypatch.setattr(resources, "write_rows", write)
    async with asyncio.timeout(60):
        await store.transaction([observation("o2", "p")])
    assert await store.count(SPACE, query_for("Observation"), EVERYTHING) == 2
    ending.set()
    await first
    assert await store.count(SPACE, query_for("Observation"), EVERYTHING) == 3


@pytest.mark.anyio
async def test_counts_are_correct_if_different_sessions_create_and_delete(
    address: str, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "SLICES", 1 << 40)
    first, second = await open_store(address, find), await open_store(address, find)
    await first.transaction([patient("p"), patient("q")])
    for id in ("p", "q"):
        await second.transaction([patient(id, version_id=2, interaction="delete")])
        assert await first.count(SPACE, query_for("Patient"), EVERYTHING) == (id == "p")
        assert await second.has_resources(SPACE) is (id == "p")
    slices = postgres.say(f"SELECT live FROM {schema(address)}.type_count ORDER BY live")
    assert slices.split() == ["-2", "2"]
    await first.close()
    await second.close()


BEFORE_SLICES = [released for released in range(1, len(STEPS)) if "slice" not in "".join(STEPS[:released])]


@pytest.mark.parametrize("released", BEFORE_SLICES)
@pytest.mark.anyio
async def test_counts_of_an_older_schema_are_kept_by_the_migration(postgres: Server, address: str, released: int) -> None:
    statements = "INSERT INTO space VALUES (1, 'general', 'r4', 7, 0); INSERT INTO word VALUES (1, 'Patient');"
    statements += (
        f"INSERT INTO type_count (space, type, live) VALUES (1, 1, 7); INSERT INTO meta VALUES ('schema', '{released}')"
    )
    postgres.say(f"SET search_path = {schema(address)};" + ";".join((*STEPS[:released], statements)))
    store = await open_store(address, find)
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 7
    await store.transaction([patient("new")])
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 8
    await store.close()


@pytest.mark.anyio
async def test_no_token_of_a_family_is_stored_after_its_revocation(address: str) -> None:
    """Race refreshing (only if the family's record is unchanged) against revoking, many times."""
    first, second = await open_store(address, find), await open_store(address, find)
    for turn in range(20):
        family = f"f{turn}"
        await first.transaction([Put(Record("refresh", family, b"", family=family))])
        refresh = first.transaction(
            [
                Put(Record("refresh", family, b"", family=family), if_revision=1),
                *(Put(Record("token", f"{family}-{n}", b"", family=family)) for n in range(3)),
            ]
        )
        revoke = second.transaction([DeleteFamily(family, ("token", "refresh"))])
        await asyncio.gather(refresh, revoke, return_exceptions=True)
        assert await first.find("token", family=family) == []
    await first.close()
    await second.close()


@pytest.mark.anyio
async def test_a_deleted_record_is_never_returned_however_many_requests_share_the_answer(address: str) -> None:
    """Answers are shared, but never from a query that started earlier: a revoked token is refused at once on every worker."""
    first, second = await open_store(address, find), await open_store(address, find)
    for turn in range(30):
        key = f"t{turn}"
        await second.transaction([Put(Record("token", key, b""))])
        early = [asyncio.create_task(first.get("token", key)) for _ in range(8)]
        deleting = asyncio.create_task(second.transaction([Delete("token", key)]))
        while not deleting.done():
            early.append(asyncio.create_task(first.get("token", key)))
            await asyncio.sleep(0)
        assert await asyncio.gather(*(first.get("token", key) for _ in range(8))) == [None] * 8
        await asyncio.gather(*early)
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("/postgres?", "/absent?"), "doesn.t exist"),
        (("sickbay@", "stranger:secret@"), "rejected the connection"),
        (("sickbay@", "sickbay:secret@localhost:1"), "does not answer"),
        (("search_path=", "search_path=nowhere_"), "create the tables"),
    ],
    ids=["database", "user", "server", "schema"],
)
@pytest.mark.anyio
async def test_a_failure_to_open_is_reported_in_one_sentence_without_secrets(
    address: str, change: tuple[str, str], message: str
) -> None:
    wrong = address.replace(*change)
    wrong = wrong.partition("?")[0] if "localhost" in wrong else wrong
    with pytest.raises(CannotOpen, match=message) as raised:
        await open_store(wrong, find)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.anyio
async def test_a_new_connection_invalidates_the_caches(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may lead to another server after a failover, which reuses the numbers of transactions that were rolled back."""
    monkeypatch.setattr(store_module, "CACHES", True)
    await store.get("token", "t")
    before = store.stamp()
    store._pool.connections.drop()
    await store.get("token", "t")
    assert store.stamp() != before


@pytest.mark.anyio
async def test_servers_that_are_all_standbys_are_refused(postgres: Server, address: str) -> None:
    postgres.say("CREATE DATABASE fixed")
    postgres.say("ALTER DATABASE fixed SET default_transaction_read_only = on")
    standby = address.replace("/postgres?", "/fixed?") + "&target_session_attrs=read-write"
    with pytest.raises(CannotOpen, match="none of the servers accepts writes"):
        await open_store(standby, find)


@pytest.mark.anyio
async def test_a_database_in_another_encoding_is_refused(postgres: Server, address: str) -> None:
    postgres.say("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(CannotOpen, match="encoding UTF8"):
        await open_store(address.replace("/postgres?", "/latin?"), find)


def shape(postgres: Server, schema: str) -> str:
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns"
        f" WHERE table_schema = '{schema}' ORDER BY 1, 2"
    )
    indexes = f"SELECT replace(indexdef, '{schema}.', '') FROM pg_indexes WHERE schemaname = '{schema}' ORDER BY 1"
    return postgres.say(columns) + "\n" + postgres.say(indexes)


@pytest.mark.anyio
async def test_the_migrations_lead_to_the_declared_tables(postgres: Server, address: str, store: PostgresStore) -> None:
    from sqlalchemy.dialects import postgresql

    declared_schema = schema(postgres.address())
    postgres.say(f"SET search_path = {declared_schema};" + ";".join(render(postgresql.dialect())))
    assert shape(postgres, schema(address)) == shape(postgres, declared_schema) != "\n"


@pytest.mark.anyio
async def test_several_processes_may_start_at_the_same_time(address: str) -> None:
    stores = await asyncio.gather(*(open_store(address, find) for _ in range(4)))
    await stores[0].transaction([Put(Record("token", "t", b"{}"))])
    assert await stores[3].get("token", "t") is not None
    for store in stores:
        await store.close()


@pytest.mark.anyio
async def test_a_step_that_fails_leaves_the_database_as_it_was(
    postgres: Server, address: str, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shape(postgres, schema(address))
    monkeypatch.setattr(migrations, "STEPS", (*STEPS, "CREATE TABLE half (a bigint); CREATE NONSENSE"))
    with pytest.raises(CannotOpen, match="create the tables"):
        await open_store(address, find)
    assert shape(postgres, schema(address)) == before


@pytest.mark.anyio
async def test_a_database_of_a_newer_version_is_refused(postgres: Server, address: str, store: PostgresStore) -> None:
    postgres.say(f"UPDATE {schema(address)}.meta SET value = '{len(STEPS) + 1}'::bytea WHERE name = 'schema'")
    with pytest.raises(CannotOpen, match="newer version of Sickbay"):
        await open_store(address, find)


@pytest.mark.anyio
async def test_texts_that_postgresql_cannot_store_directly_are_kept(store: PostgresStore) -> None:
    """NUL characters, and texts that are too long for an index row."""
    long = "x" * 9000
    await store.transaction(
        [
            Put(Record("exchange", "k", b"{}", owner="a\0b", label=long)),
            patient("p", names=("a\0b", long)),
            observation("o", "p", code=long, category="a\0b"),
        ]
    )
    assert len(await store.find("exchange", owner="a\0b", label=long)) == 1
    assert await store.find("exchange", owner="a", label=long) == []
    assert await store.read(SPACE, "Observation", "o", EVERYTHING) is not None


def test_the_test_server_is_reachable_only_through_its_socket(postgres: Server) -> None:
    assert Path(postgres.folder).is_dir()
    assert postgres.say("SHOW listen_addresses") == ""
