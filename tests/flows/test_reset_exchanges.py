"""Exchanges of requests from before a reset never appear after it, whichever worker had received them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.flows.flow import BASE, Flow
from tests.flows.two_workers import run_two

from sickbay.services.journal import write as journal
from sickbay.web.fhir import endpoint

Engine = Callable[[], str | None]
EVERYTHING = {"everything": True}


async def send_refused(flow: Flow, tenant: str = "general") -> None:
    answer = await flow.http.get(f"/{tenant}/oauth/authorize?client_id=nobody&response_type=code&aud={BASE}/{tenant}/r4")
    assert answer.status_code >= 300


async def token(flow: Flow) -> dict[str, str]:
    app = await flow.register()
    body = {"app": app["app_id"], "scope": "user/*.cruds", "user": await flow.clinician()}
    answer = await flow.http.post("/admin/tokens", json=body)
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Content-Type": "application/fhir+json"}


async def read(flow: Flow, sent: dict[str, str]) -> None:
    assert (await flow.http.get("/general/r4/Patient/p-0001", headers=sent)).status_code == 200


async def reset(flow: Flow, body: dict[str, Any]) -> None:
    assert (await flow.http.post("/admin/reset", json=body)).status_code == 204


async def exchanges(*flows: Flow) -> list[dict[str, Any]]:
    """The exchanges that one worker lists after both have written theirs."""
    for flow in flows:
        await flow.sandbox.journal.flush()
    return list((await flows[0].http.get("/admin/exchanges?limit=1000")).json())


@pytest.mark.parametrize("body", [EVERYTHING, {}, {"tenant": "general"}])
def test_nothing_is_left_of_64_simultaneous_refusals_and_of_granted_requests(
    body: dict[str, Any], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "EVERY", 600)  # the tasks that write the queues don't run

    async def steps(worker: Flow, other: Flow) -> None:
        sent = await token(worker)
        await asyncio.gather(*(read(flow, sent) for flow in (worker, other)))
        await asyncio.gather(*(send_refused(flow) for _ in range(32) for flow in (worker, other)))
        assert len(worker.sandbox.journal._refused) + len(other.sandbox.journal._refused) > 0, "some are still to be written"
        await reset(worker, body)
        assert await exchanges(worker, other) == []
        await send_refused(other)
        await read(worker, await token(worker))
        assert len(await exchanges(worker, other)) == 2, "and exchanges of later requests are recorded"

    run_two(steps, engine(), tmp_path)


def test_a_worker_without_requests_notices_a_reset_by_another_one(engine: Engine, tmp_path: Path) -> None:
    """Its task writes what it has every second."""

    async def steps(worker: Flow, other: Flow) -> None:
        sent = await token(worker)
        for _ in range(5):
            await read(other, sent)
        await reset(worker, EVERYTHING)
        for _ in range(600):
            if not other.sandbox.journal._granted:
                break
            await asyncio.sleep(journal.EVERY / 10)
        assert len(other.sandbox.journal._granted) == 0
        assert await exchanges(worker) == []

    run_two(steps, engine(), tmp_path)


def test_a_reset_of_one_hospital_leaves_the_exchanges_of_another(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await asyncio.gather(
            *(send_refused(flow, tenant) for _ in range(20) for flow in (worker, other) for tenant in ("epic", "general"))
        )
        await reset(worker, {"tenant": "epic"})
        assert {exchange["tenant"] for exchange in await exchanges(worker, other)} == {"general"}
        assert len(await exchanges(worker, other)) == 40

    run_two(steps, engine(), tmp_path)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_request_that_runs_during_a_reset_leaves_no_trace(
    method: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was decided before the reset. What it writes afterwards is rejected, and its exchange isn't recorded."""

    async def steps(worker: Flow, other: Flow) -> None:
        sent, reached, go = await token(worker), asyncio.Event(), asyncio.Event()
        await read(worker, sent)
        name = {"GET": "read", "POST": "create", "DELETE": "delete"}[method]
        perform = endpoint.INTERACTIONS[name]

        async def hold(*arguments: Any) -> Any:
            reached.set()
            await go.wait()
            return await perform(*arguments)

        monkeypatch.setitem(endpoint.INTERACTIONS, name, hold)
        path = "/general/r4/Patient" + ("" if method == "POST" else "/p-0001")
        body = b'{"resourceType": "Patient", "name": [{"family": "Stray"}]}' if method == "POST" else None
        running = asyncio.create_task(worker.http.request(method, path, content=body, headers=sent))
        await reached.wait()
        await reset(other, EVERYTHING)
        go.set()
        answer = await running
        assert answer.status_code == (200 if method == "GET" else 503)
        assert await exchanges(worker, other) == []
        assert await other.sandbox.filling.changes(None) == 0

    run_two(steps, engine(), tmp_path)


