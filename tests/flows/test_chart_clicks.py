"""Browser tests: a card and a Task on the chart open the sample app with their context."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.flows.test_six_clicks import TIMOTHY, find_frame, serious_findings

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHART = "/general/ehr/patients/p-0017"


@pytest.fixture
def live(fresh: dict[str, Any]) -> dict[str, Any]:
    return fresh


def test_a_click_on_a_task_opens_the_app_with_its_whole_context(page: Page, live: dict[str, Any]) -> None:
    page.goto(f"{live['base']}{CHART}")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    page.get_by_role("link", name="Open Review the blood pressures since the last visit").click()
    app = find_frame(page)
    app.get_by_role("button", name="Allow").click()
    app.get_by_role("heading", name=TIMOTHY, level=1).wait_for()
    tokens = json.loads(app.locator("section", has_text="Token response").locator("pre").inner_text())
    assert tokens["intent"] == "pressure-review"
    assert json.loads(tokens["appContext"]) == {"do": "pressure-review", "condition": "p-0017-c01"}
    assert tokens["fhirContext"] == [{"reference": "Task/p-0017-t01"}, {"reference": "Condition/p-0017-c01"}]
    assert (tokens["patient"], tokens["encounter"]) == ("p-0017", "p-0017-e22")


def test_a_click_on_the_sample_apps_card_opens_it_with_its_context(page: Page, live: dict[str, Any]) -> None:
    page.goto(f"{live['base']}{CHART}")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    panel = page.get_by_role("region", name="Suggestions")
    panel.get_by_role("link", name="Open it with an appContext").click()
    app = find_frame(page)
    app.get_by_role("button", name="Allow").click()
    app.get_by_role("heading", name=TIMOTHY, level=1).wait_for()
    tokens = app.locator("section", has_text="Token response").inner_text()
    assert r'"appContext": "{\"from\": \"a card\", \"patient\": \"p-0017\"}"' in tokens
    assert panel.get_by_text("open", exact=True).is_visible()
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        assert serious_findings(http.get("/admin/exchanges", params={"app": "sample-general"}).json()) == []
