"""Nothing is wider than the window with 200 apps, names of 300 characters, and the patients of a record that was loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import httpx2
import pytest
from tests.flows.flow import CHALLENGE
from tests.web.pages.test_accessibility import PAGE_BYTES, TOO_WIDE

from sickbay.testing.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME_CHARACTERS = 300
APPS = 200
UNBROKEN, WORDS = "W" * NAME_CHARACTERS, ("Überlange Bezeichnung " * 20)[:NAME_CHARACTERS]
UNKNOWN, IN_FRAME = f"/{UNBROKEN}", "&framed=1"
"""A page that doesn't exist, and the end of the address of the chart's frame, where nothing answers at the launch URI."""
PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": UNBROKEN, "given": [WORDS]}],
    "identifier": [{"system": "urn:x", "value": "9" * 100}],
    "gender": "unknown",
}
HOSPITAL = f'name = "riverside"\ntitle = "{WORDS[:200].strip()}"\nlike = "epic"\nfhir = ["r4"]\n'
BACKTICKS = """() => [...document.querySelectorAll("body *")]
  .filter(element => !element.closest("textarea, pre, code, script"))
  .flatMap(element => [...element.childNodes])
  .filter(node => node.nodeType === Node.TEXT_NODE && node.data.includes("`"))
  .map(node => node.data.slice(0, 160))"""
CONDITION = {
    "resourceType": "Condition",
    "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
    "code": {"text": UNBROKEN},
}


class Crowd(NamedTuple):
    """An app and a patient whose names are long. refused: an exchange. launch, other: timelines of the app."""

    app: dict[str, Any]
    patient: str
    refused: str
    launch: str
    other: str


@pytest.fixture(scope="module")
def crowded() -> Iterator[dict[str, Any]]:
    """A server with many apps whose names are long, and with one patient whose name is. `paths` has its pages."""
    with serving("--ephemeral", "--patients", "2") as running, httpx2.Client(base_url=running.base, trust_env=False) as http:
        crowd = add_records(http)
        add_settings(http, crowd.app["app_id"])
        yield running.line | {"paths": (*list_paths(crowd), *list_patient_paths(crowd, running.base))}


def add_records(http: httpx2.Client) -> Crowd:
    app: dict[str, Any] = {}
    for number in range(APPS):
        name = f"{number} {UNBROKEN if number % 2 else WORDS}"[:NAME_CHARACTERS]
        app = http.post("/admin/apps", json=_settings(name)).raise_for_status().json()
    settings = {"tenant": "general", "app": app["app_id"], "scope": "user/*.cruds", "user": "okafor"}
    token = http.post("/admin/tokens", json=settings).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    patient = http.post("/general/r4/Patient", json=PATIENT, headers=headers).raise_for_status().json()["id"]
    condition = CONDITION | {"subject": {"reference": f"Patient/{patient}"}}
    http.post("/general/r4/Condition", json=condition, headers=headers).raise_for_status()
    asked = {"app": app["app_id"], "patient": patient, "user": "okafor"}
    launch, other = (http.post("/admin/launches", json=asked).raise_for_status().json() for _ in range(2))
    wrong = {
        "client_id": app["client_id"],
        "launch": launch["launch"],
        "scope": f"launch patient/{UNBROKEN}.rs",
        "aud": UNBROKEN,
    }
    refused = http.get("/general/oauth/authorize", params=wrong).headers["x-correlation-id"]
    return Crowd(app, patient, refused, launch["timeline"], other["timeline"])


def add_settings(http: httpx2.Client, app_id: str) -> None:
    http.post("/admin/faults", json={"kind": "delay", "seconds": 0.01, "app": app_id}).raise_for_status()
    http.post("/admin/resources", json={"url": f"http://localhost:1/{'m' * 200}", "name": UNBROKEN[:200]}).raise_for_status()
    http.post("/admin/snapshots", json={"name": "s" * 64}).raise_for_status()
    http.post("/admin/hospitals", content=HOSPITAL, headers={"Content-Type": "application/toml"}).raise_for_status()


def list_paths(crowd: Crowd) -> tuple[str, ...]:
    """The pages for developers."""
    app = f"/developer/apps/{crowd.app['app_id']}"
    explorer = "/developer/explorer/general/r4/user:okafor"
    return (
        "/",
        "/developer",
        app,
        f"{app}/edit",
        f"{app}/settings",
        f"/developer/search?q={UNBROKEN}",
        "/exchanges",
        f"/exchanges/{crowd.refused}",
        f"/exchanges/{crowd.refused}/resend",
        f"/exchanges?q={UNBROKEN}",
        "/timelines",
        f"/timelines/{crowd.launch}",
        f"/timelines/{crowd.launch}/compare?with={crowd.other}",
        UNKNOWN,
        f"/rules?q={UNBROKEN}",
        f"/docs/search.html?q={UNBROKEN}",
        "/developer/time",
        "/developer/hospitals",
        "/developer/hospitals/riverside",
        "/developer/hospitals/general/resources",
        explorer,
        f"{explorer}/Patient?name={UNBROKEN}",
        f"{explorer}/Patient/{crowd.patient}",
        f"{explorer}/Patient/{crowd.patient}?_format=json",
        f"{explorer}/Patient/{crowd.patient}/_history",
        f"{explorer}/Condition?subject=Patient/{crowd.patient}",
    )


def list_patient_paths(crowd: Crowd, base: str) -> tuple[str, ...]:
    """The pages of hospitals: the EHR, consent, and the choice of a patient."""
    app, chart = crowd.app, f"/general/ehr/patients/{crowd.patient}"
    asked = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": app["redirect_uris"][0],
        "aud": f"{base}/general/r4",
        "state": "s" * 32,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return (
        "/riverside/ehr/sign-in",
        f"/general/oauth/authorize?{urlencode(asked | {'scope': 'openid user/*.cruds'})}",
        f"/general/oauth/authorize?{urlencode(asked | {'scope': 'launch/patient patient/*.rs'})}",
        "/general/oauth/manage",
        f"/general/ehr/open?app={app['app_id']}&patient={crowd.patient}{IN_FRAME}",
        "/general/ehr",
        "/general/ehr/patients",
        f"/general/ehr/patients?q={UNBROKEN}",
        chart,
        f"{chart}?find={UNBROKEN[:90]}",
        f"{chart}?app={app['app_id']}",
    )


def _settings(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "provider",
        "client": "public",
        "scope": "launch launch/patient openid user/*.cruds patient/*.rs",
        "launch_uri": f"http://localhost:1/{'l' * 200}",
        "redirect_uris": [f"http://localhost:1/{'r' * 200}"],
    }


def test_no_page_is_wider_than_the_window_or_has_too_many_bytes(page: Page, crowded: dict[str, Any]) -> None:
    """Nor does one show the backticks of a text of ours, which `with_code` makes code of."""
    page.goto(f"{crowded['base']}/general/ehr/sign-in")
    page.get_by_role("button", name="Dr. Amara Okafor").click()
    problems = []
    for path in crowded["paths"]:
        page.set_viewport_size({"width": 1280, "height": 900})
        response = page.goto(f"{crowded['base']}{path}")
        assert response is not None
        assert response.status == (404 if path == UNKNOWN else 502 if path.endswith(IN_FRAME) else 200), path
        if len(response.body()) > PAGE_BYTES:
            problems.append(f"{path[:60]}: {len(response.body())} bytes")
        problems += [f"{path[:60]}: {text}" for text in page.evaluate(BACKTICKS)]
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                problems += [f"{path[:60]}, {width} px: {element}" for element in page.evaluate(TOO_WIDE)]
    assert problems == [], "\n".join(problems)
