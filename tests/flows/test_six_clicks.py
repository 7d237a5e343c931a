"""The start page for new users: the sample app shows its patient after at most six clicks, without typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.laws import pairs

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Locator, Page

AT_MOST = 6
TIMOTHY = "Timothy Peters"


@pytest.fixture
def live(fresh: dict[str, Any]) -> dict[str, Any]:
    return fresh


class ClickCounter:
    """Clicks and counts clicks. Every target must be visible."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, on: Locator) -> None:
        on.click()
        self.clicks += 1


def sign_in(page: Page, hand: ClickCounter) -> None:
    hand.click(page.get_by_role("button", name="Dr. Amara Okafor"))


def find_frame(page: Page) -> Frame:
    frame = page.locator("iframe.app").element_handle().content_frame()
    assert frame is not None
    return frame


def open_page(page: Page, hand: ClickCounter, name: str, place: str) -> Page | Frame:
    """Open the app with this name from the chart, in the frame or in a new tab."""
    hand.click(page.get_by_role("link", name=name, exact=False).filter(has_text=name).first)
    if place == "frame":
        return find_frame(page)
    with page.expect_popup() as popup:
        hand.click(page.get_by_role("link", name="Open in a tab"))
    return popup.value


def shows_its_patient(app: Page | Frame) -> None:
    app.get_by_role("heading", name=TIMOTHY, level=1).wait_for()
    assert '"access_token"' in app.locator("section", has_text="Token response").inner_text()
    assert "fhirUser" in app.locator("section", has_text="from the id_token").inner_text()


def patients_found(app: Page | Frame) -> list[str]:
    """The patients found by the name that is already in the field."""
    app.get_by_role("button", name="Find patients").click()
    app.locator("#found tbody tr").first.wait_for()
    return app.locator("#found tbody th").all_inner_texts()


def exchanges(live: dict[str, Any], client_id: str) -> list[dict[str, Any]]:
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        exchanges = http.get("/admin/exchanges", params={"app": client_id}).raise_for_status().json()
    assert {"launch", "authorize", "login", "token", "access"} <= {exchange["stage"] for exchange in exchanges}
    return list(exchanges)


def serious_findings(of: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The stage and id of each finding above info."""
    every = [(exchange["stage"], finding) for exchange in of for finding in exchange["findings"]]
    return [(stage, user["id"]) for stage, user in every if user["severity"] != "info"]


@pytest.mark.parametrize(("app_of", "place"), pairs([("r4", "Sample app"), ("dstu2", "Sample app, DSTU2")], ["frame", "tab"]))
def test_the_start_page_leads_to_the_patient_in_the_app(
    live: dict[str, Any], page: Page, app_of: tuple[str, str], place: str
) -> None:
    (version, name), hand = app_of, ClickCounter()
    page.goto(live["base"])
    hand.click(page.get_by_role("link", name="Open the chart"))
    sign_in(page, hand)
    app = open_page(page, hand, name, place)
    hand.click(app.get_by_role("button", name="Allow"))
    shows_its_patient(app)
    assert hand.clicks <= AT_MOST
    names = patients_found(app)
    assert TIMOTHY in names
    assert all("Peters" in name for name in names)
    assert serious_findings(exchanges(live, "sample-general" if version == "r4" else f"sample-general-{version}")) == []


def test_the_button_on_the_start_page_launches_in_three_clicks(live: dict[str, Any], page: Page) -> None:
    hand = ClickCounter()
    page.goto(live["base"])
    hand.click(page.get_by_role("link", name="Launch the sample app"))
    sign_in(page, hand)
    app = find_frame(page)
    hand.click(app.get_by_role("button", name="Allow"))
    shows_its_patient(app)
    assert hand.clicks == 3


def test_the_first_launch_takes_the_five_clicks_named_on_the_start_page(live: dict[str, Any], page: Page) -> None:
    hand = ClickCounter()
    page.goto(live["base"])
    assert page.get_by_role("heading", name="Your first launch in five clicks").is_visible()
    hand.click(page.get_by_role("link", name="Open the chart"))
    sign_in(page, hand)
    app = open_page(page, hand, "Sample app", "frame")
    hand.click(app.get_by_role("button", name="Allow"))
    shows_its_patient(app)
    hand.click(page.get_by_role("link", name="View launch"))
    page.get_by_role("heading", name="The launch worked.").wait_for()
    assert hand.clicks == 5


def test_the_portal_launches_in_a_tab_of_its_own(live: dict[str, Any], page: Page) -> None:
    page.goto(f"{live['base']}/developer/apps/sample-app-general")
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Launch in a new tab").click()
    app = popup.value
    app.get_by_role("button", name="Dr. Amara Okafor").click()
    app.get_by_role("button", name="Allow").click()
    shows_its_patient(app)
    page.reload()
    assert f"{TIMOTHY} Dr. Amara Okafor" in page.locator("section", has_text="Recent launches").inner_text()


def test_a_double_click_on_allow_still_opens_the_app(live: dict[str, Any], page: Page) -> None:
    page.goto(f"{live['base']}/general/ehr/patients/p-0017?app=sample-app-general")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    app = find_frame(page)
    app.get_by_role("button", name="Allow").dblclick()
    shows_its_patient(app)
