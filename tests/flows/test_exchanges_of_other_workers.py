"""A client that has received a response finds its exchange at once, at any worker of the server, with every reader."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from tests.flows.flow import Flow
from tests.flows.test_exchange_order import KINDS, Apps, prepare_apps
from tests.flows.two_workers import run_two
from tests.laws import examples

from sickbay.kernel import worker_channel
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal import write as journal
from sickbay.testing.server import Live, serving

Engine = Callable[[], str | None]
JSON: Final = {"Accept": "application/json"}
ROUNDS: Final = examples(400, 4 * 6)
"""Each reader four times."""
FLUSHING: Final = {
    "sandbox/sandbox.py": "before the store is closed",
    "sandbox/snapshots.py": "before a snapshot is restored; other workers keep what they hold",
    "services/live_exchanges.py": "four times a second, on every worker that has streams",
}


def ids(exchanges: list[dict[str, Any]]) -> list[str]:
    return [exchange["id"] for exchange in exchanges]


async def read_list(http: httpx2.AsyncClient, id: str) -> list[str]:
    return ids((await http.get("/admin/exchanges?limit=1000")).json())


async def read_for_administrator(http: httpx2.AsyncClient, id: str) -> list[str]:
    return ids((await http.get(f"/admin/exchanges?id={id}")).json())


async def read_page(http: httpx2.AsyncClient, id: str) -> list[str]:
    answer = await http.get(f"/exchanges/{id}", headers=JSON)
    return [answer.json()["id"]] if answer.status_code == 200 else []


async def read_found(http: httpx2.AsyncClient, id: str) -> list[str]:
    """With a filter: everything but tokens."""
    return ids((await http.get("/exchanges?q=-stage:token&limit=1000", headers=JSON)).json())


async def read_timeline(http: httpx2.AsyncClient, id: str) -> list[str]:
    """The timeline of the exchange, or the exchange if it belongs to no launch."""
    entry = (await http.get(f"/exchanges/{id}", headers=JSON)).json()
    if not entry.get("launch"):
        return [id]
    return ids((await http.get(f"/timelines/{entry['launch']}", headers=JSON)).json()["exchanges"])


async def read_listing(http: httpx2.AsyncClient, id: str) -> list[str]:
    page = (await http.get("/exchanges?flat=1", headers={"Accept": "text/html"})).text
    return [id] if f"/exchanges/{id}" in page else []


READERS: Final[tuple[Callable[[httpx2.AsyncClient, str], Awaitable[list[str]]], ...]] = (
    read_list,
    read_for_administrator,
    read_page,
    read_found,
    read_timeline,
    read_listing,
)


@pytest.mark.parametrize("under_load", [False, True])
def test_an_exchange_is_found_at_the_other_worker_as_soon_as_it_is_answered(
    under_load: bool, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the tasks that write what waits. Under load, requests of other apps arrive at both workers all the time."""
    monkeypatch.setattr(journal, "EVERY", 600)

    async def steps(*workers: Flow) -> None:
        apps, dice, done = await prepare_apps(workers[0]), random.Random(ROUNDS), asyncio.Event()
        load = [asyncio.create_task(send_until(done, worker, apps)) for worker in workers] if under_load else []
        try:
            for number in range(ROUNDS):
                sender, reader = dice.sample(workers, 2)
                answer = await apps.ask(sender, dice.choice(KINDS), 0)
                id, read = answer.headers["x-correlation-id"], READERS[number % len(READERS)]
                if read is not read_found or answer.request.url.path != "/general/oauth/token":
                    assert id in await read(reader.http, id), (read.__name__, answer.request.url.path)
        finally:
            done.set()
            await asyncio.gather(*load)

    run_two(steps, engine(), tmp_path)


def test_every_reader_collects_what_other_workers_hold() -> None:
    """Only these files write what this worker holds without asking the others."""
    sources = Path(journal.__file__).parents[2]
    flushing = {path for path in sources.rglob("*.py") if "journal.flush(" in path.read_text()}
    assert {str(path.relative_to(sources)) for path in flushing} == FLUSHING.keys()


