"""Moving and freezing the clock, on two workers: everybody sees the same time, and nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow
from tests.flows.random_use import use
from tests.flows.two_workers import run_two

from sickbay.services.record_kinds import KINDS

Engine = Callable[[], str | None]
DAY = 86_400
FOLLOWS_THE_CLOCK = {"meta", "changes", "failure"}
"""Kinds that the look itself writes."""


async def read_records(flow: Flow) -> dict[str, Any]:
    """Every record of what was used."""
    await flow.sandbox.journal.flush()
    found = [record for kind in KINDS.keys() - FOLLOWS_THE_CLOCK for record in await store_of(flow, kind)]
    return {f"{record.kind} {record.key}": record for record in found}


async def store_of(flow: Flow, kind: str) -> list[Any]:
    return await flow.sandbox.runtime.store.find(kind, limit=10_000)


async def move(flow: Flow, **body: Any) -> dict[str, Any]:
    answer = await flow.http.post("/admin/clock", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_moves_that_end_at_real_time_lose_nothing(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        granted = await worker.complete_launch()
        await use(worker, other, 3, 12)
        await move(worker, offset=0, frozen=False)
        before = await read_records(worker)
        dice = random.Random(5)
        for days in (10, -10, 400, -9_000, 3):
            await move(dice.choice((worker, other)), offset=days * DAY, frozen=dice.random() < 0.5)
            for flow in (worker, other):
                await flow.sandbox.journal.purge()
            added = await other.complete_launch(name=f"App {days}")
            assert (await read_user(worker, added)) == 200
            before |= {name: record for name, record in (await read_records(worker)).items() if name not in before}
        await move(other, offset=0, frozen=False)
        for flow in (worker, other):
            await flow.sandbox.journal.purge()
            assert (await flow.http.get("/admin/clock")).json()["offset"] == 0
        assert before.keys() <= (await read_records(other)).keys()
        assert await read_user(other, granted) == 200

    run_two(steps, engine(), tmp_path)


async def read_user(flow: Flow, granted: dict[str, Any]) -> int:
    sent = {"Authorization": f"Bearer {granted['access_token']}"}
    return (await flow.http.get("/general/oauth/userinfo", headers=sent)).status_code


def test_a_frozen_clock_stands_still_for_all_workers(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        frozen = await move(worker, advance=3600, frozen=True)
        assert frozen["frozen"]
        assert frozen["offset"] == pytest.approx(3600, abs=60)
        read = [(await flow.http.get("/admin/clock")).json()["now"] for flow in (worker, other, worker)]
        assert read == [frozen["now"]] * 3
        assert (await move(other, advance=-60))["now"] == frozen["now"] - 60
        released = await move(worker, frozen=False)
        assert not released["frozen"]
        assert released["now"] >= frozen["now"] - 60
        assert (await move(worker, offset=0))["offset"] == 0
        assert (await worker.http.post("/admin/reset", json={})).status_code == 204

    run_two(steps, engine(), tmp_path)


def test_a_token_expires_and_is_valid_again_with_the_clock(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        granted = await worker.complete_launch()
        await move(other, advance=granted["expires_in"] + 1)
        assert await read_user(worker, granted) == 401
        await move(worker, offset=0)
        assert await read_user(other, granted) == 200

    run_two(steps, None, tmp_path)


def test_a_wrong_move_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    wrong = [
        {},
        {"advance": 1, "offset": 1},
        {"frozen": 1},
        {"advance": "1"},
        {"offset": 1e30},
        {"real": True},
        {"advance": None},
    ]

    async def steps(worker: Flow, other: Flow) -> None:
        for body in wrong:
            assert (await worker.http.post("/admin/clock", json=body)).status_code == 422, body
        reading = (await other.http.get("/admin/clock")).json()
        assert (reading["offset"], reading["frozen"]) == (0, False)

    run_two(steps, None, tmp_path)
