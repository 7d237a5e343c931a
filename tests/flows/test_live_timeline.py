"""The page of a launch in a browser: it follows the launch without a reload, and works without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.flows.test_live_page import SECONDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOME = "http://localhost:8100"


@pytest.fixture
def launched(fresh: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """An app, and the timeline of its launch from a chart."""
    base = fresh["base"]
    app = {
        "name": "Finder",
        "type": "provider",
        "client": "public",
        "launch_uri": f"{HOME}/launch",
        "redirect_uris": [f"{HOME}/callback"],
        "scope": "launch openid fhirUser patient/*.rs",
    }
    with httpx2.Client(base_url=base, trust_env=False, headers={"Accept": "application/json"}) as http:
        registered = http.post("/admin/apps", json=app).json()
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
    page.get_by_text("These requests name no launch").wait_for(timeout=SECONDS)
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
