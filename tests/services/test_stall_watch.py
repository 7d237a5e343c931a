"""The line in the terminal when a launch stalls: once, by the worker that saw its last request."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.flows.flow import FEW_PATIENTS, Flow, run
from tests.flows.silences import callback_with_an_error, dead_app, script_without_browser
from tests.flows.silent_app import SilentApp

from sickbay.kernel.memory import ResetScope
from sickbay.services import stall_watch
from sickbay.services.context import LogLine
from sickbay.services.recent_launches import REMEMBERED_LAUNCHES, RecentLaunch, RecentLaunches


async def lines(flow: Flow) -> list[LogLine]:
    """What the watch says now."""
    said: list[LogLine] = []
    runtime = flow.sandbox.runtime
    runtime.on_exchange, runtime.on_stall = (lambda line: None), said.append
    await stall_watch.report_stalls(runtime, flow.sandbox.journal)
    return said


def test_a_launch_that_stalls_is_said_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        app.time.answers = 200
        assert await lines(flow) == []
        await callback_with_an_error(app)
        app.wait(10)
        assert await lines(flow) == []
        app.wait(60)
        (line,) = await lines(flow)
        assert (line.stage, line.status, line.finding) == ("silence", 0, "code-not-redeemed")
        assert (line.tenant, line.app) == ("general", app.app["client_id"])
        assert line.detail.startswith("Provider app received the code 7")
        assert line.detail.endswith(f"/timelines/{line.id}")
        app.wait(60)
        assert await lines(flow) == []

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_a_launch_that_only_a_script_received_is_said_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await lines(flow)
        await script_without_browser(app)
        app.wait(60)
        (line,) = await lines(flow)
        assert line.finding == "launch-url-not-opened"

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize(
    ("status", "first"), [(0, "launch-uri-no-answer"), (503, "launch-uri-no-answer"), (200, "launch-page-silent")]
)
def test_an_app_on_this_machine_is_asked_when_its_launch_stalls_and_every_page_says_what_it_answered(
    status: int, first: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        app.time.answers = status
        await lines(flow)
        await dead_app(app)
        app.wait(60)
        assert await find_first_cause(flow) == "launch-nothing-arrived"
        (line,) = await lines(flow)
        assert line.finding == await find_first_cause(flow) == first
        await app.discover()
        app.wait(60)
        assert await find_first_cause(flow) == "authorize-not-sent"

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_app_whose_policy_forbids_it_is_not_asked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await lines(flow)
        await app.register(policy={"frame_check": False})
        await app.open_launch()
        app.wait(60)
        assert (await lines(flow))[0].finding == "launch-nothing-arrived"

    run(steps, tmp_path, patients=FEW_PATIENTS)


async def find_first_cause(flow: Flow) -> str:
    launches = (await flow.http.get("/admin/launches")).json()
    return str(launches[-1]["causes"][0]["id"])


def test_a_launch_that_works_is_never_said(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await lines(flow)
        await app.register()
        await app.complete_launch()
        app.wait(4000)
        assert await lines(flow) == []

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_another_worker_says_what_it_saw_last(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await lines(flow)
        await callback_with_an_error(app)
        recent = flow.sandbox.runtime.recent_launches
        (timeline,) = [id for id, _ in recent.take_due(1e12, 9)]
        recent.note_request(timeline, RecentLaunch("general", "an earlier exchange", 0))
        app.wait(60)
        assert await lines(flow) == []

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_the_watch_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        task = asyncio.create_task(stall_watch.watch_launches(flow.sandbox.runtime, flow.sandbox.journal))
        await asyncio.sleep(0)
        task.cancel()
        assert (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_only_the_newest_launches_are_remembered_and_a_reset_forgets_those_of_its_hospital() -> None:
    recent = RecentLaunches()
    for number in range(REMEMBERED_LAUNCHES + 5):
        recent.note_request(str(number), RecentLaunch("general" if number % 2 else "epic", "", number))
    assert len(recent.take_due(1e9, 1)) == 1
    recent.forget(ResetScope("epic"))
    left = recent.take_due(1e9, 1000)
    assert {launch.tenant for _, launch in left} == {"general"}
    recent.note_request("a", RecentLaunch("general", "", 5))
    assert recent.take_due(4, 9) == []
    recent.forget(ResetScope())
    assert recent.take_due(1e9, 9) == []
