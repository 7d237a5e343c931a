"""Launches that stop without a refusal: each is called stalled, and its first likely cause is the true one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import FEW_PATIENTS, Flow, run
from tests.flows.silences import (
    SILENCES,
    Script,
    callback_with_an_error,
    dead_app,
    error_after_discovery,
    export_deleted_without_files,
    token_left,
)
from tests.flows.silent_app import PAGE, SilentApp
from tests.postgres import Server


@pytest.mark.parametrize(("script", "awaited", "cause"), SILENCES, ids=[script.__name__ for script, _, _ in SILENCES])
def test_a_launch_that_stops_names_the_step_and_its_likeliest_cause(
    script: Script, awaited: str, cause: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await script(app)
        app.wait(2)
        early = (await app.launches())[-1]
        assert early["state"] in ("running", "worked"), early
        app.wait(700)
        found = (await app.launches())[-1]
        assert (found["state"], found["waiting_for"]["step"]) == ("stalled", awaited), found
        assert [entry["id"] for entry in found["causes"]][:1] == [cause], found["causes"]
        assert not any("…" in entry["why"] + entry["fix"] for entry in found["causes"])
        page = await flow.http.get(f"/timelines/{found['id']}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert f"/rules/{cause}" in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


STORED = {
    "script_without_browser",
    "picker_left",
    "strict_mode",
    "another_host",
    "no_patient",
    "refused_refresh",
    "export_polled_once",
    "token_endpoint_with_a_fault",
}
"""Scripts that together leave all that Sickbay stores of a launch: launches, waiting requests, exchanges, tokens and jobs."""


def test_launches_that_stop_are_explained_in_the_same_way_on_postgresql(tmp_path: Path, postgres: Server) -> None:
    async def steps(flow: Flow) -> None:
        time = SilentApp(flow).time
        for script, awaited, cause in [row for row in SILENCES if row[0].__name__ in STORED]:
            app = SilentApp(flow)
            app.time = flow.sandbox.runtime.effects = time
            await script(app)
            app.wait(1400)
            found = (await app.launches())[-1]
            assert (found["state"], found["waiting_for"]["step"]) == ("stalled", awaited), (script.__name__, found)
            assert found["causes"][0]["id"] == cause, (script.__name__, found["causes"])
            await flow.http.delete("/admin/faults")

    run(steps, tmp_path, data=postgres.address())


async def user_reads_for_nine_minutes(app: SilentApp) -> None:
    await app.register(auto_approve=None)
    await app.open_launch()
    request = await app.show_page(await app.authorize())
    app.wait(540)
    await app.show_page(await app.answer_page(request, account="okafor"))
    app.wait(540)


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        (user_reads_for_nine_minutes, 0),
        (dead_app, 15),
        (error_after_discovery, 15),
        (callback_with_an_error, 10),
        (token_left, 20),
    ],
)
def test_a_slow_user_and_a_slow_app_have_time(script: Script, seconds: float, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await script(app)
        app.wait(seconds)
        assert (await app.launches())[-1]["state"] == "running"

    run(steps, tmp_path, patients=FEW_PATIENTS)


PAUSES = [0.0, 8.0, 25.0, 90.0, 580.0]
"""Seconds between two steps, also longer than a step usually takes: the mark goes when it comes after all."""


@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize("refresh", [False, True], ids=["reads", "refreshes"])
@pytest.mark.parametrize("browser", [False, True], ids=["server", "page"])
@pytest.mark.parametrize("consent", [False, True], ids=["approved", "asked"])
def test_a_launch_that_works_is_not_called_stalled(
    consent: bool, browser: bool, refresh: bool, pause: float, tmp_path: Path
) -> None:
    """Forty launches: with a user who is asked or not, a page or a server, and at every speed."""

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(**({"auto_approve": None} if consent else {}))
        headers = PAGE if browser else {}
        await app.open_launch()
        app.wait(min(pause, 200))
        await app.discover(**(headers or {"User-Agent": "requests"}))
        app.wait(min(pause, 60))
        scope = "launch openid fhirUser online_access patient/*.rs"
        answer = await app.authorize(scope=scope)
        if consent:
            app.wait(min(pause, 25))
            request = await app.show_page(answer)
            app.wait(pause)
            await app.show_page(await app.answer_page(request, account="okafor"))
            app.wait(pause)
            await app.answer_page(request, decision="allow", scope=scope.split())
        app.wait(min(pause, 40))
        if browser:
            await app.send_preflight("/general/oauth/token", "POST", "content-type")
        await app.redeem_code(**headers)
        app.wait(pause)
        assert (await app.read(**headers)).status_code == 200
        if refresh:
            app.wait(4000)
            assert (await app.read(**headers)).status_code == 401
            assert (await app.refresh()).status_code == 200
            assert (await app.read(**headers)).status_code == 200
        app.wait(pause)
        found = await app.launches()
        assert [entry["state"] for entry in found] == ["worked"]
        assert found[0]["causes"] == []
        app.wait(86_000)
        assert [entry["state"] for entry in await app.launches()] == ["worked"]

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_export_that_the_app_deletes_is_not_called_stalled(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await export_deleted_without_files(app)
        app.wait(700)
        assert [entry["state"] for entry in await app.launches()] == ["worked"]

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_another_app_that_looks_up_the_endpoints_is_not_taken_for_one_that_starts_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, other = SilentApp(flow), SilentApp(flow)
        other.time = app.time
        flow.sandbox.runtime.effects = app.time
        await app.register(launch_uri=None)
        await app.authorize(scope="openid fhirUser")
        app.wait(1)
        await other.register(launch_uri=None)
        await other.discover(**{"User-Agent": "node"})
        await other.authorize(scope="openid fhirUser")
        app.wait(700)
        assert (await app.launches())[-1]["causes"][0]["id"] == "code-not-redeemed"

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_the_mark_goes_when_the_step_comes_after_all(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await callback_with_an_error(app)
        app.wait(40)
        assert (await app.launches())[0]["state"] == "stalled"
        await app.redeem_code()
        assert (await app.launches())[0]["state"] == "running"
        await app.read()
        assert (await app.launches())[0] | {"exchanges": []} == {
            "id": (await app.launches())[0]["id"],
            "app": app.app["client_id"],
            "tenant": "general",
            "state": "worked",
            "waiting_for": None,
            "causes": [],
            "exchanges": [],
        }

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_what_it_waits_for_is_said_in_seconds_before_it_is_late(tmp_path: Path) -> None:
    """A test that times out after four seconds reads this in its report."""

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await callback_with_an_error(app)
        app.wait(4)
        waiting = (await app.launches())[0]["waiting_for"]
        assert waiting["step"] == "token"
        assert 4 <= waiting["seconds"] < 8
        assert waiting["text"].startswith("Provider app received the code 4 s ago and hasn’t redeemed it")

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_unknown_launch_is_not_found(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert (await flow.http.get("/admin/launches/nothing")).status_code == 404
        assert (await flow.http.get("/admin/launches?app=nothing")).status_code == 404
        assert (await flow.http.get("/admin/launches?tenant=nothing")).status_code == 404
        assert (await flow.http.get("/admin/launches")).json() == []

    run(steps, tmp_path, patients=FEW_PATIENTS)
