"""A newcomer's path in the browser: launch, break, find the fault, fix, and rewind, without a dead end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.flows.test_six_clicks import ClickCounter, find_frame, open_page, shows_its_patient, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

APP = "/developer/apps/sample-app-general"


@pytest.fixture
def live(fresh: dict[str, Any]) -> dict[str, Any]:
    return fresh


def test_launch_break_fix_and_rewind(live: dict[str, Any], page: Page) -> None:
    base, hand = live["base"], ClickCounter()
    page.goto(base)
    page.get_by_role("link", name="Open the chart").click()
    sign_in(page, hand)
    chart = page.url
    app = open_page(page, hand, "Sample app", "frame")
    app.get_by_role("button", name="Allow").click()
    shows_its_patient(app)

    page.goto(f"{base}/developer/time")
    page.get_by_label("Name").fill("works")
    page.get_by_role("button", name="Save the snapshot").click()
    page.get_by_role("button", name="Restore works").wait_for()

    page.goto(base + APP)
    page.get_by_text("Inject a fault", exact=True).click()
    page.locator("select[name=kind]").select_option("no-patient")
    page.get_by_role("button", name="Inject into this app’s requests").click()
    page.get_by_role("button", name="End the fault no-patient").wait_for()
    page.goto(chart)
    open_page(page, hand, "Sample app", "frame")
    find_frame(page).get_by_text("Token response").first.wait_for()

    page.goto(f"{base}/exchanges?q=is:injected")
    page.locator("a[data-row]").first.click()
    page.get_by_text("This is fault").first.wait_for()
    page.get_by_role("link", name="Sample app").first.click()
    page.get_by_role("button", name="End the fault no-patient").click()
    page.get_by_text("No faults are active.").wait_for()
    page.goto(chart)
    shows_its_patient(open_page(page, hand, "Sample app", "frame"))

    added = {"name": "Broken app", "type": "provider", "client": "public", "redirect_uris": [f"{base}/x"], "scope": "launch"}
    httpx2.post(f"{base}/admin/apps", json=added, trust_env=False).raise_for_status()
    page.goto(f"{base}/developer")
    page.get_by_role("link", name="Broken app").wait_for()
    page.goto(f"{base}/developer/time")
    page.get_by_role("button", name="Restore works").click()
    page.get_by_text("Restored the snapshot.").wait_for()
    page.goto(f"{base}/developer")
    assert page.get_by_role("link", name="Broken app").count() == 0
    page.goto(chart)
    shows_its_patient(open_page(page, hand, "Sample app", "frame"))
