"""SMART's JavaScript client, unmodified, in a real browser: launched, reading, refreshing, without a warning."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.client_kit import TENANT, Desk
from tests.clients.conftest import Origin

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

CONTEXT = "launch openid fhirUser online_access "
SCOPES = {
    "r4": CONTEXT + "patient/Patient.rs patient/Observation.rs",
    "dstu2": "launch openid profile online_access patient/Patient.read patient/Observation.read",
}


def registered(desk: Desk, origin: Origin, version: str, host: str = "localhost", **fields: Any) -> dict[str, Any]:
    """The app, whose page is told what it needs to know."""
    client_id = str(uuid.uuid4())
    page = origin.address(client_id, "index.html", host)
    scope = fields.pop("scope", SCOPES[version])
    origin.configs[client_id] = {
        "clientId": client_id,
        "scope": scope,
        "redirectUri": page,
        "completeInTarget": True,
        **fields.pop("config", {}),
    }
    return desk.register(
        client_id=client_id,
        fhir=version,
        scope=scope,
        smart_version=1 if version == "dstu2" else 2,
        redirect_uris=[page],
        launch_uri=origin.address(client_id, "launch.html", host),
        **fields,
    )


def told(page: Page | Frame) -> dict[str, Any]:
    """What the app read; its words where it failed."""
    page.wait_for_selector("html[data-done]", state="attached")
    assert page.title() == "done", page.inner_text("body")
    return dict(json.loads(page.inner_text("#told")))


def signed_in(page: Page, desk: Desk, app: dict[str, Any], patient: str) -> None:
    """The clinician at the patient's chart, where the app has just been opened in a frame."""
    home = desk.line["tenants"][TENANT]["ehr"]
    page.goto(home)
    page.locator(f"button[name=account][value={desk.clinician['username']}]").click()
    page.goto(f"{home}/patients/{patient}")
    page.get_by_role("link", name=app["name"]).click()


def allowed(page: Page | Frame) -> None:
    """The scopes are on the page; the clinician consents."""
    page.get_by_role("button", name="Allow").click()


def is_complete(read: dict[str, Any], patient: str) -> bool:
    return (
        read["patient"] == read["again"] == patient
        and set(read["observations"]) == {"Observation"}
        and "Practitioner/" in read["user"]
        and bool(read["refreshed"])
    )


@pytest.mark.parametrize("version", ["r4", "dstu2"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_launched_by_its_url_it_reads_its_patient(desk: Desk, origin: Origin, page: Page, version: str, host: str) -> None:
    app = registered(desk, origin, version, host, **desk.approved())
    patient = desk.patient()
    page.goto(desk.launch(app, patient=patient)["url"])
    read = told(page)
    assert is_complete(read, patient)
    assert not read["framed"]
    assert desk.loud(app) == []


@pytest.mark.parametrize("version", ["r4", "dstu2"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_opened_from_the_chart_in_a_frame_it_reads_its_patient(
    desk: Desk, origin: Origin, page: Page, version: str, host: str
) -> None:
    app, patient = registered(desk, origin, version, host), desk.patient()
    signed_in(page, desk, app, patient)
    frame = page.wait_for_selector("iframe.app").content_frame()
    assert frame
    allowed(frame)
    read = told(frame)
    assert is_complete(read, patient)
    assert read["framed"]
    assert desk.loud(app) == []


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_opened_from_the_chart_in_a_tab_it_reads_its_patient(desk: Desk, origin: Origin, page: Page, version: str) -> None:
    app, patient = registered(desk, origin, version, "127.0.0.1"), desk.patient()
    signed_in(page, desk, app, patient)
    with page.expect_popup() as popup:
        page.get_by_role("link", name="In a tab").click()
    allowed(popup.value)
    read = told(popup.value)
    assert is_complete(read, patient)
    assert not read["framed"]
    assert desk.loud(app) == []


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_standalone_it_reads_the_patient_that_was_picked(desk: Desk, origin: Origin, page: Page, version: str) -> None:
    patient = desk.patient()
    scope = SCOPES[version].replace("launch ", "launch/patient ")
    app = registered(desk, origin, version, scope=scope, config={"iss": desk.fhir(version)}, **desk.approved(patient=patient))
    page.goto(origin.address(app["client_id"], "launch.html"))
    assert is_complete(told(page), patient)
    assert desk.loud(app) == []


def test_asked_under_another_loopback_name_it_is_served_with_advice(desk: Desk, origin: Origin, page: Page) -> None:
    patient = desk.patient()
    other = {"iss": desk.fhir("r4", "127.0.0.1")}
    scope = SCOPES["r4"].replace("launch ", "launch/patient ")
    app = registered(desk, origin, "r4", scope=scope, config=other, **desk.approved(patient=patient))
    page.goto(origin.address(app["client_id"], "launch.html"))
    assert is_complete(told(page), patient)
    assert {id for _, id in desk.loud(app)} == {"aud-loopback-alias"}


def test_the_launch_link_of_the_ehr_opens_it_too(desk: Desk, origin: Origin, page: Page) -> None:
    app = registered(desk, origin, "r4", **desk.approved())
    patient, user = desk.patient(), desk.clinician["username"]
    page.goto(f"{desk.line['base']}/{TENANT}/ehr/launch?app={app['app_id']}&patient={patient}&user={user}")
    assert is_complete(told(page), patient)
    assert desk.loud(app) == []
