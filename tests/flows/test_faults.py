"""Injected faults by HTTP: every kind, how often they happen, for which requests, and which faults can't be set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.fault_requests import get, grant, inject, launch_app
from tests.flows.fault_walks import STEPS
from tests.flows.flow import REDIRECT, Flow, run

from sickbay.faults.kinds import list_kinds, list_presets

Engine = Callable[[], str | None]


def test_every_kind_has_a_walk() -> None:
    assert STEPS.keys() == list_kinds().keys()


@pytest.mark.parametrize("kind", list_kinds())
def test_a_fault_does_what_its_kind_says(tmp_path: Path, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        await STEPS[kind](flow)

    run(steps, tmp_path)


@pytest.mark.parametrize("name", list_presets())
def test_a_preset_sets_its_faults(tmp_path: Path, name: str) -> None:
    async def steps(flow: Flow) -> None:
        response = await flow.http.post("/admin/faults", json={"preset": name})
        assert [fault["kind"] for fault in response.json()["faults"]] == [
            fault["kind"] for fault in list_presets()[name].faults
        ]
        assert len((await flow.http.get("/admin/faults")).json()) == len(list_presets()[name].faults)
        assert (await flow.http.delete("/admin/faults")).status_code == 204
        assert (await flow.http.get("/admin/faults")).json() == []

    run(steps, tmp_path)


def test_a_fault_happens_exactly_as_often_as_it_says(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        token = (await grant(flow))["access_token"]
        await inject(flow, "status", status=500, times=3)
        responses = await asyncio.gather(*(get(flow, "Patient/p-0001", token) for _ in range(12)))
        assert sorted(response.status_code for response in responses) == [200] * 9 + [500] * 3
        assert (await flow.http.get("/admin/faults")).json()[0]["left"] == 0

    run(steps, tmp_path, data=engine() or str(tmp_path), patients=2)


def test_the_same_seed_gives_the_same_faults(tmp_path: Path) -> None:
    async def statuses(flow: Flow, token: str) -> list[int]:
        fault = await inject(flow, "status", status=500, probability=0.5, seed=7)
        seen = [(await get(flow, "Patient/p-0001", token)).status_code for _ in range(20)]
        await flow.http.delete(f"/admin/faults/{fault}")
        return seen

    async def steps(flow: Flow) -> None:
        token = (await grant(flow))["access_token"]
        first = await statuses(flow, token)
        assert await statuses(flow, token) == first
        assert {200, 500} == set(first)

    run(steps, tmp_path)


def test_a_fault_of_one_app_never_meets_another(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        first, response = await launch_app(flow)
        other = await grant(flow)
        await inject(flow, "status", status=500, app=first["app_id"])
        assert (await get(flow, "Patient/p-0001", response.json()["access_token"])).status_code == 500
        assert (await get(flow, "Patient/p-0001", other["access_token"])).status_code == 200

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "path", ["/", "/admin/apps", "/healthz", "/readyz", "/metrics", "/exchanges", "/general/ehr", "/rules"]
)
def test_pages_health_and_administration_never_get_a_fault(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        before = (await flow.http.get(path)).status_code
        await inject(flow, "status", status=599)
        assert (await flow.http.get(path)).status_code == before != 599

    run(steps, tmp_path)


def test_a_reset_ends_all_faults(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        await inject(flow, "status", status=500, times=5)
        assert (await flow.http.post("/admin/reset", json={})).status_code == 204
        assert (await flow.http.get("/admin/faults")).json() == []

    run(steps, tmp_path, data=engine() or str(tmp_path), patients=2)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"kind": "statos"}, "There is no kind of fault named statos. Did you mean status?"),
        ({"kind": "status", "status": 503, "tims": 1}, "Did you mean times?"),
        ({"kind": "status"}, "needs a value for status"),
        ({"kind": "status", "status": 200}, "status must be an integer from 400 to 599"),
        ({"kind": "delay", "seconds": 61}, "seconds must be a number from 0 to 60"),
        ({"kind": "delay", "seconds": True}, "seconds must be a number from 0 to 60"),
        ({"kind": "state", "value": "lost"}, "value must be one of missing, wrong"),
        ({"kind": "member"}, "needs set or remove"),
        ({"kind": "status", "status": 500, "probability": 2}, "probability must be a number from 0 to 1"),
        ({"preset": "flakey"}, "Did you mean flaky?"),
        ({"preset": "flaky", "status": 400}, "A preset has only filters, not status"),
        ({}, "A fault needs a kind."),
    ],
)
def test_a_wrong_fault_is_refused_with_the_nearest_name(tmp_path: Path, sent: dict[str, Any], says: str) -> None:
    async def steps(flow: Flow) -> None:
        response = await flow.http.post("/admin/faults", json=sent)
        assert response.status_code == 422
        assert says in response.json()["title"]
        assert (await flow.http.get("/admin/faults")).json() == []

    run(steps, tmp_path)


def test_a_hundred_faults_are_the_most(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for _ in range(100):
            await inject(flow, "delay", seconds=0)
        response = await flow.http.post("/admin/faults", json={"kind": "delay", "seconds": 0})
        assert (response.status_code, "At most 100 faults" in response.json()["title"]) == (422, True)

    run(steps, tmp_path)


def test_a_request_for_the_redirect_uri_carries_no_secret_of_the_fault(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        await inject(flow, "authorize-error", error="server_error")
        response = await flow.authorize(app, launch=(await flow.launch(app))["launch"])
        assert response.headers["location"].startswith(f"{REDIRECT}?")

    run(steps, tmp_path)
