"""Replays the forum thread that led to Sickbay: an app is refused, gets an explanation, and finally reads its patients.

A developer asks in a vendor's forum why a provider app gets access_denied. Each request of the thread is sent unchanged except
for hosts and ids: to the standard server, which names every error, and to the dialect, which responds as in the thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx2
import pytest
from tests.flows.flow import VERIFIER

from sickbay.diagnosis.corrections import fill_challenge

HERE = "http://localhost:8100/"
STANDARD_SCOPES = "launch profile openid online_access"
PATIENT_SCOPES = "patient/Observation.read patient/Patient.read"
USER_SCOPES = "user/Appointment.read user/MedicationOrder.read user/Observation.read user/Patient.read"


@dataclass
class App:
    """The app of the thread at one hospital, and its server."""

    http: httpx2.Client
    server: dict[str, Any]
    tenant: str
    app: dict[str, Any]

    @property
    def aud(self) -> str:
        return str(self.server["tenants"][self.tenant]["fhir"]["dstu2"])

    def authorize(self, query: str) -> httpx2.Response:
        """Send the query of the thread, with CLIENT, AUD and HERE replaced."""
        values = {"CLIENT": self.app["client_id"], "AUD": quote(self.aud, safe=""), "HERE": quote(HERE, safe="")}
        query = re.sub(
            "|".join(values), lambda match: values[match[0]], query
        )  # all at once, because an id may contain these letters
        return self.http.get(self.server["tenants"][self.tenant]["authorize"] + "?" + query)

    def launch(self) -> str:
        """A launch code as the chart would create it."""
        patient = self.patients()[0]
        launch = self.http.post(
            "/admin/launches",
            json={
                "tenant": self.tenant,
                "app": self.app["app_id"],
                "patient": patient,
                "user": self.username(),
            },
        )
        assert launch.status_code == 201, launch.text
        return str(launch.json()["launch"])

    def patients(self) -> list[str]:
        token = self.token("user/Patient.read")
        response = self.http.get(self.aud + "/Patient?name=Peters", headers={"Authorization": f"Bearer {token}"})
        return [entry["resource"]["id"] for entry in response.json()["entry"]]

    def token(self, scope: str) -> str:
        body = {"tenant": self.tenant, "app": self.app["app_id"], "scope": scope, "user": self.username()}
        token_response = self.http.post("/admin/tokens", json=body)
        assert token_response.status_code == 201, token_response.text
        return str(token_response.json()["access_token"])

    def username(self) -> str:
        return str(clinician(self.server, self.tenant)["username"])

    def redeem(self, code: str) -> dict[str, Any]:
        answer = self.http.post(
            self.server["tenants"][self.tenant]["token"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": HERE,
                "client_id": self.app["client_id"],
            },
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def findings(self, answer: httpx2.Response) -> dict[str, str]:
        """The findings of the exchange of a response: id -> severity."""
        exchange = self.http.get("/exchanges/" + answer.headers["x-correlation-id"], headers={"Accept": "application/json"})
        return {finding["id"]: finding["severity"] for finding in exchange.json()["findings"]}


def clinician(server: dict[str, Any], tenant: str) -> dict[str, Any]:
    return next(user for user in server["users"] if user["tenant"] == tenant and user["fhirUser"].startswith("Practitioner"))


def register(live: dict[str, Any], tenant: str) -> App:
    http = httpx2.Client(base_url=live["base"], trust_env=False, timeout=30)
    registered = http.post(
        "/admin/apps",
        json={
            "tenant": tenant,
            "name": "Provider app",
            "type": "provider",
            "client": "public",
            "launch_uri": HERE,
            "redirect_uris": [HERE],
            "scope": f"{STANDARD_SCOPES} {PATIENT_SCOPES} {USER_SCOPES} launch/patient",
            "fhir": "dstu2",
            "smart_version": 1,
            "auto_approve": {"user": clinician(live, tenant)["username"]},
        },
    )
    assert registered.status_code == 201, registered.text
    return App(http, live, tenant, registered.json())


@pytest.fixture
def general(live: dict[str, Any]) -> Iterator[App]:
    app = register(live, "general")
    yield app
    app.http.close()


@pytest.fixture
def cerner(live: dict[str, Any]) -> Iterator[App]:
    app = register(live, "cerner")
    yield app
    app.http.close()


def redirect(answer: httpx2.Response) -> dict[str, str]:
    """The parameters that the app receives."""
    assert answer.status_code in (302, 303), answer.text
    assert answer.headers["location"].startswith(HERE)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def with_challenge(corrected: str) -> str:
    """The corrected URL with the challenge of the app's verifier in place of the placeholder."""
    filled = fill_challenge({"url": corrected}, VERIFIER)
    assert filled
    return str(filled["url"])