def test_a_worker_that_hangs_delays_a_reader_for_a_limited_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_channel, "ANSWER_SECONDS", 0.05)

    async def steps(worker: Flow, other: Flow) -> None:
        answer = await worker.authorize(await worker.register(), aud=None)
        async with other.sandbox.journal._writing:
            assert answer.headers["x-correlation-id"] in await read_list(worker.http, "")

    run_two(steps, None, tmp_path)


def test_anyone_who_reads_an_exchange_lets_the_other_worker_explain_only_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SOON", 600)

    async def steps(worker: Flow, other: Flow) -> None:
        apps = await prepare_apps(worker)
        sent = [(await apps.ask(other, "wrong token", 0)).headers["x-correlation-id"] for _ in range(3)]
        waiting = other.sandbox.journal._unexplained
        for id in ("*", "null", "", "x" * 10_000, "é\nnull"):
            assert await read(worker, id) is None
        assert len(waiting) == 3
        assert await read(worker, sent[1]) is not None
        assert len(waiting) == 2

    async def read(worker: Flow, id: str) -> Any:
        return await journal_reader.read_exchange(worker.sandbox.runtime, worker.sandbox.journal, id, full=False)

    run_two(steps, None, tmp_path)


async def send_until(done: asyncio.Event, worker: Flow, apps: Apps) -> None:
    while not done.is_set():
        await asyncio.gather(*(apps.ask(worker, kind, 1) for kind in KINDS))
        await asyncio.sleep(0.1)


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Iterator[Live]:
    address = engine()
    storage = ("--data", address) if address else ("--ephemeral",)
    with serving(*storage, "--workers", "2", "--patients", "5", environment={"XDG_DATA_HOME": str(tmp_path)}) as running:
        yield running


def test_a_server_shows_each_exchange_at_once_also_after_a_worker_was_killed(server: Live) -> None:
    """Each request has its own connection, so that any worker may answer it."""

    async def steps() -> None:
        headers = {"Connection": "close"}
        async with httpx2.AsyncClient(base_url=server.base, headers=headers, timeout=60, trust_env=False) as http:
            await find_each(http, await sign_in(http), ROUNDS // 2)
            flood = asyncio.create_task(send_flood(http))
            for pid in workers_of(server)[:1]:
                os.kill(pid, signal.SIGKILL)
            await flood
            assert (await http.get("/admin/exchanges")).status_code == 200
            await find_each(http, await sign_in(http), ROUNDS // 2)

    asyncio.run(steps())


async def sign_in(http: httpx2.AsyncClient) -> dict[str, str]:
    """The headers of an app with a token."""
    app = {"name": "Service", "type": "system", "client": "symmetric", "scope": "system/*.rs"}
    created = (await http.post("/admin/apps", json=app)).raise_for_status().json()
    token = await http.post("/admin/tokens", json={"app": created["app_id"], "scope": "system/*.rs"})
    return {"Authorization": f"Bearer {token.raise_for_status().json()['access_token']}"}


async def find_each(http: httpx2.AsyncClient, token: dict[str, str], rounds: int) -> None:
    for number in range(rounds):
        sent = token if number % 2 else {"Authorization": "Bearer undefined"}
        id = (await http.get("/general/r4/Patient/p-0001", headers=sent)).headers["x-correlation-id"]
        read = READERS[number % len(READERS)]
        assert id in await read(http, id), (read.__name__, number)


async def send_flood(http: httpx2.AsyncClient) -> None:
    """Some of them fail, because their worker is killed."""
    requests = [http.get(f"/general/oauth/authorize?client_id=unknown-{number}") for number in range(64)]
    await asyncio.gather(*requests, return_exceptions=True)


def workers_of(running: Live) -> list[int]:
    pid = running.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
