"""PyPI's fhirclient, unmodified, as a provider app: authorized, reading, refreshing, without a warning."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from tests.clients.client_kit import Desk

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser online_access user/Patient.read user/Observation.read"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def client(desk: Desk, app: dict[str, Any], **settings: Any) -> FHIRClient:
    """Prepared, and brought back from authorize by a browser that only follows one redirect."""
    secret = {"app_secret": app["client_secret"]} if app.get("client_secret") else {}
    smart = FHIRClient(
        {"app_id": app["client_id"], "api_base": desk.fhir("r4"), "redirect_uri": HERE, "scope": SCOPE} | secret | settings
    )
    smart.server.session.trust_env = False
    smart.wants_patient = False
    smart.prepare()
    answer = httpx2.get(smart.authorize_url, trust_env=False, follow_redirects=False)
    assert answer.is_redirect, answer.text
    smart.handle_callback(answer.headers["Location"])
    return smart


@pytest.mark.parametrize("kind", ["public", "symmetric"])
def test_a_provider_app_finds_patients_by_name_and_refreshes(desk: Desk, kind: str) -> None:
    app = desk.register(client=kind, redirect_uris=[HERE], scope=SCOPE, smart_version=1, **desk.approved())
    smart = client(desk, app)
    found = Patient.where({"family": "Peters"}).perform_resources(smart.server)
    assert found
    assert all(any((name.family or "").startswith("Peters") for name in one.name) for one in found)
    assert smart.reauthorize()
    assert Patient.read(found[0].id, smart.server).id == found[0].id
    assert desk.loud(app) == []


def test_launched_from_the_chart_it_knows_its_patient(desk: Desk) -> None:
    patient = desk.patient()
    app = desk.register(
        redirect_uris=[HERE],
        launch_uri="http://localhost:8100/launch",
        scope="launch " + SCOPE,
        smart_version=1,
        **desk.approved(),
    )
    launch = desk.launch(app, patient=patient)
    smart = client(desk, app, launch_token=launch["launch"])
    assert smart.patient_id == patient
    assert smart.patient.id == patient
    observations = Observation.where({"patient": patient, "_count": "50"}).perform_resources(smart.server)
    assert {one.resource_type for one in observations} == {"Observation"}
    assert desk.loud(app) == []