def urn(received: dict[str, str]) -> str:
    """The vendor's name for the error, from the address of its error page."""
    return unquote(urlsplit(received["error_uri"]).path.split("/errors/")[1].split("/")[0])


FIRST = (
    "response_type=code&client_id=CLIENT&redirect_uri=HERE"
    "&scope=patient%2FPatient.read%20patient%2FObservation.read%20launch%20profile%20openid%20online_access"
)
NO_LAUNCH = "response_type=code&client_id=CLIENT&redirect_uri=HERE&scope=patient%2FPatient.read%20patient%2FObservation.read"
SECOND = (
    "response_type=code&client_id=CLIENT&scope=patient%2FPatient.read%2Cpatient%2FObservation.read%2Claunch"
    "&launch=HERE&aud=AUD%2F&redirect_uri=HERE"
)
THIRD = (
    "response_type=code&client_id=CLIENT&scope=launch%2Fpatient%2Copenid%2Cprofile%2Conline_access"
    "%2Cuser%2FMedicationOrder.read%2Cuser%2FAppointment.read%2Cuser%2FPatient.read%2Cuser%2FObservation.read"
    "&aud=AUD%2F&redirect_uri=HERE"
)
RIGHT = "&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"


class TestTheStandard:
    def test_the_registration_is_accepted_with_a_warning_about_a_shared_url(self, general: App) -> None:
        assert {finding["id"] for finding in general.app["findings"]} >= {"reg-launch-uri-equals-redirect-uri"}

    def test_a_patient_scopes_without_launch_and_aud_name_every_error(self, general: App) -> None:
        answer = general.authorize(FIRST)
        assert redirect(answer)["error"] == "invalid_request"
        assert {name for name, severity in general.findings(answer).items() if severity == "error"} == {
            "state-missing",
            "aud-missing",
            "launch-scope-without-launch-param",
            "scope-patient-without-context",
        }

    def test_a_patient_scopes_without_a_launch_are_denied(self, general: App) -> None:
        answer = general.authorize(NO_LAUNCH + "&aud=AUD" + RIGHT)
        assert redirect(answer)["error"] == "access_denied"
        assert general.findings(answer)["scope-patient-without-context"] == "error"

    def test_b_the_launch_url_sent_as_launch_is_recognised_and_so_are_the_commas(self, general: App) -> None:
        answer = general.authorize(SECOND)
        assert redirect(answer)["error"] == "invalid_request"
        findings = general.findings(answer)
        assert findings["launch-param-is-url"] == findings["scope-comma-separated"] == findings["state-missing"] == "error"
        assert findings["aud-trailing-slash"] == "warning"
        assert "launch-code-unknown" not in findings

    def test_b_with_a_valid_launch_the_corrected_request_works(self, general: App) -> None:
        code = general.launch()
        answer = general.authorize(SECOND)
        address = "/exchanges/" + answer.headers["x-correlation-id"]
        corrected = general.http.get(address, headers={"Accept": "application/json"}).json()["corrected"]["url"]
        assert f"launch={code}" in corrected
        elsewhere = {"Accept": "application/json", "Origin": "https://elsewhere.example"}
        assert code not in general.http.get(address, headers=elsewhere).text
        assert "code" in redirect(general.http.get(with_challenge(corrected)))
        assert code not in general.http.get(address, headers={"Accept": "application/json"}).text

    def test_c_the_launch_scope_without_its_parameter_is_refused(self, general: App) -> None:
        answer = general.authorize(NO_LAUNCH + "%20launch&aud=AUD" + RIGHT)
        assert redirect(answer)["error"] == "invalid_request"
        assert general.findings(answer)["launch-scope-without-launch-param"] == "error"

    def test_d_the_echoed_launch_code_returns_tokens_and_the_patient(self, general: App) -> None:
        answer = general.authorize(NO_LAUNCH + "%20launch&aud=AUD" + RIGHT + "&launch=" + general.launch())
        received = redirect(answer)
        assert received["state"] == "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
        tokens = general.redeem(received["code"])
        patient = general.http.get(
            f"{general.aud}/Patient/{tokens['patient']}", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
        assert patient.json()["id"] == tokens["patient"]

    def test_e_user_scopes_joined_by_commas_are_refused_and_the_corrected_request_is_granted(self, general: App) -> None:
        answer = general.authorize(THIRD)
        assert general.findings(answer)["scope-comma-separated"] == "error"
        exchange = general.http.get("/exchanges/" + answer.headers["x-correlation-id"], headers={"Accept": "application/json"})
        corrected = exchange.json()["corrected"]["url"]
        assert "%2Cuser" not in corrected
        assert "code" in redirect(general.http.get(with_challenge(corrected.replace("launch%2Fpatient%20", ""))))

    def test_f_a_search_of_all_patients_is_refused_and_one_by_name_works(self, general: App) -> None:
        bearer = {"Authorization": "Bearer " + general.token("user/Patient.read")}
        refused = general.http.get(general.aud + "/Patient", headers=bearer)
        assert refused.status_code == 400
        outcome = json.loads(refused.text)
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["issue"][0]["details"]["coding"][0]["code"] == "fhir-search-unbounded"
        assert "Patient?name=" in outcome["issue"][0]["diagnostics"]
        bundle = general.http.get(general.aud + "/Patient?name=Peters", headers=bearer).json()
        names = [name for entry in bundle["entry"] for name in entry["resource"]["name"]]
        assert len(bundle["entry"]) > 1
        assert all(any(part.startswith("Peters") for part in [*name["family"], *name["given"]]) for name in names)


class TestTheDialect:
    def test_a_answers_access_denied_with_missing_patient(self, cerner: App) -> None:
        received = redirect(cerner.authorize(FIRST))
        assert received["error"] == "access_denied"
        assert urn(received) == "urn:cerner:error:authorization-server:oauth2:grant:missing-patient"
        assert "error_description" not in received

    def test_b_answers_invalid_request_with_invalid_launch_code(self, cerner: App) -> None:
        received = redirect(cerner.authorize(SECOND))
        assert received["error"] == "invalid_request"
        assert urn(received) == "urn:cerner:error:authorization-server:smart-v1:grant:launch:invalid-launch-code"

    def test_the_error_uri_responds_and_explains(self, cerner: App) -> None:
        answer = cerner.authorize(SECOND)
        page = cerner.http.get(redirect(answer)["error_uri"], headers={"Accept": "application/json"})
        assert page.status_code == 200
        assert page.json()["id"] == answer.headers["x-correlation-id"]
        assert {finding["id"] for finding in page.json()["findings"]} >= {"launch-param-is-url"}

    def test_c_answers_missing_patient_as_long_as_patient_scopes_are_requested(self, cerner: App) -> None:
        received = redirect(cerner.authorize(NO_LAUNCH + "%20launch&aud=AUD"))
        assert urn(received).endswith("oauth2:grant:missing-patient")

    def test_d_the_echoed_launch_code_returns_tokens_and_commas_and_slash_are_tolerated(self, cerner: App) -> None:
        answer = cerner.authorize(SECOND.replace("&launch=HERE", "&launch=" + cerner.launch()))
        tokens = cerner.redeem(redirect(answer)["code"])
        assert tokens["expires_in"] == 570
        assert tokens["patient"]

    def test_e_user_scopes_joined_by_commas_are_granted(self, cerner: App) -> None:
        received = redirect(cerner.authorize(THIRD))
        tokens = cerner.redeem(received["code"])
        assert set(USER_SCOPES.split()) <= set(tokens["scope"].split())
        assert tokens["id_token"]
        assert tokens["refresh_token"]

    def test_f_a_search_for_peters_returns_the_patients(self, cerner: App) -> None:
        assert len(cerner.patients()) > 1
