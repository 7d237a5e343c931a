"""Sickbay behind PgBouncer in transaction pooling: each transaction may run in another session of the server."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest
from tests.conftest import skip_or_fail
from tests.ports import free_ports
from tests.postgres import Server
from tests.postgres_ha.cluster import until
from tests.postgres_ha.load import Clients, acknowledge, fail, missing_resources, token
from tests.storage.making import SPACE, find, patient

from sickbay.fhir.visibility import EVERYTHING
from sickbay.settings.database import CannotOpen, Locked, Unavailable
from sickbay.storage.interface import Conflict, Put, Record, UseOnce
from sickbay.storage.postgres.servers import SESSION
from sickbay.storage.postgres.store import open_store
from sickbay.testing.server import serving

pytestmark = [pytest.mark.prove, pytest.mark.timeout(300)]
SESSIONS = 3
"""Sessions of the server, fewer than the connections of two workers."""


@contextmanager
def bouncer(server: Server, schema: str, configured: bool = True, limited: bool = True, **settings: str) -> Iterator[str]:
    """Runs PgBouncer in front of the server. Yields the URL of its own database user, whose search_path is the schema.

    configured: the user has the settings that Sickbay needs. limited: and the time limits that it recommends.
    """
    program = shutil.which("pgbouncer") or skip_or_fail("pgbouncer", "no pgbouncer on the PATH")
    (port,) = free_ports(1)
    user, folder = f"user_of_{schema}", server.folder / f"bouncer-{schema}"
    server.say(f"CREATE ROLE {user} LOGIN SUPERUSER; ALTER ROLE {user} SET search_path = {schema}")
    if configured:
        names = [name for name in SESSION if name != "application_name"]
        server.say("; ".join(f"ALTER ROLE {user} SET {name} = {SESSION[name]}" for name in names))
    if limited:
        server.say(f"ALTER ROLE {user} SET lock_timeout = '6s'; ALTER ROLE {user} SET statement_timeout = '30s'")
    folder.mkdir()
    options = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": str(folder / "users"),
        "pool_mode": "transaction",
        "default_pool_size": str(SESSIONS),
        **settings,
    }
    (folder / "users").write_text(f'"{user}" ""\n')
    lines = [f"{name} = {value}" for name, value in options.items()]
    (folder / "ini").write_text("\n".join(["[databases]", f"* = host={server.folder}", "[pgbouncer]", *lines]))
    command = [*server.command("x")[:-1], program, str(folder / "ini")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        address = f"postgresql://{user}@127.0.0.1:{port}/postgres"
        psql = [str(server.bin / "psql"), "-qAtX", "-c", "SELECT 1", address]
        until(lambda: subprocess.run(psql, capture_output=True, text=True, check=True).stdout, "PgBouncer answers", 20)
        yield address
    finally:
        process.terminate()
        process.wait()


def new_schema(postgres: Server) -> str:
    return postgres.address().partition("search_path=")[2]


@pytest.mark.anyio
async def test_without_the_settings_of_the_user_the_error_at_start_names_them(postgres: Server) -> None:
    with (
        bouncer(postgres, new_schema(postgres), configured=False) as address,
        pytest.raises(CannotOpen, match="ALTER ROLE") as raised,
    ):
        await open_store(address, find)
    assert "enable_seqscan" in str(raised.value)


@pytest.mark.anyio
async def test_without_prepared_statements_the_error_at_start_says_so(postgres: Server) -> None:
    with (
        bouncer(postgres, new_schema(postgres), max_prepared_statements="0") as address,
        pytest.raises(CannotOpen, match="max_prepared_statements"),
    ):
        await open_store(address, find)


@pytest.mark.anyio
async def test_conditions_hold_although_each_transaction_may_use_another_session(postgres: Server) -> None:
    schema = new_schema(postgres)
    with bouncer(postgres, schema) as address:
        stores = [await open_store(address, find) for _ in range(2)]
        await stores[0].transaction([Put(Record("code", "c", b"{}"))])
        uses = [store.transaction([UseOnce("code", "c", 1)]) for store in stores * 8]
        outcomes = await asyncio.gather(*uses, return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 15 + ["NoneType"]
        creates = [store.transaction([patient("p", if_version=0)]) for store in stores * 8]
        outcomes = await asyncio.gather(*creates, return_exceptions=True)
        assert [outcome for outcome in outcomes if not isinstance(outcome, Conflict)] == [None]
        assert all([await store.read(SPACE, "Patient", "p", EVERYTHING) for store in stores])
        for store in stores:
            await store.close()


@pytest.mark.anyio
@pytest.mark.parametrize("limited", [True, False])
async def test_a_locked_table_holds_up_no_request_with_or_without_limits_of_the_server(
    postgres: Server, limited: bool, caplog: pytest.LogCaptureFixture
) -> None:
    schema = new_schema(postgres)
    with bouncer(postgres, schema, limited=limited) as address:
        store = await open_store(address, find)
        await store.transaction([patient("p"), Put(Record("token", "t", b"{}"))])
        assert ("no lock_timeout and no statement_timeout" in caplog.text) is not limited
        other = await asyncpg.connect(f"postgresql://sickbay@/postgres?host={postgres.folder}")
        await other.execute(f"BEGIN; LOCK TABLE {schema}.resource IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await store.read(SPACE, "Patient", "p", EVERYTHING)
        with pytest.raises(Locked):
            await store.transaction([patient("q")])
        assert time.monotonic() - began < 25
        assert await store.get("token", "t") is not None
        await other.close()
        assert await store.read(SPACE, "Patient", "p", EVERYTHING) is not None
        await store.close()


def test_two_workers_serve_through_few_sessions(postgres: Server, tmp_path: Path, report: Callable[..., None]) -> None:
    schema = new_schema(postgres)
    with bouncer(postgres, schema) as address:
        home = {"XDG_DATA_HOME": str(tmp_path)}
        with serving("--data", address, "--workers", "2", "--patients", "0", environment=home) as live:
            access = token(live.base)
            clients = Clients(live.base, access, None)
            with clients.running() as responses:
                time.sleep(5)
            assert fail(responses) == []
            assert missing_resources(live.base, access, acknowledge(responses)) == set()
            sessions = postgres.say(f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'user_of_{schema}'")
            report(test="PgBouncer", acknowledged=len(responses), sessions=int(sessions))
            assert int(sessions) <= SESSIONS


def test_the_first_writes_of_four_workers_to_an_empty_database_end(postgres: Server, tmp_path: Path) -> None:
    """Each worker creates the patients of the hospital that is asked first, with fewer sessions than workers."""
    schema = new_schema(postgres)
    with bouncer(postgres, schema) as address:
        home = {"XDG_DATA_HOME": str(tmp_path)}
        with serving("--data", address, "--workers", "4", "--patients", "20", environment=home) as live:
            body = {"app": "sample-general", "patient": "p-0001"}

            async def launch() -> int:
                async with httpx2.AsyncClient(base_url=live.base, trust_env=False, timeout=120) as http:
                    return (await http.post("/admin/launches", json=body)).status_code

            async def launches() -> list[int]:
                return await asyncio.gather(*(launch() for _ in range(16)))

            assert asyncio.run(launches()) == [201] * 16
