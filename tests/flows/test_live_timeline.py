"""The page of a launch in a browser: it follows the launch without a reload, and works without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.flows.flow import CHALLENGE, REDIRECT, VERIFIER
from tests.flows.test_live_page import SECONDS

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOME = "http://localhost:8100"
READS = 6
APP = {
    "name": "Finder",
    "type": "provider",
    "client": "public",
    "launch_uri": f"{HOME}/launch",
    "redirect_uris": [f"{HOME}/callback"],
    "scope": "launch openid fhirUser patient/*.rs",
    "auto_approve": {"user": "okafor"},
}


@pytest.fixture
def launched(fresh: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """An app, and the timeline of its launch from a chart."""
    base = fresh["base"]
    with httpx2.Client(base_url=base, trust_env=False, headers={"Accept": "application/json"}) as http:
        registered = http.post("/admin/apps", json=APP).json()
        answer = http.get(f"/general/ehr/launch?app={registered['app_id']}&patient=p-0001")
        exchange = http.get(f"/exchanges/{answer.headers['x-correlation-id']}").json()
    return registered, f"{base}/timelines/{exchange['launch']}"


def test_the_steps_of_a_launch_appear_while_it_runs(
    fresh: dict[str, Any], launched: tuple[dict[str, Any], str], page: Page
) -> None:
    _, address = launched
    page.goto(address)
    page.get_by_text("Live", exact=True).wait_for(timeout=SECONDS)
    assert page.locator("g.passed").count() == 1
    page.get_by_role("link", name="Mermaid").focus()
    httpx2.get(f"{fresh['base']}/general/r4/.well-known/smart-configuration", headers={"Origin": HOME}, trust_env=False)
    page.locator("g.passed.arrived").wait_for(timeout=SECONDS)
    page.get_by_text("These requests don’t name a launch").wait_for(timeout=SECONDS)
    assert page.evaluate("document.activeElement.getAttribute('href')").endswith("?as=mermaid")
    assert page.title().startswith("Waiting: Finder")


def test_without_javascript_the_page_has_a_link_to_reload_it(launched: tuple[dict[str, Any], str], page: Page) -> None:
    browser: Browser | None = page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        plain = context.new_page()
        plain.goto(launched[1])
        plain.get_by_role("link", name="Reload").click()
        plain.wait_for_url(launched[1])
        assert plain.locator("g.passed").count() == 1


@pytest.fixture(scope="module")
def two_workers() -> Iterator[str]:
    """The base of a server with two workers."""
    with serving("--ephemeral", "--patients", "2", "--workers", "2") as running:
        yield running.base


def test_every_step_appears_whichever_worker_the_app_and_the_page_reach(two_workers: str, page: Page) -> None:
    """Each request of the app has its own connection, so that any worker may answer it."""
    with httpx2.Client(base_url=two_workers, headers={"Connection": "close"}, trust_env=False, timeout=60) as http:
        app = http.post("/admin/apps", json=APP).raise_for_status().json()
        launch = http.post("/admin/launches", json={"app": app["app_id"], "patient": "p-0001"}).raise_for_status().json()
        page.goto(f"{two_workers}/timelines/{launch['timeline']}")
        page.get_by_text("Live", exact=True).wait_for(timeout=SECONDS)
        token = complete(http, app, launch["launch"])
        for number in range(READS):
            read = http.get(f"/general/r4/Observation?_count={number + 1}", headers={"Authorization": f"Bearer {token}"})
            assert read.status_code == 200, read.text
        page.locator("g.passed").nth(READS + 1).wait_for(timeout=SECONDS)
    assert page.locator("h1").inner_text() == "The launch worked."


def complete(http: httpx2.Client, app: dict[str, Any], launch: str) -> str:
    """The access token of a launch that no user has to approve."""
    asked = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": REDIRECT,
        "scope": APP["scope"],
        "state": "s" * 20,
        "aud": f"{str(http.base_url).rstrip('/')}/general/r4",
        "launch": launch,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    location = http.get("/general/oauth/authorize", params=asked).headers["location"]
    form = {
        "grant_type": "authorization_code",
        "code": httpx2.URL(location).params["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": app["client_id"],
    }
    return str(http.post("/general/oauth/token", data=form).raise_for_status().json()["access_token"])
