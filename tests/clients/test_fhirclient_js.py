"""SMART's JavaScript client, unmodified, in a real browser: launches, reads and refreshes without a warning."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.client_kit import TENANT, AdminClient
from tests.clients.conftest import Origin
from tests.laws import pairs

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

CONTEXT = "launch openid fhirUser online_access "
SCOPES = {
    "r4": CONTEXT + "patient/Patient.rs patient/Observation.rs",
    "dstu2": "launch openid profile online_access patient/Patient.read patient/Observation.read",
}


def register(sickbay: AdminClient, origin: Origin, version: str, host: str = "localhost", **fields: Any) -> dict[str, Any]:
    """Registers an app and provides the configuration for its page."""
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
    return sickbay.register(
        client_id=client_id,
        fhir=version,
        scope=scope,
        smart_version=1 if version == "dstu2" else 2,
        redirect_uris=[page],
        launch_uri=origin.address(client_id, "launch.html", host),
        **fields,
    )


def app_result(page: Page | Frame) -> dict[str, Any]:
    """Returns what the app read; fails with the app's message if it failed."""
    page.wait_for_selector("html[data-done]", state="attached")
    assert page.title() == "done", page.inner_text("body")
    return dict(json.loads(page.inner_text("#result")))


def open_in_chart(page: Page, sickbay: AdminClient, app: dict[str, Any], patient: str) -> None:
    """Signs the clinician in and opens the app in a frame of the patient's chart.

    By its address, because the chart shows only a few of the apps that other tests have registered.
    """
    home = sickbay.line["tenants"][TENANT]["ehr"]
    page.goto(home)
    page.locator(f"button[name=account][value={sickbay.clinician['username']}]").click()
    page.goto(f"{home}/patients/{patient}?app={app['app_id']}")


def allow(page: Page | Frame) -> None:
    """Consents to the scopes on the page as the clinician."""
    page.get_by_role("button", name="Allow").click()


def is_complete(read: dict[str, Any], patient: str) -> bool:
    return (
        read["patient"] == read["again"] == patient
        and set(read["observations"]) == {"Observation"}
        and "Practitioner/" in read["user"]
        and bool(read["refreshed"])
    )


@pytest.mark.parametrize(("version", "host"), pairs(["r4", "dstu2"], ["127.0.0.1", "localhost"]))
def test_an_app_launched_by_url_reads_its_patient(
    sickbay: AdminClient, origin: Origin, page: Page, version: str, host: str
) -> None:
    app = register(sickbay, origin, version, host, **sickbay.auto_approved())
    patient = sickbay.patient()
    page.goto(sickbay.launch(app, patient=patient)["url"])
    read = app_result(page)
    assert is_complete(read, patient)
    assert not read["framed"]
    assert sickbay.findings_above_info(app) == []


@pytest.mark.parametrize(("version", "host"), pairs(["r4", "dstu2"], ["localhost", "127.0.0.1"]))
def test_an_app_opened_in_a_frame_of_the_chart_reads_its_patient(
    sickbay: AdminClient, origin: Origin, page: Page, version: str, host: str
) -> None:
    app, patient = register(sickbay, origin, version, host), sickbay.patient()
    open_in_chart(page, sickbay, app, patient)
    frame = page.locator("iframe.app").element_handle().content_frame()
    assert frame
    allow(frame)
    read = app_result(frame)
    assert is_complete(read, patient)
    assert read["framed"]
    assert sickbay.findings_above_info(app) == []


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_an_app_opened_from_the_chart_in_a_tab_reads_its_patient(
    sickbay: AdminClient, origin: Origin, page: Page, version: str
) -> None:
    app, patient = register(sickbay, origin, version, "127.0.0.1"), sickbay.patient()
    open_in_chart(page, sickbay, app, patient)
    with page.expect_popup() as popup:
        page.get_by_role("link", name="In a tab").click()
    allow(popup.value)
    read = app_result(popup.value)
    assert is_complete(read, patient)
    assert not read["framed"]
    assert sickbay.findings_above_info(app) == []


@pytest.mark.parametrize("version", ["r4", "dstu2"])
def test_a_standalone_app_reads_the_picked_patient(sickbay: AdminClient, origin: Origin, page: Page, version: str) -> None:
    patient = sickbay.patient()
    scope = SCOPES[version].replace("launch ", "launch/patient ")
    app = register(
        sickbay, origin, version, scope=scope, config={"iss": sickbay.fhir(version)}, **sickbay.auto_approved(patient=patient)
    )
    page.goto(origin.address(app["client_id"], "launch.html"))
    assert is_complete(app_result(page), patient)
    assert sickbay.findings_above_info(app) == []


def test_a_base_url_with_the_other_loopback_name_works_with_a_warning(sickbay: AdminClient, origin: Origin, page: Page) -> None:
    patient = sickbay.patient()
    other = {"iss": sickbay.fhir("r4", "127.0.0.1")}
    scope = SCOPES["r4"].replace("launch ", "launch/patient ")
    app = register(sickbay, origin, "r4", scope=scope, config=other, **sickbay.auto_approved(patient=patient))
    page.goto(origin.address(app["client_id"], "launch.html"))
    assert is_complete(app_result(page), patient)
    assert {id for _, id in sickbay.findings_above_info(app)} == {"aud-loopback-alias"}


def test_the_launch_link_of_the_ehr_opens_the_app(sickbay: AdminClient, origin: Origin, page: Page) -> None:
    app = register(sickbay, origin, "r4", **sickbay.auto_approved())
    patient, user = sickbay.patient(), sickbay.clinician["username"]
    page.goto(f"{sickbay.line['base']}/{TENANT}/ehr/launch?app={app['app_id']}&patient={patient}&user={user}")
    assert is_complete(app_result(page), patient)
    assert sickbay.findings_above_info(app) == []
