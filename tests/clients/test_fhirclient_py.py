"""PyPI's fhirclient, unmodified, as a provider app: authorizes, reads and refreshes without a warning."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from tests.clients.client_kit import AdminClient

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser online_access user/Patient.read user/Observation.read"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def client(sickbay: AdminClient, app: dict[str, Any], **settings: Any) -> FHIRClient:
    """Returns a client after the code flow, with an HTTP client in place of a browser that follows one redirect."""
    secret = {"app_secret": app["client_secret"]} if app.get("client_secret") else {}
    smart = FHIRClient(
        {"app_id": app["client_id"], "api_base": sickbay.fhir("r4"), "redirect_uri": HERE, "scope": SCOPE} | secret | settings
    )
    smart.server.session.trust_env = False
    smart.wants_patient = False
    smart.prepare()
    answer = httpx2.get(smart.authorize_url, trust_env=False, follow_redirects=False)
    assert answer.is_redirect, answer.text
    smart.handle_callback(answer.headers["Location"])
    return smart


@pytest.mark.parametrize("kind", ["public", "symmetric"])
def test_a_provider_app_finds_patients_by_name_and_refreshes(sickbay: AdminClient, kind: str) -> None:
    app = sickbay.register(client=kind, redirect_uris=[HERE], scope=SCOPE, smart_version=1, **sickbay.auto_approved())
    smart = client(sickbay, app)
    patients = Patient.where({"family": "Peters"}).perform_resources(smart.server)
    assert patients
    assert all(any((name.family or "").startswith("Peters") for name in patient.name) for patient in patients)
    assert smart.reauthorize()
    assert Patient.read(patients[0].id, smart.server).id == patients[0].id
    assert sickbay.findings_above_info(app) == []


def test_an_app_launched_from_the_chart_gets_its_patient(sickbay: AdminClient) -> None:
    patient = sickbay.patient()
    app = sickbay.register(
        redirect_uris=[HERE],
        launch_uri="http://localhost:8100/launch",
        scope="launch " + SCOPE,
        smart_version=1,
        **sickbay.auto_approved(),
    )
    launch = sickbay.launch(app, patient=patient)
    smart = client(sickbay, app, launch_token=launch["launch"])
    assert smart.patient_id == patient
    assert smart.patient.id == patient
    observations = Observation.where({"patient": patient, "_count": "50"}).perform_resources(smart.server)
    assert {observation.resource_type for observation in observations} == {"Observation"}
    assert sickbay.findings_above_info(app) == []
