"""First use of a hospital: a browser gets a progress page and continues automatically; a script waits."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import REDIRECT, Flow, receive, run
from tests.flows.two_workers import run_two

from sickbay.storage.interface import ResourceSpace
from sickbay.web import population_pending

PAGE = {"Accept": "text/html,application/xhtml+xml"}
FRESH = ResourceSpace("general", "r4")


async def sign_in(flow: Flow) -> str:
    """Sign in; returns the address of the hospital's first page."""
    page = await flow.http.get("/general/ehr/sign-in", headers=PAGE)
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"csrf": csrf, "username": "okafor", "password": "sickbay"}
    answer = await flow.http.post("/general/ehr/sign-in?next=/general/ehr", data=form, headers=PAGE)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def sign_in_address(flow: Flow) -> str:
    """The address that an authorization request redirects to, after a sign-in."""
    app = await flow.register(auto_approve=None)
    sent = flow.asking(app, scope="launch/patient openid fhirUser patient/Patient.rs")
    redirect = await flow.http.get("/general/oauth/authorize", params=sent, headers=PAGE)
    assert redirect.status_code in (302, 303), redirect.text
    return str(redirect.headers["location"])


async def portal(flow: Flow) -> str:
    return f"/developer/apps/{(await flow.register())['app_id']}"


async def launch(flow: Flow) -> str:
    return f"/general/ehr/launch?app={(await flow.register())['app_id']}&patient=p-0001"


@pytest.mark.parametrize("way", [sign_in, sign_in_address, portal, launch])
def test_a_browser_gets_a_page_that_reloads(way: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_pending, "WAIT_SECONDS", 0)

    async def steps(flow: Flow) -> None:
        address = await way(flow)
        first = await flow.http.get(address, headers=PAGE)
        assert (first.status_code, first.headers["refresh"], first.headers["retry-after"]) == (503, "3", "3")
        assert "Creating sample patients (0 of 10)…" in first.text
        await flow.sandbox.filling.begin(FRESH)
        again = await flow.http.get(address, headers=PAGE)
        assert again.status_code < 400, again.text
        assert "refresh" not in again.headers

    run(steps, tmp_path, patients=10, population_cache=False)


def test_the_page_counts_what_is_stored_and_its_fragment_ends_with_the_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population_pending, "WAIT_SECONDS", 0)
    seen: list[tuple[int, int]] = []

    async def steps(flow: Flow) -> None:
        address = await sign_in(flow)
        page = await flow.http.get(address, headers=PAGE)
        live = page.text.partition('data-until="')[2].partition('"')[0]
        assert live == "/general/ehr/filling/r4"
        while (answer := await flow.http.get(live, headers=PAGE)).status_code == 200:
            done = int(answer.text.partition('<progress value="')[2].partition('"')[0])
            progress = await flow.sandbox.filling.progress(FRESH)
            seen.append((done, progress.done if progress else 10))
            await asyncio.sleep(0.01)
        assert answer.status_code == 204
        assert await flow.sandbox.filling.is_filled(FRESH)
        assert (await flow.http.get("/general/ehr/filling/r9", headers=PAGE)).status_code == 404

    run(steps, tmp_path, patients=10, population_cache=False)
    assert seen
    assert all(shown <= stored for shown, stored in seen)
    assert sorted(seen) == seen


def test_prompt_none_waits_for_the_patients_and_then_gets_its_response(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """prompt=none never shows a page."""
    monkeypatch.setattr(population_pending, "WAIT_SECONDS", 0)

    async def steps(flow: Flow) -> None:
        sent = flow.asking(await flow.register(), prompt="none", scope="launch/patient openid patient/Patient.rs")
        redirect = await flow.http.get("/general/oauth/authorize", params=sent, headers=PAGE)
        assert redirect.headers["location"].startswith(REDIRECT)

    run(steps, tmp_path, patients=10, population_cache=False)


def test_a_script_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_pending, "WAIT_SECONDS", 0)

    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(await launch(flow))
        assert answer.status_code < 400, answer.text
        assert flow.sandbox.filling.is_ready(FRESH)

    run(steps, tmp_path, patients=10, population_cache=False)


@pytest.mark.parametrize("wishes", [{"prompt": "none"}, {}])
def test_a_waiting_browser_gets_the_code_although_another_worker_has_written(
    wishes: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After another worker's write, this worker doesn't know that the patients exist until it checks again."""

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        sent = flow.asking(app, launch=(await flow.launch(app))["launch"], **wishes)
        monkeypatch.setattr(flow.sandbox.filling, "is_ready", lambda space: False)
        redirect = await flow.http.get("/general/oauth/authorize", params=sent, headers=PAGE if wishes else {})
        assert "code" in receive(redirect)

    run(steps, tmp_path, patients=10, population_cache=False)


def test_a_browser_goes_straight_to_the_app_if_another_worker_has_created_the_patients(engine: Any, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        await worker.sandbox.filling.ensure(FRESH)
        app = await worker.register()
        sent = other.asking(app, scope="openid fhirUser user/Patient.rs")
        answer = await other.http.get("/general/oauth/authorize", params=sent, headers=PAGE)
        assert "code" in receive(answer)
        await worker.http.post("/admin/clock", json={"advance": 86_400})
        answer = await other.http.get("/general/oauth/authorize", params=sent, headers=PAGE)
        assert answer.headers["location"].startswith("/general/oauth/continue"), "the appointments of the day are missing"

    run_two(steps, engine(), tmp_path)


def test_a_failed_population_is_reported_and_the_page_stops_reloading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        async def fail(space: ResourceSpace) -> None:
            raise OSError("the disk is full")

        monkeypatch.setattr(flow.sandbox.filling, "_fill_space", fail)
        answer = await flow.http.get(await launch(flow), headers=PAGE)
        assert (answer.status_code, "refresh" in answer.headers) == (500, False)

    run(steps, tmp_path, patients=10, population_cache=False)


def test_the_server_can_stop_during_the_population(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_pending, "WAIT_SECONDS", 0)

    async def steps(flow: Flow) -> None:
        assert (await flow.http.get(await launch(flow), headers=PAGE)).status_code == 503

    run(steps, tmp_path, patients=10, population_cache=False)
