"""Two launches of an app side by side, over HTTP: which other one is chosen, and what the page says and to whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.flows.flow import FEW_PATIENTS, Flow, run
from tests.flows.silent_app import HTML, SilentApp
from tests.flows.test_timeline_files import STRANGER

from sickbay.services import launch_choices


async def read_page(flow: Flow, id: str, query: str = "", status: int = 200, **headers: str) -> str:
    answer = await flow.http.get(f"/timelines/{id}/compare{query}", headers=HTML | headers)
    assert answer.status_code == status, answer.text
    return answer.text


def test_it_worked_yesterday(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.complete_launch()
        worked = (await app.launches())[0]["id"]
        await app.complete_launch(scope="launch openid patient/Patient.rs patient/Condition.rs")
        later = (await app.launches())[0]["id"]
        await app.open_launch("p-0002")
        await app.discover()
        await app.authorize(redirect_uri="http://localhost:8100/callback/")
        failed = (await app.launches())[0]["id"]
        page = await read_page(flow, failed)
        assert f'<option value="{later}" selected>' in page
        assert f'<option value="{worked}"' in page
        assert "The first difference is in the authorization request (step 3): <code>redirect_uri</code> is" in page
        assert 'callback<mark class="slip"><span class="vh">differs: slash </span>/</mark>' in page
        other = await read_page(flow, later, f"?with={worked}")
        assert "<code>scope</code> lacks <code>fhirUser</code>" in other
        assert "no other launch" not in other

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def test_only_launches_of_the_same_app_are_compared_and_only_for_the_administrator(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        first, second = SilentApp(flow), SilentApp(flow)
        for app in (first, second):
            await app.register()
            await app.complete_launch()
        here, there = [(await app.launches())[0]["id"] for app in (first, second)]
        assert "There is no other launch to compare with" in await read_page(flow, here)
        await read_page(flow, here, f"?with={there}", 404)
        await read_page(flow, "unknown", "", 404)
        await read_page(flow, here, "", 403, **STRANGER)
        assert f"/timelines/{here}/compare" in (await flow.http.get(f"/timelines/{here}", headers=HTML)).text
        public = await flow.http.get(f"/timelines/{here}", headers=HTML | STRANGER)
        assert "/compare" not in public.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_a_long_launch_hides_no_other_one(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.complete_launch()
        first = (await app.launches())[0]["id"]
        await app.complete_launch()
        for _ in range(110):
            await app.read()
        long = (await app.launches())[0]["id"]
        listed = await launch_choices.list_launches(flow.sandbox.runtime, app.app["client_id"])
        assert [(launch.id, launch.worked) for launch in listed] == [(long, True), (first, True)]
        assert listed[0].began > listed[1].began
        assert "Sickbay left out" in await read_page(flow, long)

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)
