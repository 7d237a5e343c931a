"""What a pasted request doesn't say is inferred from it, and each inference says from what."""

from __future__ import annotations

from typing import Any

import pytest
from tests.one_key import rsa_key

from sickbay.authorization import requests
from sickbay.authorization.models import Server
from sickbay.authorization.requests import authorize_request
from sickbay.diagnosis.evidence import access, inference
from sickbay.doctor.diagnose import diagnose
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol import jose

TOKEN = "https://idp.example.org/token"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEY = rsa_key()
IDP = "https://idp.example.org/authorize?response_type=code&client_id=a"


@pytest.mark.parametrize(
    ("url", "smart"),
    [
        (f"{IDP}&scope=openid%20profile%20email", False),
        (f"{IDP}&scope=User.Read%20user:email%20user.read", False),
        (f"{IDP}&scope=launcher", False),
        (f"{IDP}&audience=https%3A%2F%2Fapi.example.org", False),
        (f"{IDP}&scope=openid%20launch%2Fpatient", True),
        (f"{IDP}&scope=openid,launch", True),
        (f"{IDP}&scope=patient.Observation.read", True),
        (f"{IDP}&scope=user%2FPatient.rs", True),
        (f"{IDP}&scope=openid%20fhirUser", True),
        (f"{IDP}&scope=http%3A%2F%2Fsmarthealthit.org%2Ffhir%2Fscopes%2Fpatient%2FPatient.read", True),
        (f"{IDP}&scope=openid&aud=", True),
        (f"{IDP}&scope=openid&launch=x", True),
        ("https://ehr.example.org/fhir/authorize?response_type=code", True),
        ("https://fhir.epic.com/interconnect-fhir-oauth/oauth2/authorize?response_type=code", True),
    ],
)
def test_a_request_is_of_smart_if_it_asks_for_something_of_smart(url: str, smart: bool) -> None:
    assert inference.is_smart({}, authorize_request(url)) is smart


def test_the_context_decides_first() -> None:
    plain = authorize_request(f"{IDP}&scope=openid")
    assert inference.is_smart({"server": {}}, plain)
    assert inference.is_smart({"smart": True}, plain)
    assert not inference.is_smart({"server": {}, "smart": False}, plain)


def token_request(body: str) -> Any:
    return requests.token_request("POST", "https://idp.example.org/token", {}, body)


def test_an_assertion_with_an_algorithm_of_smart_makes_a_token_request_smart() -> None:
    header = "eyJhbGciOiJFUzM4NCJ9"
    assert inference.is_smart({}, token_request(f"grant_type=client_credentials&client_assertion={header}.e30.x"))
    assert not inference.is_smart({}, token_request(f"client_assertion={jose.sign({}, KEY)}"))
    assert not inference.is_smart({}, token_request("grant_type=client_credentials&client_assertion=x"))


DATE = {"Date": "Mon, 24 Nov 2025 16:00:00 GMT"}


@pytest.mark.parametrize(
    ("context", "claims", "headers", "now", "guessed"),
    [
        ({"now": 5}, {"iat": 7}, DATE, 5, False),
        ({}, {"iat": 7}, DATE, 1_764_000_000, False),
        ({}, {"iat": 7}, {"date": "soon"}, 7, True),
        ({}, {"iat": 7}, {"Accept": "x"}, 7, True),
        ({}, {"iat": 7.5}, None, 7, True),
        ({}, {"iat": 1_764_000_000_000}, None, 1_764_000_000, True),
        ({}, {"iat": True}, None, UNKNOWN, False),
        ({}, {"iat": "7"}, None, UNKNOWN, False),
        ({}, {}, None, UNKNOWN, False),
        ({}, None, None, UNKNOWN, False),
    ],
)
def test_the_time_is_that_of_the_context_or_of_a_date_header_or_of_a_jwt(
    context: dict[str, int], claims: dict[str, Any], headers: dict[str, str], now: int, guessed: bool
) -> None:
    time = inference.time_of(context, claims, headers)
    assert time.now == now
    assert bool(time.guesses) is guessed


def test_the_address_of_a_signed_request_is_taken_for_the_token_endpoint() -> None:
    signed, plain = token_request("client_assertion=x"), token_request("client_secret=x")
    server, guesses = inference.infer_token_server({}, signed, smart=True)
    assert isinstance(server, Server)
    assert server.token_endpoint == "https://idp.example.org/token"
    assert dict(guesses).keys() == {"server"}
    assert inference.infer_token_server({}, signed, smart=False) == (UNKNOWN, ())
    assert inference.infer_token_server({}, plain, smart=True) == (UNKNOWN, ())
    known, guesses = inference.infer_token_server({"server": {"token_endpoint": "https://a"}}, signed, smart=True)
    assert isinstance(known, Server)
    assert known.token_endpoint == "https://a"
    assert not guesses


@pytest.mark.parametrize(("context", "severity"), [({}, "info"), ({"server": {"token_endpoint": TOKEN}}, "error")])
def test_a_scope_is_only_required_by_a_server_that_is_known(context: dict[str, Any], severity: str) -> None:
    body = "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    sent = {"kind": "token_request", "method": "POST", "url": TOKEN, "headers": FORM, "body": f"{body}&client_assertion=a.b.c"}
    found = diagnose(sent | {"context": {"smart": True, **context}}).explanation.findings
    assert [finding.severity for finding in found if finding.id == "backend-scope-missing"] == [severity]


@pytest.mark.parametrize("name", ["everything", "lastn", "validate", "export", "unknown"])
def test_an_operation_may_be_encoded(name: str) -> None:
    plain, encoded = (
        access.read_request({"url": f"https://ehr.example.org/fhir/r4/Patient/1/{sign}{name}"}) for sign in ("$", "%24")
    )
    assert (encoded.interaction, encoded.id, encoded.path) == (plain.interaction, plain.id, plain.path)


@pytest.mark.parametrize(
    ("url", "base", "version"),
    [
        ("https://ehr.example.org/fhir/r4/Patient/r5", "https://ehr.example.org/fhir/r4", "r4"),
        ("https://ehr.example.org/fhir/Patient?x=1", "https://ehr.example.org/fhir", "r4"),
        ("https://ehr.example.org/fhir/MedicationOrder?x=1", "https://ehr.example.org/fhir", "dstu2"),
        ("https://ehr.example.org/app", "", ""),
    ],
)
def test_the_place_of_a_fhir_request_is_read_from_its_url(url: str, base: str, version: str) -> None:
    place = inference.place_of(url)
    assert (place.base, place.version) == (base, version)
    assert bool(place.guesses) is bool(base)
