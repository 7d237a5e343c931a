"""Nothing is wider than the window with 200 apps, names of 300 characters, and the patients of a record that was loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.web.pages.test_accessibility import PAGE_BYTES, TOO_WIDE

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME_CHARACTERS = 300
APPS = 200
UNBROKEN, WORDS = "W" * NAME_CHARACTERS, ("Überlange Bezeichnung " * 20)[:NAME_CHARACTERS]
PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": UNBROKEN, "given": [WORDS]}],
    "identifier": [{"system": "urn:x", "value": "9" * 100}],
    "gender": "unknown",
}
CONDITION = {
    "resourceType": "Condition",
    "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
    "code": {"text": UNBROKEN},
}


@pytest.fixture(scope="module")
def crowded() -> Iterator[dict[str, Any]]:
    """A server with many apps whose names are long, and with one patient whose name is. `paths` has its pages."""
    with serving("--ephemeral", "--patients", "2") as running, httpx2.Client(base_url=running.base, trust_env=False) as http:
        app: dict[str, Any] = {}
        for number in range(APPS):
            name = f"{number} {UNBROKEN if number % 2 else WORDS}"[:NAME_CHARACTERS]
            app = http.post("/admin/apps", json=_settings(name)).raise_for_status().json()
        settings = {"tenant": "general", "app": app["app_id"], "scope": "user/*.cruds"}
        token = http.post("/admin/tokens", json=settings | {"user": "okafor"}).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        patient = http.post("/general/r4/Patient", json=PATIENT, headers=headers).raise_for_status().json()["id"]
        condition = CONDITION | {"subject": {"reference": f"Patient/{patient}"}}
        http.post("/general/r4/Condition", json=condition, headers=headers).raise_for_status()
        launch = http.post("/admin/launches", json={"app": app["app_id"], "patient": patient, "user": "okafor"}).json()
        wrong = {
            "client_id": app["client_id"],
            "launch": launch["launch"],
            "scope": f"launch patient/{UNBROKEN}.rs",
            "aud": UNBROKEN,
        }
        refused = http.get("/general/oauth/authorize", params=wrong).headers["x-correlation-id"]
        chart = f"/general/ehr/patients/{patient}"
        yield running.line | {
            "paths": (
                "/",
                "/developer",
                f"/developer/apps/{app['app_id']}",
                f"/developer/apps/{app['app_id']}/edit",
                f"/developer/apps/{app['app_id']}/settings",
                f"/developer/search?q={UNBROKEN}",
                "/exchanges",
                f"/exchanges/{refused}",
                "/timelines",
                f"/timelines/{launch['timeline']}",
                f"/{UNBROKEN}",
                "/general/ehr",
                "/general/ehr/patients",
                f"/general/ehr/patients?q={UNBROKEN}",
                chart,
                f"{chart}?find={UNBROKEN[:90]}",
                f"{chart}?app={app['app_id']}",
            )
        }


def _settings(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "provider",
        "client": "public",
        "scope": "launch openid user/*.cruds patient/*.rs",
        "launch_uri": f"http://localhost:1/{'l' * 200}",
        "redirect_uris": [f"http://localhost:1/{'r' * 200}"],
    }


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window_or_has_too_many_bytes(page: Page, crowded: dict[str, Any], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{crowded['base']}/general/ehr/sign-in")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    problems = []
    for path in crowded["paths"]:
        response = page.goto(f"{crowded['base']}{path}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            problems += [f"{path[:60]}: {element}" for element in page.evaluate(TOO_WIDE)]
        if response is not None and len(response.body()) > PAGE_BYTES:
            problems.append(f"{path[:60]}: {len(response.body())} bytes")
    assert problems == [], "\n".join(problems)
