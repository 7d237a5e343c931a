"""Exchanges of requests from before a reset never appear after it, whichever worker had received them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow
from tests.flows.two_workers import run_two

from sickbay.services.journal import journal
from sickbay.web.fhir import endpoint

Engine = Callable[[], str | None]
EVERYTHING = {"everything": True}


async def refused(flow: Flow, tenant: str = "general") -> None:
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

    async def steps(one: Flow, two: Flow) -> None:
        sent = await token(one)
        await asyncio.gather(*(read(flow, sent) for flow in (one, two)))
        await asyncio.gather(*(refused(flow) for _ in range(32) for flow in (one, two)))
        assert len(one.sandbox.journal._refused) + len(two.sandbox.journal._refused) > 0, "some are still to be written"
        await reset(one, body)
        assert await exchanges(one, two) == []
        await refused(two)
        await read(one, await token(one))
        assert len(await exchanges(one, two)) == 2, "and exchanges of later requests are recorded"

    run_two(steps, engine(), tmp_path)


def test_a_worker_without_requests_notices_a_reset_by_another_one(engine: Engine, tmp_path: Path) -> None:
    """Its task writes what it has every second."""

    async def steps(one: Flow, two: Flow) -> None:
        sent = await token(one)
        for _ in range(5):
            await read(two, sent)
        await reset(one, EVERYTHING)
        await asyncio.sleep(1.5 * journal.EVERY)
        assert len(two.sandbox.journal._granted) == 0
        assert await exchanges(one) == []

    run_two(steps, engine(), tmp_path)


def test_a_reset_of_one_hospital_leaves_the_exchanges_of_another(engine: Engine, tmp_path: Path) -> None:
    async def steps(one: Flow, two: Flow) -> None:
        await asyncio.gather(
            *(refused(flow, tenant) for _ in range(20) for flow in (one, two) for tenant in ("epic", "general"))
        )
        await reset(one, {"tenant": "epic"})
        assert {exchange["tenant"] for exchange in await exchanges(one, two)} == {"general"}
        assert len(await exchanges(one, two)) == 40

    run_two(steps, engine(), tmp_path)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_request_that_runs_during_a_reset_leaves_no_trace(
    method: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was decided before the reset. What it writes afterwards is rejected, and its exchange isn't recorded."""

    async def steps(one: Flow, two: Flow) -> None:
        sent, reached, go = await token(one), asyncio.Event(), asyncio.Event()
        await read(one, sent)
        name = {"GET": "read", "POST": "create", "DELETE": "delete"}[method]
        perform = endpoint.INTERACTIONS[name]

        async def held(*arguments: Any) -> Any:
            reached.set()
            await go.wait()
            return await perform(*arguments)

        monkeypatch.setitem(endpoint.INTERACTIONS, name, held)
        path = "/general/r4/Patient" + ("" if method == "POST" else "/p-0001")
        body = b'{"resourceType": "Patient", "name": [{"family": "Stray"}]}' if method == "POST" else None
        running = asyncio.create_task(one.http.request(method, path, content=body, headers=sent))
        await reached.wait()
        await reset(two, EVERYTHING)
        go.set()
        answer = await running
        assert answer.status_code == (200 if method == "GET" else 503)
        assert await exchanges(one, two) == []
        assert await two.sandbox.filling.changes(None) == 0

    run_two(steps, engine(), tmp_path)


def test_exchanges_that_are_being_written_during_a_reset_are_left_out(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(one: Flow, two: Flow) -> None:
        sent, reached, go = await token(one), asyncio.Event(), asyncio.Event()
        write = journal._puts

        async def held(*arguments: Any) -> Any:
            reached.set()
            await go.wait()
            return await write(*arguments)

        await read(one, sent)
        monkeypatch.setattr(journal, "_puts", held)
        writing = asyncio.create_task(one.sandbox.journal.flush())
        await reached.wait()
        await reset(two, EVERYTHING)
        await refused(two)
        go.set()
        await writing
        assert [exchange["stage"] for exchange in await exchanges(one, two)] == ["authorize"]

    run_two(steps, engine(), tmp_path)
