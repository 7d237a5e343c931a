"""Browser tests by keyboard: picker, consent, copying, and the footer of an open app, which keeps the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx2
import pytest
from tests.flows.flow import CHALLENGE, REDIRECT
from tests.flows.test_six_clicks import TIMOTHY, find_frame, shows_its_patient

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from sickbay.testing.server import Live

SCOPE = "launch/patient openid patient/Patient.rs patient/Observation.rs"
CLIENT = "by-keyboard"


@pytest.fixture(scope="module")
def live(small_server: Live) -> dict[str, Any]:
    """Without what other tests have added: the picker must show exactly 20 patients."""
    httpx2.post(f"{small_server.base}/admin/reset", json={"everything": True}, trust_env=False).raise_for_status()
    return small_server.line


@pytest.fixture
def at_picker(live: dict[str, Any], page: Page) -> Page:
    """Open the patient picker of a standalone app, signed in as a clinician."""
    body = {
        "name": "By keyboard",
        "type": "provider",
        "client": "public",
        "client_id": CLIENT,
        "fhir": "r4",
        "redirect_uris": [REDIRECT],
        "scope": SCOPE,
    }
    tenant = live["tenants"]["general"]
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        http.post("/admin/apps", json=body)
    query = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "s" * 32,
        "aud": tenant["fhir"]["r4"],
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "prompt": "consent",
    }
    page.goto(f"{tenant['authorize']}?{urlencode(query)}")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    page.get_by_role("heading", name="Whose record should By keyboard open?").wait_for()
    page.locator("html.js").wait_for()
    return page


def test_typing_filters_the_list_arrows_select_and_enter_opens(at_picker: Page) -> None:
    at_picker.keyboard.type("peters, t")
    assert at_picker.locator("[data-count]").inner_text() == "1"
    at_picker.keyboard.press("Enter")
    at_picker.get_by_role("heading", name="Allow By keyboard to access Timothy Peters’s record?").wait_for()


def test_an_empty_list_says_so_and_enter_opens_nothing(at_picker: Page) -> None:
    none = at_picker.get_by_text("No patient has a name")
    assert not none.is_visible()
    at_picker.keyboard.type("zzz")
    none.wait_for()
    assert at_picker.get_by_role("button", name="Open this record").is_disabled()
    for _ in "zzz":
        at_picker.keyboard.press("Backspace")
    none.wait_for(state="hidden")
    assert at_picker.get_by_role("button", name="Open ").is_enabled()


def test_enter_in_a_consent_checkbox_sends_nothing_and_one_button_unticks_all(at_picker: Page) -> None:
    at_picker.keyboard.type("peters, t")
    at_picker.keyboard.press("Enter")
    allow = at_picker.locator("[data-allow]")
    allow.wait_for()
    at_picker.wait_for_load_state()  # the script of the page handles the key
    at_picker.get_by_role("checkbox").first.focus()
    at_picker.keyboard.press("Enter")
    at_picker.wait_for_timeout(300)
    assert allow.inner_text() == "Allow 4 of 4"
    at_picker.get_by_role("button", name="Clear all").focus()
    at_picker.keyboard.press("Enter")
    assert allow.inner_text() == "Allow 0 of 4"
    at_picker.get_by_role("button", name="Select all").press("Enter")
    assert allow.inner_text() == "Allow 4 of 4"


def test_the_footer_of_an_open_app_keeps_the_focus(live: dict[str, Any], page: Page) -> None:
    page.goto(f"{live['base']}/general/ehr/patients/p-0017?app=sample-app-general")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    app = find_frame(page)
    allow = app.get_by_role("button", name="Allow")
    allow.or_(app.get_by_role("heading", name=TIMOTHY, level=1)).first.wait_for()
    if allow.count():  # the first request of this user asks for consent
        allow.click()
    shows_its_patient(app)
    page.wait_for_timeout(2500)  # the footer has counted all requests
    link = page.get_by_role("link", name="View launch")
    link.focus()
    page.wait_for_timeout(2500)
    assert page.evaluate("document.activeElement.textContent") == "View launch"


def test_if_copying_fails_the_text_is_selected_with_a_message(live: dict[str, Any], page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false"
    )
    page.goto(f"{live['base']}/developer/apps/sample-app-general")
    page.get_by_role("button", name="Copy the Client ID").click()
    page.get_by_text("blocks copying").wait_for()
    assert page.evaluate("getSelection().toString()") == "sample-general"


def test_the_fallback_for_copying_keeps_the_focus(live: dict[str, Any], page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(f"{live['base']}/developer/apps/sample-app-general")
    button = page.get_by_role("button", name="Copy the Client ID")
    button.press("Enter")
    page.get_by_text("Copied the Client ID").wait_for()
    assert page.evaluate("document.activeElement.dataset.copy") == "client-id"
