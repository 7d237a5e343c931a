"""Advice about a habit is given once for an app, whichever workers answer it, and again after exchanges are cleared."""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path

import pytest
from tests.flows.flow import Flow
from tests.flows.two_workers import run_two
from tests.flows.writing import TokenClient, hand

from sickbay.kernel import worker_channel
from sickbay.services.clear_exchanges import delete_exchanges
from sickbay.services.given_advice import TOPIC

HABIT = "fhir-missing-accept"
REQUESTS = 3


async def count_advice(flow: Flow, ids: list[str]) -> list[str]:
    """The exchanges among these that have the advice."""
    found = (await flow.http.get("/admin/exchanges?limit=100")).json()
    advised = {exchange["id"] for exchange in found if HABIT in [finding["id"] for finding in exchange["findings"]]}
    return [id for id in ids if id in advised]


async def ask_in_turn(workers: list[Flow], own: TokenClient) -> list[str]:
    ids = []
    for worker in workers:
        answer = await worker.http.get(f"{own.base}/Patient/p-0001", headers=own.headers | {"Accept": "*/*"})
        ids.append(answer.headers["x-correlation-id"])
        await worker.sandbox.journal.flush()
    return ids


def test_a_habit_is_named_in_the_first_exchange_only_whichever_worker_answered(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        for order in product((worker, other), repeat=REQUESTS):
            own = await hand(worker, "user/*.rs")
            ids = await ask_in_turn(list(order), own)
            assert await count_advice(order[0], ids) == await count_advice(order[-1], ids) == ids[:1]

    run_two(steps, None, tmp_path)


def test_exchanges_are_written_while_another_worker_hangs_which_repeats_no_advice_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_channel, "ANSWER_SECONDS", None)

    async def steps(worker: Flow, other: Flow) -> None:
        channel, continues, heard = other.sandbox.runtime.channel, asyncio.Event(), asyncio.Event()
        assert channel is not None
        hear = channel._answerers[TOPIC]

        async def hang(news: bytes) -> bytes:
            await continues.wait()
            answer = await hear(news)
            heard.set()
            return answer

        monkeypatch.setattr(channel, "_answerers", {**channel._answerers, TOPIC: hang})
        own = await hand(worker, "user/*.rs")
        ids = await ask_in_turn([worker, worker], own)
        continues.set()
        await heard.wait()
        ids += await ask_in_turn([other, worker], own)
        assert await count_advice(worker, ids) == await count_advice(other, ids) == ids[:1]

    run_two(steps, None, tmp_path)


def test_clearing_exchanges_forgets_the_advice_at_every_worker(tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        own = await hand(worker, "user/*.rs")
        for clearing, asking in product((worker, other), repeat=2):
            await ask_in_turn([worker, other], own)
            await delete_exchanges(clearing.sandbox.runtime, clearing.sandbox.journal, ())
            ids = await ask_in_turn([asking, worker, other], own)
            assert await count_advice(worker, ids) == ids[:1]

    run_two(steps, None, tmp_path)
