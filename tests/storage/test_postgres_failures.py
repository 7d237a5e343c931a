"""What PostgreSQL does wrong, by its name: a real server that refuses, locks, and takes too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import asyncpg
import pytest
from tests.postgres import Server
from tests.storage.making import SPACE, find, patient, query_for

from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import (
    AccessDenied,
    CannotOpen,
    Damaged,
    DatabaseMissing,
    DiskFails,
    DiskFull,
    Locked,
    ReadOnly,
    StatementTooSlow,
    TooManyConnections,
    TooSlow,
    Unavailable,
)
from sickbay.storage.answers import HistoryQuery
from sickbay.storage.interface import Clear, Put, Record
from sickbay.storage.postgres import pool, servers
from sickbay.storage.postgres.failures import KNOWN_ERRORS, translate_error
from sickbay.storage.postgres.locks import hash_to_number
from sickbay.storage.postgres.store import PostgresStore, open_store

BY_SQLSTATE: dict[str, type[Unavailable]] = {
    "53100": DiskFull,
    "53200": Unavailable,
    "53300": TooManyConnections,
    "25006": ReadOnly,
    "55P03": Locked,
    "57014": Unavailable,
    "57P03": Unavailable,
    "28000": AccessDenied,
    "28P01": AccessDenied,
    "42501": AccessDenied,
    "3D000": DatabaseMissing,
    "42P01": DatabaseMissing,
    "3F000": DatabaseMissing,
    "58030": DiskFails,
    "58P01": DiskFails,
    "XX001": Damaged,
    "XX002": Damaged,
}
SECRET = "hunter2"
TOKEN = Put(Record("token", "t", b"{}"))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "TIME_LIMITS", servers.TIME_LIMITS | {"lock_timeout": 200, "statement_timeout": 2000})
    monkeypatch.setattr(pool, "FAILOVER_SECONDS", 0.0)


class Account(NamedTuple):
    """A user of the server with a password, and an address with both. schema: its tables, in the database `postgres`."""

    name: str
    schema: str
    address: str


@pytest.fixture
def account(postgres: Server) -> Account:
    address = postgres.address()
    schema = address.rpartition("=")[2]
    name = f"user_{schema}"
    postgres.say(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{SECRET}'")
    return Account(name, schema, address.replace("sickbay@", f"{name}:{SECRET}@"))


@pytest.fixture
async def store(account: Account) -> AsyncIterator[PostgresStore]:
    opened = await open_store(account.address, find)
    await opened.transaction([patient("p"), TOKEN])
    yield opened
    await opened.close()


async def fail(request: Awaitable[object]) -> Unavailable:
    with pytest.raises(Unavailable) as raised:
        await request
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("PostgreSQL at postgresql://user")
    return raised.value


def do_on_write(postgres: Server, account: Account, event: str, table: str, body: str) -> str:
    """Runs PL/pgSQL for each statement on a table. Returns the statement that ends this."""
    name = f"{account.schema}.on_write"
    postgres.say(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$")
    postgres.say(f"CREATE TRIGGER on_write {event} ON {account.schema}.{table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")
    return f"DROP TRIGGER on_write ON {account.schema}.{table}"


@pytest.mark.anyio
@pytest.mark.parametrize(("code", "kind"), BY_SQLSTATE.items())
async def test_an_error_of_the_server_is_named_by_its_sqlstate(
    postgres: Server, account: Account, store: PostgresStore, code: str, kind: type[Unavailable]
) -> None:
    refuse = f"RAISE EXCEPTION 'the reason' USING ERRCODE = '{code}'"
    end = do_on_write(postgres, account, "BEFORE INSERT OR UPDATE", "record", refuse)
    error = await fail(store.transaction([TOKEN]))
    assert error.title == kind.title
    assert "the reason" in str(error)
    postgres.say(end)
    await store.transaction([TOKEN])


def test_every_error_that_is_caught_has_a_name() -> None:
    for error in KNOWN_ERRORS:
        assert isinstance(translate_error(error("x"), "somewhere"), Unavailable)


@contextmanager
def change_server(postgres: Server, change: str, back: str) -> Iterator[None]:
    postgres.say(change)
    try:
        yield
    finally:
        postgres.say(back)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("change", "back", "kind"),
    [
        ("NOLOGIN", "LOGIN", AccessDenied),
        ("NOSUPERUSER CONNECTION LIMIT 0", "SUPERUSER CONNECTION LIMIT -1", TooManyConnections),
        ("SET default_transaction_read_only = on", "RESET default_transaction_read_only", ReadOnly),
    ],
    ids=["user", "connections", "read-only"],
)
async def test_a_change_of_the_user_is_named_and_can_be_undone(
    postgres: Server, account: Account, store: PostgresStore, change: str, back: str, kind: type[Unavailable]
) -> None:
    for _ in range(2):
        store._pool.connections.drop()  # the next request connects
        with change_server(postgres, f"ALTER ROLE {account.name} {change}", f"ALTER ROLE {account.name} {back}"):
            assert (await fail(store.transaction([TOKEN]))).title == kind.title
    store._pool.connections.drop()
    await store.transaction([TOKEN])


@pytest.mark.anyio
async def test_a_missing_database_is_named(postgres: Server, account: Account) -> None:
    name = f"database_{account.schema}"
    postgres.say(f"CREATE DATABASE {name}")
    opened = await open_store(account.address.partition("&")[0].replace("/postgres?", f"/{name}?"), find)
    opened._pool.connections.drop()
    with change_server(
        postgres, f"ALTER DATABASE {name} RENAME TO {name}_away", f"ALTER DATABASE {name}_away RENAME TO {name}"
    ):
        assert isinstance(await fail(opened.get("token", "t")), DatabaseMissing)
    assert await opened.get("token", "t") is None
    await opened.close()


@pytest.mark.anyio
async def test_a_user_who_may_not_log_in_at_start_is_named(postgres: Server, account: Account) -> None:
    with (
        change_server(postgres, f"ALTER ROLE {account.name} NOLOGIN", f"ALTER ROLE {account.name} LOGIN"),
        pytest.raises(CannotOpen, match="rejected the connection") as raised,
    ):
        await open_store(account.address, find)
    assert SECRET not in str(raised.value)


class Lock:
    """Another program's lock on a table."""

    def __init__(self, address: str, table: str) -> None:
        self._address, self._table = address, table

    async def __aenter__(self) -> None:
        self._db = await asyncpg.connect(self._address)
        await self._db.execute(f"BEGIN; LOCK TABLE {self._table} IN ACCESS EXCLUSIVE MODE")

    async def __aexit__(self, *error: object) -> None:
        await self._db.close()