@pytest.mark.parametrize("held", ["load_context", "decide_access"])
def test_a_request_whose_token_a_reset_deletes_is_asked_to_try_again(
    held: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """held: where the request waits during the reset.

    A worker hears of another one's writes in PostgreSQL only between its own steps. So there a token that it knew when the
    request began may still finish a read, as any request that began before a reset may.
    """
    address = engine()
    may_finish = address is not None and held == "decide_access"

    async def steps(worker: Flow, other: Flow) -> None:
        sent, reached, go = await token(worker), asyncio.Event(), asyncio.Event()
        await read(worker, sent)
        hold_at(monkeypatch, held, reached, go)
        running = asyncio.create_task(worker.http.get("/general/r4/Patient/p-0001", headers=sent))
        await reached.wait()
        await reset(other, EVERYTHING)
        go.set()
        answer = await running
        outcome = answer.status_code, answer.headers.get("retry-after")
        assert outcome in ([(503, "1"), (200, None)] if may_finish else [(503, "1")])
        assert (await worker.http.get("/general/r4/Patient/p-0001", headers=sent)).status_code == 401
        assert len(await exchanges(worker, other)) == 1

    run_two(steps, address, tmp_path)


def hold_at(monkeypatch: pytest.MonkeyPatch, name: str, reached: asyncio.Event, go: asyncio.Event) -> None:
    """Make the first call of a function of the FHIR endpoint wait."""
    original = getattr(endpoint, name)

    async def waits(*arguments: Any, **more: Any) -> Any:
        if not reached.is_set():
            reached.set()
            await go.wait()
        return await original(*arguments, **more)

    monkeypatch.setattr(endpoint, name, waits)
    monkeypatch.setattr(endpoint, "find_cached_context", lambda *arguments: None)


def test_a_token_request_whose_app_a_reset_deletes_is_asked_to_try_again(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        started, go = asyncio.Event(), asyncio.Event()
        app = await worker.register()
        form = urlencode({"grant_type": "refresh_token", "client_id": app["client_id"], "refresh_token": "made up"})

        async def body() -> AsyncIterator[bytes]:
            started.set()
            await go.wait()
            yield form.encode()

        headers = {"content-type": "application/x-www-form-urlencoded"}
        running = asyncio.create_task(worker.http.post("/general/oauth/token", content=body(), headers=headers))
        await started.wait()
        await reset(other, EVERYTHING)
        go.set()
        assert (await running).status_code == 503
        assert (await worker.http.post("/general/oauth/token", content=form.encode(), headers=headers)).status_code == 400

    run_two(steps, engine(), tmp_path)


def test_exchanges_that_are_being_written_during_a_reset_are_left_out(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        sent, reached, go = await token(worker), asyncio.Event(), asyncio.Event()
        write = journal._build_records

        async def hold(*arguments: Any) -> Any:
            reached.set()
            await go.wait()
            return await write(*arguments)

        await read(worker, sent)
        monkeypatch.setattr(journal, "_build_records", hold)
        writing = asyncio.create_task(worker.sandbox.journal.flush())
        await reached.wait()
        await reset(other, EVERYTHING)
        await send_refused(other)
        go.set()
        await writing
        assert [exchange["stage"] for exchange in await exchanges(worker, other)] == ["authorize"]

    run_two(steps, engine(), tmp_path)
