"""Exchanges are listed in the order in which they arrived, in every list, even within one second and across workers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_new_tokens import other_worker

JSON = {"Accept": "application/json"}


class Apps:
    """Two apps with a token each. `ask` sends one of several kinds of requests."""

    def __init__(self, apps: list[dict[str, Any]], tokens: list[dict[str, Any]]) -> None:
        self.apps, self.tokens = apps, tokens

    async def ask(self, worker: Flow, kind: str, number: int) -> httpx2.Response:
        app, token = self.apps[number], self.tokens[number]
        if kind == "read":
            headers = {"Authorization": f"Bearer {token['access_token']}"}
            return await worker.http.get("/general/r4/Patient/p-0001", headers=headers)
        if kind == "wrong token":
            return await worker.http.get("/general/r4/Patient/p-0001", headers={"Authorization": "Bearer undefined"})
        if kind == "preflight":
            headers = {"Origin": "http://localhost:8100", "Access-Control-Request-Method": "GET"}
            return await worker.http.options("/general/r4/Patient/p-0001", headers=headers)
        if kind == "wrong code":
            return await worker.redeem(app, "wrong")
        return await worker.authorize(app, aud=None)


KINDS = ("read", "read", "wrong token", "preflight", "wrong code", "no aud")


async def prepare_apps(flow: Flow) -> Apps:
    apps = [await flow.register(name=name) for name in ("First", "Second")]
    tokens = []
    for app in apps:
        launch = await flow.launch(app)
        tokens.append((await flow.redeem(app, await flow.code(app, launch=launch["launch"]))).json())
    return Apps(apps, tokens)


def newest_first(exchanges: list[dict[str, Any]], known: list[str]) -> list[str]:
    return [exchange["id"] for exchange in exchanges if exchange["id"] in known]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_list_has_the_order_of_arrival(seed: int, tmp_path: Path, engine: Callable[[], str | None]) -> None:
    """A granted exchange is written later than a refused one, and a batch is grouped by app."""
    address = engine()

    async def steps(flow: Flow) -> None:
        apps, dice = await prepare_apps(flow), random.Random(seed)
        async with other_worker(flow.sandbox.settings) as other:
            ids = []
            for _ in range(40):
                worker = dice.choice((flow, other))
                answer = await apps.ask(worker, dice.choice(KINDS), dice.randrange(2))
                ids.append(answer.headers["x-correlation-id"])
            await other.sandbox.journal.flush()
            listed = (await flow.http.get("/admin/exchanges?limit=1000")).json()
            assert newest_first(listed, ids) == ids[::-1]
            page = (await flow.http.get("/exchanges?flat=1", headers={"Accept": "text/html"})).text
            places = [page.index(f"/exchanges/{id}") for id in ids[::-1]]
            assert places == sorted(places)

    run(steps, tmp_path, data=address or str(tmp_path))


def test_a_moved_clock_does_not_change_the_order(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    """After the clock was moved back, a new exchange is still the first of the list and the last of its launch."""
    address = engine()

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        ids = []
        launch = await flow.launch(app)
        for move in (3600, -3600, 0):
            await flow.http.post("/admin/clock", json={"offset": move})
            answer = await flow.authorize(app, launch=launch["launch"], aud=None)
            ids.append(answer.headers["x-correlation-id"])
        await flow.http.post("/admin/clock", json={"offset": 0})
        listed = (await flow.http.get("/admin/exchanges")).json()
        assert newest_first(listed, ids) == ids[::-1]
        timeline = (await flow.http.get(f"{BASE}/timelines/{launch['timeline']}", headers=JSON)).json()
        assert [exchange["id"] for exchange in timeline["exchanges"] if exchange["id"] in ids] == ids

    run(steps, tmp_path, data=address or str(tmp_path))
