"""An app's page says what to do next, for its kind and after its last launch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML

SERVICE: dict[str, Any] = {
    "type": "system",
    "client": "symmetric",
    "scope": "system/*.rs",
    "redirect_uris": [],
    "launch_uri": None,
}


async def read_page(flow: Flow, app: dict[str, Any]) -> str:
    return (await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)).text


@pytest.mark.parametrize(
    ("settings", "title", "link"),
    [
        ({}, "Next: launch it", "/general/ehr/patients/p-0017?app="),
        ({"launch_uri": None}, "Next: open your app", "/docs/how-to/standalone.html"),
        ({**SERVICE, "auto_approve": None}, "Next: request a token", "/docs/how-to/backend-service.html"),
    ],
)
def test_a_new_app_gets_the_step_for_its_kind(tmp_path: Path, settings: dict[str, Any], title: str, link: str) -> None:
    async def steps(flow: Flow) -> None:
        page = await read_page(flow, await flow.register(**settings))
        assert title in page
        assert f'<a class="button" href="{link}' in page

    run(steps, tmp_path)


def test_after_a_launch_the_step_follows_from_how_it_ended(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app)
        await flow.authorize(app, launch=launch["launch"], aud=None)
        page = await read_page(flow, app)
        assert "Next: fix the last launch" in page
        assert f'<a class="button" href="/timelines/{launch["timeline"]}">View the launch</a>' in page
        again = await flow.launch(app)
        answer = await flow.redeem(app, await flow.code(app, launch=again["launch"]))
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/fhir+json"}
        await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        assert "Next: break it" in await read_page(flow, app)

    run(steps, tmp_path)
