"""Where a launch that stalled is shown: lists, the page of the app, and the button that asks the launch URI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import FEW_PATIENTS, Flow, run
from tests.flows.silences import callback_with_an_error, dead_app
from tests.flows.silent_app import HOME, SilentApp


@pytest.mark.parametrize(
    ("status", "first"), [(0, "launch-uri-no-answer"), (404, "launch-uri-no-answer"), (200, "launch-page-silent")]
)
def test_the_button_asks_the_launch_uri(status: int, first: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await dead_app(app)
        app.wait(60)
        id = (await app.launches())[0]["id"]
        page = await flow.http.get(f"/timelines/{id}", headers={"Accept": "text/html"})
        assert f"Ask {HOME}/launch" in page.text
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        app.time.answers = status
        asked = await flow.http.post(f"/timelines/{id}", data={"csrf": csrf}, headers={"Accept": "text/html"})
        assert f"status {status}" in asked.text if status else "All connection attempts failed" in asked.text
        assert asked.text.index(f"/rules/{first}") < asked.text.index("/rules/launch-iss-not-accepted")
        assert ("/rules/launch-uri-no-answer" in asked.text) == (status != 200)
        refused = await flow.http.post(f"/timelines/{id}", data={"csrf": "x"}, headers={"Accept": "text/html"})
        assert refused.status_code == 303

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize(
    "uri", ["http://localhost:7425/launch", "http://127.0.0.1:7425/launch", "https://app.example.org/launch"]
)
def test_no_button_asks_sickbay_itself_or_another_machine(uri: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(launch_uri=uri)
        await app.open_launch()
        app.wait(60)
        id = (await app.launches())[0]["id"]
        page = await flow.http.get(f"/timelines/{id}", headers={"Accept": "text/html"})
        assert "Likely causes" in page.text
        assert f"Ask {uri}" not in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


def rows(page: str, kind: str) -> int:
    return page.count(f'class="is-{kind}"')


def test_a_stalled_launch_is_a_row_of_its_own_in_the_lists(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await callback_with_an_error(app)
        html: dict[str, Any] = {"headers": {"Accept": "text/html"}}
        assert rows((await flow.http.get("/exchanges", **html)).text, "stalled") == 0
        app.wait(30)
        listed = (await flow.http.get("/exchanges", **html)).text
        assert rows(listed, "stalled") == 1
        assert "exchanged its authorization code" in listed
        page = (await flow.http.get(f"/developer/apps/{app.app['app_id']}", **html)).text
        assert "Stalled: Provider app hasn’t exchanged its authorization code." in page
        await app.redeem_code()
        await app.read()
        assert rows((await flow.http.get("/exchanges", **html)).text, "stalled") == 0

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_a_launch_that_a_script_created_is_a_row_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await flow.launch(app.app)
        app.wait(60)
        for path in ("/exchanges", f"/exchanges?app={app.app['app_id']}"):
            page = await flow.http.get(path, headers={"Accept": "text/html"})
            assert rows(page.text, "stalled") == 1
            assert "No browser may have opened the launch URL" in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_an_app_that_was_never_launched_says_so_on_its_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        page = await flow.http.get(f"/developer/apps/{app.app['app_id']}", headers={"Accept": "text/html"})
        assert "Never launched" in page.text

    run(steps, tmp_path, patients=FEW_PATIENTS)