@pytest.mark.anyio
async def test_a_locked_table_fails_what_needs_it_and_nothing_else(account: Account, store: PostgresStore) -> None:
    async with asyncio.timeout(60), Lock(account.address, "resource_history"):
        outcomes = await asyncio.gather(*write_and_read(store), return_exceptions=True)
        assert {type(outcome).title for outcome in outcomes if isinstance(outcome, Unavailable)} == {Locked.title}
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    await store.transaction([patient("later")])
    assert await store.count(SPACE, query_for("Patient"), EVERYTHING) == 2


def write_and_read(store: PostgresStore) -> list[asyncio.Future[Any]]:
    """More writes and reads of the history than there are connections."""
    writes = [asyncio.ensure_future(store.transaction([patient(f"p{number}")])) for number in range(40)]
    query = HistoryQuery("Patient", None, 5)
    return [*writes, *(asyncio.ensure_future(store.history(SPACE, query, EVERYTHING)) for _ in range(40))]


@pytest.fixture
def long_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits that a busy machine doesn't reach."""
    monkeypatch.setattr(servers, "TIME_LIMITS", servers.TIME_LIMITS | {"lock_timeout": 60_000, "statement_timeout": 60_000})
    monkeypatch.setattr(pool, "STALLED_SECONDS", 60.0)
    monkeypatch.setattr(pool, "WAIT_SECONDS", 60.0)


@pytest.mark.anyio
async def test_look_ups_do_not_wait_behind_a_locked_table(account: Account, store: PostgresStore, long_limits: None) -> None:
    """They have their own connection."""
    other = await open_store(account.address, find)
    async with asyncio.timeout(60):
        async with Lock(account.address, "resource_history"):
            waiting = write_and_read(other)
            await asyncio.sleep(0.05)
            assert await other.get("token", "t") is not None
            assert not any(task.done() for task in waiting)
        await asyncio.gather(*waiting)
    await other.close()


@pytest.mark.anyio
async def test_reads_do_not_wait_behind_writes(account: Account, store: PostgresStore, long_limits: None) -> None:
    other = await open_store(account.address, find)
    async with asyncio.timeout(60):
        async with Lock(account.address, "resource_history"):
            writes = [asyncio.ensure_future(other.transaction([patient(f"p{number}")])) for number in range(40)]
            await asyncio.sleep(0.05)
            for _ in range(20):
                assert await other.read(SPACE, "Patient", "p", EVERYTHING) is not None
            assert not any(task.done() for task in writes)
        await asyncio.gather(*writes)
    await other.close()


@pytest.mark.anyio
async def test_a_statement_that_takes_too_long_is_stopped_by_the_server(
    postgres: Server, account: Account, store: PostgresStore
) -> None:
    do_on_write(postgres, account, "BEFORE INSERT OR UPDATE", "record", "PERFORM pg_sleep(60)")
    assert isinstance(await fail(store.transaction([TOKEN])), StatementTooSlow)
    timeout = asyncpg.QueryCanceledError("canceling statement due to statement timeout")
    assert isinstance(translate_error(timeout, "somewhere", searching=True), TooSlow)


@pytest.mark.anyio
async def test_clearing_a_hospital_may_take_longer_than_other_statements(
    postgres: Server, account: Account, store: PostgresStore
) -> None:
    do_on_write(postgres, account, "AFTER DELETE", "resource", "PERFORM pg_sleep(3)")
    await store.transaction([Clear("resources", "general")])
    assert not await store.has_resources(SPACE)


@pytest.mark.anyio
async def test_a_migration_may_wait_longer_than_other_statements(postgres: Server, account: Account) -> None:
    """Another process migrates first, and may take minutes."""
    async with asyncio.timeout(60):
        other = await asyncpg.connect(account.address)
        await other.execute(f"BEGIN; SELECT pg_advisory_xact_lock({hash_to_number('migration')})")
        opening = asyncio.ensure_future(open_store(account.address, find))
        await asyncio.sleep(3)
        assert not opening.done()
        await other.close()
        await (await opening).close()
