"""A newcomer registers an app, launches it, breaks it in ten ways, and finds and fixes each with the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.flows.newcomer_app import NewcomersApp, serving_app
from tests.flows.test_six_clicks import find_frame
from tests.laws import is_long

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MAXIMUM_TABS: Final = 150
"""Presses of the Tab key after which a target counts as unreachable."""
MAXIMUM_CLICKS: Final = 2
"""From a failure to its explanation."""
WAIT_MILLISECONDS: Final = 60_000
MISTAKES: Final = {
    "client_id": "client-id-unknown",
    "redirect_uri": "redirect-uri-trailing-slash",
    "aud": "aud-missing",
    "commas": "scope-comma-separated",
    "unregistered": "scope-not-registered",
    "challenge": "pkce-missing",
    "verifier": "pkce-verifier-mismatch",
    "twice": "code-reused",
    "bearer": "fhir-id-token-used",
    "scope": "fhir-insufficient-scope",
}
"""What the app does wrong, and the rule that explains it."""
MISTAKE_PER_PLACE: Final = ("client_id", "commas", "twice", "scope")
"""One for each place where a mistake shows: a page instead of a redirect, an error at the redirect URI, a second token request
(whose link leads to a list of exchanges), and a FHIR request. `make prove` makes all mistakes."""
STATE: Final = """element => !element.isConnected ? "removed"
  : element.matches(':focus') && element.ownerDocument.hasFocus() ? "focused" : "elsewhere" """


class Keyboard:
    """Moves the focus with Tab, and activates what has it with Enter. activated: how often."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.activated = 0

    def reach(self, target: Locator) -> None:
        target.wait_for(timeout=WAIT_MILLISECONDS)
        element = target.element_handle()  # finding it again after each press would take longer than the press
        for _ in range(MAXIMUM_TABS):
            state = element.evaluate(STATE)
            if state == "focused":
                assert element.evaluate("element => element.matches(':focus-visible')")
                return
            if state == "removed":  # with the old content of a part of the page that is updated
                element = target.element_handle()
            else:
                self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab doesn't reach {target}")

    def activate(self, target: Locator) -> None:
        self.reach(target)
        self.page.keyboard.press("Enter")
        self.activated += 1

    def follow(self, target: Locator) -> None:
        """Activate what opens another page, and wait for it. Until it is there, the old page has the same links."""
        self.reach(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.activated += 1

    def fill(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)


@pytest.fixture
def app() -> Iterator[NewcomersApp]:
    with serving_app() as running:
        yield running


def register(keyboard: Keyboard, app: NewcomersApp) -> None:
    """From the start page. The newcomer copies the client ID into the app."""
    page = keyboard.page
    keyboard.fill(page.get_by_label("Launch URI"), app.launch_uri)
    keyboard.fill(page.get_by_label("Redirect URI"), app.redirect_uri)
    keyboard.follow(page.get_by_role("button", name="Register the app"))
    keyboard.fill(page.locator("input[name=name]"), "First app")
    keyboard.follow(page.get_by_role("button", name="Register the app"))
    page.get_by_role("heading", name="First app", level=1).wait_for()
    keyboard.reach(page.get_by_role("button", name="Copy the client ID"))
    app.client_id = page.locator("#client-id").inner_text()


def open_chart(keyboard: Keyboard) -> None:
    page = keyboard.page
    keyboard.follow(page.get_by_role("link", name="Hospitals", exact=True))
    keyboard.follow(page.get_by_role("link", name="Open the chart"))
    keyboard.follow(page.get_by_role("button", name="Dr. Amara Okafor"))


def launch(keyboard: Keyboard) -> None:
    """Open the app from its tile in the chart, or again."""
    keyboard.follow(keyboard.page.locator(".apps a.tile").filter(has_text="First app"))


def says(page: Page, heading: str) -> None:
    find_frame(page).get_by_role("heading", name=heading, level=1).wait_for(timeout=WAIT_MILLISECONDS)


def find_explanation(keyboard: Keyboard, rule: str) -> int:
    """From the chart with the app that failed. Returns how many links it took."""
    page, before = keyboard.page, keyboard.activated
    keyboard.follow(page.locator(".frame-foot").get_by_role("link", name="refused"))
    page.get_by_role("heading", level=1).first.wait_for()
    if page.url.partition("?")[0].endswith("/exchanges"):
        keyboard.follow(page.locator("a[data-row]", has_text="token"))
    finding = page.locator("article.finding").filter(has=page.locator(f"a[href$='/rules/{rule}']"))
    finding.first.wait_for(timeout=WAIT_MILLISECONDS)
    assert finding.first.locator(".fix").inner_text()
    assert page.locator("main a[href*='/timelines/']").count()
    return keyboard.activated - before


@pytest.mark.timeout(400)
def test_a_newcomer_finds_and_fixes_every_mistake_by_keyboard(fresh: dict[str, Any], page: Page, app: NewcomersApp) -> None:
    keyboard = Keyboard(page)
    page.goto(fresh["base"])
    register(keyboard, app)
    open_chart(keyboard)
    launch(keyboard)
    keyboard.activate(page.frame_locator("iframe.app").get_by_role("button", name="Allow"))
    says(page, "Hello Peters")
    clicks = {}
    for mistake in MISTAKES if is_long() else MISTAKE_PER_PLACE:
        app.mistake = mistake
        launch(keyboard)
        clicks[mistake] = find_explanation(keyboard, MISTAKES[mistake])
        page.go_back()  # Alt and the left arrow, which a browser without a window doesn't know
        if page.url.partition("?")[0].endswith("/exchanges"):
            page.go_back()
    assert max(clicks.values()) <= MAXIMUM_CLICKS, clicks
    app.mistake = ""
    launch(keyboard)
    says(page, "Hello Peters")
