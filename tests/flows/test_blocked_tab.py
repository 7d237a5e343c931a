"""Browser tests: if a new tab is blocked, the chart and the portal say so and offer another way to launch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

CHART = "/general/ehr/patients/p-0017?app=sample-app-general"
PORTAL = "/developer/apps/sample-app-general"
SAID = "This browser blocked the new tab"


@pytest.fixture
def live(fresh: dict[str, Any]) -> dict[str, Any]:
    return fresh


def blocking(page: Page, path: str) -> None:
    """A page without pop-ups: the browser enforces a sandbox without allow-popups."""

    def sandbox(route: Route) -> None:
        answer = route.fetch()
        policy = answer.headers["content-security-policy"] + "; sandbox allow-scripts allow-same-origin allow-forms"
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    page.route(re.compile(re.escape(path) + "$"), sandbox)


def launches(live: dict[str, Any]) -> int:
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        return len(http.get("/admin/exchanges", params={"stage": "launch"}).raise_for_status().json())


def at_the_portal(page: Page, live: dict[str, Any]) -> None:
    page.goto(live["base"] + PORTAL)


def at_the_chart(page: Page, live: dict[str, Any]) -> None:
    """The app in the frame has been launched: a launch that isn't over when a page is left may be counted later."""
    page.goto(live["base"] + CHART)
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    page.frame_locator("iframe.app").get_by_role("button", name="Allow").wait_for()
    page.goto(live["base"] + CHART)  # the request after the sign-in didn't reach this test's route


@pytest.mark.parametrize(
    ("path", "there", "button"),
    [(PORTAL, at_the_portal, ("button", "Launch in a new tab")), (CHART, at_the_chart, ("link", "In a tab"))],
)
def test_the_page_reports_a_blocked_tab_and_offers_a_launch_in_this_tab(
    page: Page, live: dict[str, Any], path: str, there: Any, button: tuple[Any, str]
) -> None:
    blocking(page, path)
    there(page, live)
    role, name = button
    assert page.get_by_text(SAID).is_hidden()
    before = launches(live)
    page.get_by_role(role, name=name).click()
    note = page.get_by_role("alert").filter(has_text=SAID)
    note.wait_for()
    assert launches(live) == before
    note.get_by_role("link", name="launch the app in this tab").click()
    page.wait_for_url(re.compile(r"/(ehr/sign-in|oauth/continue|index\.html)"))
    assert page.url.startswith("http")


@pytest.mark.parametrize(
    ("there", "button"), [(at_the_portal, ("button", "Launch in a new tab")), (at_the_chart, ("link", "In a tab"))]
)
def test_if_the_tab_opens_the_app_is_launched_without_a_message(
    page: Page, live: dict[str, Any], there: Any, button: tuple[Any, str]
) -> None:
    there(page, live)
    role, name = button
    with page.expect_popup() as popup:
        page.get_by_role(role, name=name).click()
    popup.value.wait_for_url(re.compile(r"/(ehr/sign-in|oauth/continue|index\.html)"))
    assert page.get_by_text(SAID).is_hidden()
    popup.value.wait_for_function("window.opener === null")
