"""The chart's frame: what it shows instead of an app that can't be shown, its attributes, and the strip below it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.later_effects import LaterEffects
from tests.flows.test_ehr_by_http import HTML, sign_in
from tests.ports import free_port

from sickbay.kernel.outbound import Fetched

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHART = "/general/ehr/patients/p-0017"


async def open_chart(flow: Flow, app: dict[str, Any]) -> tuple[str, str]:
    """The chart with the app open, and the address of its frame."""
    chart = await flow.http.get(f"{CHART}?app={app['app_id']}", headers=HTML)
    frame = re.search(r'<iframe class="[^"]+" src="([^"]+)"', chart.text)
    assert frame, chart.text
    return chart.text, html.unescape(frame[1])


async def open_frame(flow: Flow, app: dict[str, Any], more: str = "") -> httpx2.Response:
    return await flow.http.get((await open_chart(flow, app))[1] + more, headers=HTML)


def test_an_app_that_does_not_run_is_explained_in_the_frame_and_not_launched(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        flow.sandbox.runtime.effects = LaterEffects()
        app = await flow.register()
        _, address = await open_chart(flow, app)
        page = await flow.http.get(address, headers=HTML)
        assert page.status_code == 502
        assert "Nothing answers at http://localhost:8100" in page.text
        assert f'href="/developer/apps/{app["app_id"]}/edit" target="_blank"' in page.text
        assert '<header class="bar' not in page.text
        assert "<footer" not in page.text
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
        assert (await flow.http.get(f"/admin/exchanges?app={app['app_id']}")).json() == []
        again = re.search(r'<a class="button primary" href="([^"]+)">Try again', page.text)
        assert again
        assert html.unescape(again[1]) == address
        removed = await flow.http.get("/general/ehr/open?app=removed&patient=p-0017&framed=1", headers=HTML)
        assert "frame-ancestors 'self'" in removed.headers["content-security-policy"]
        assert 'href="/general/ehr/patients" target="_blank"' in removed.text
        flow.sandbox.runtime.effects = LaterEffects(answers=200)
        launched = await flow.http.get(address, headers=HTML)
        assert launched.headers["location"].startswith("http://localhost:8100/launch?iss=")

    run(steps, tmp_path)


def test_an_app_is_loaded_anyway_if_the_user_wants_it_or_the_check_is_off(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        flow.sandbox.runtime.effects = LaterEffects()
        assert (await open_frame(flow, await flow.register(), "&anyway=1")).status_code == 303
        unchecked = await flow.register(name="Unchecked", policy={"frame_check": False})
        assert (await open_frame(flow, unchecked)).status_code == 303

    run(steps, tmp_path)


def test_an_app_that_forbids_frames_is_explained_with_the_header_to_send(tmp_path: Path) -> None:
    class Forbidding(LaterEffects):
        async def fetch(self, url: str, *, loopback: bool = False, page: bool = False, limit: int = 0) -> Fetched:
            return Fetched(200, {"x-frame-options": "DENY"})

    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        flow.sandbox.runtime.effects = Forbidding()
        page = await open_frame(flow, await flow.register(name="Notes"))
        assert "Notes doesn’t allow this frame" in page.text
        assert "<code>X-Frame-Options: DENY</code>" in page.text
        assert "<code>Content-Security-Policy: frame-ancestors http://localhost:7425</code>" in page.text

    run(steps, tmp_path)


def test_the_frame_has_the_attributes_of_the_hospital_or_of_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        plain = await flow.register()
        assert re.search(r'<iframe class="app" src="[^"]+" title="Provider app">', (await open_chart(flow, plain))[0])
        hospital = {"frame_sandbox": "strict", "frame_size": "400x600", "frame_allow": ["camera", "microphone"]}
        (await flow.http.patch("/admin/policies/general", json=hospital)).raise_for_status()
        text, _ = await open_chart(flow, plain)
        assert 'class="app size-400x600"' in text
        assert 'sandbox="allow-scripts allow-same-origin allow-forms" allow="camera; microphone"' in text
        other = await flow.register(name="Other", policy={"frame_sandbox": "none", "frame_allow": []})
        text, _ = await open_chart(flow, other)
        assert "sandbox=" not in text
        assert "allow=" not in text
        assert 'class="app size-400x600"' in text

    run(steps, tmp_path)


def test_the_strip_counts_refusals_and_links_to_the_explanation(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        flow.sandbox.runtime.effects = LaterEffects(answers=200)
        app = await flow.register()
        text, address = await open_chart(flow, app)
        launched = await flow.http.get(address, headers=HTML)
        launch = re.search(r"launch=([^&]+)", launched.headers["location"])
        live = re.search(r'data-live="([^"]+)"', text)
        assert launch
        assert live
        refused = [await flow.authorize(app, launch=launch[1], aud=None)]
        strip = (await flow.http.get(html.unescape(live[1]), headers=HTML)).text
        id = refused[0].headers["x-correlation-id"]
        assert f'<a class="is-refused" href="/exchanges/{id}">1 refused</a>' in strip
        refused.append(await flow.authorize(app, launch=launch[1], aud=None))
        strip = (await flow.http.get(html.unescape(live[1]), headers=HTML)).text
        several = re.search(r'<a class="is-refused" href="([^"]+)">2 refused</a>', strip)
        assert several
        found = await flow.http.get(html.unescape(several[1]), headers=HTML)
        assert all(answer.headers["x-correlation-id"] in found.text for answer in refused)

    run(steps, tmp_path)


@pytest.mark.parametrize("moment", [1, 400])
def test_the_strip_says_that_a_launch_stalled_and_where_to_look(tmp_path: Path, moment: float) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        effects = flow.sandbox.runtime.effects = LaterEffects(answers=200)
        text, address = await open_chart(flow, await flow.register())
        await flow.http.get(address, headers=HTML)
        live = re.search(r'data-live="([^"]+)"', text)
        assert live
        effects.later = moment
        strip = (await flow.http.get(html.unescape(live[1]), headers=HTML)).text
        assert ("1 stalled" in strip) is (moment > 1)
        assert ("Likely causes</a>" in strip) is (moment > 1)

    run(steps, tmp_path)


def test_a_browser_shows_the_explanation_where_the_app_would_be(page: Page, fresh: dict[str, Any]) -> None:
    port = free_port()
    app = {
        "name": "Notes",
        "type": "provider",
        "client": "public",
        "scope": "launch",
        "launch_uri": f"http://localhost:{port}/launch",
        "redirect_uris": [f"http://localhost:{port}/callback"],
    }
    with httpx2.Client(base_url=fresh["base"], trust_env=False) as http:
        id = http.post("/admin/apps", json=app).raise_for_status().json()["app_id"]
    page.goto(f"{fresh['base']}{CHART}?app={id}")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    frame = page.frame_locator("iframe.app")
    frame.get_by_role("heading", name=f"Nothing answers at http://localhost:{port}").wait_for()
    frame.get_by_role("link", name="Try again").wait_for()
    page.get_by_role("link", name="Exchanges of Notes").click()
    page.wait_for_url(f"**/exchanges?q=app%3A{id}")
