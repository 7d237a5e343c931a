"""Launches the starter app in plain JavaScript standalone. The tutorial's test launches it from the chart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.origins import serves
from tests.docs.code_blocks import ROOT

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

EXAMPLE = ROOT / "examples" / "plain-javascript"
SCOPE = "launch launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs"


@pytest.fixture(scope="module")
def sickbay() -> Iterator[AdminClient]:
    with serving("--ephemeral", "--patients", "17") as live:
        yield AdminClient(live.line)


@pytest.fixture(scope="module")
def app(sickbay: AdminClient) -> Iterator[str]:
    """The app's base URL. It is registered as my-app, and its server is this Sickbay."""
    port = sickbay.line["base"].rpartition(":")[2]

    def answer(path: str) -> tuple[str, bytes] | None:
        file = EXAMPLE / path.partition("?")[0].lstrip("/")
        return ("text/html", file.read_text().replace("7425", port).encode()) if file.is_file() else None

    with serves(answer) as web:
        base = f"http://localhost:{web}"
        sickbay.register(client_id="my-app", redirect_uris=[f"{base}/index.html"], scope=SCOPE)
        yield base


def test_a_standalone_launch_asks_for_a_patient_and_shows_that_patient(sickbay: AdminClient, app: str, page: Page) -> None:
    page.goto(f"{app}/launch.html")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    page.get_by_role("radio", name="Peters, Timothy").check()
    page.get_by_role("button", name="Open Timothy Peters").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("heading", name="Timothy Peters").wait_for()
    assert sickbay.findings_above_info({"client_id": "my-app"}) == []


def test_a_page_without_a_response_says_how_to_start(app: str, page: Page) -> None:
    page.goto(f"{app}/index.html")
    page.get_by_role("heading", name="Open this app from a chart").wait_for()
