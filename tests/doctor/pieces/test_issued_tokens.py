"""What a token allows is proven by the token response in the text, or by the claims of the token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

OPAQUE = "i8hweunweunweofiwweoijewiwe"
RESPONSE: dict[str, Any] = {"access_token": OPAQUE, "token_type": "Bearer", "expires_in": 3600, "patient": "123"}
DENIED = 'HTTP/1.1 403 Forbidden\n\n{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"forbidden"}]}'


def to_jwt(claims: dict[str, Any]) -> str:
    parts = ({"alg": "RS256", "typ": "JWT", "kid": "k"}, claims)
    return ".".join([urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts] + ["c2lnc2lnc2ln"])


def problems(*parts: str) -> list[str]:
    found = diagnose_text("The API refuses it:\n\n" + "\n\n".join(parts))[1].explanation.findings
    return [each.id for each in found if each.severity in ("error", "warning")]


def request(token: str, path: str) -> str:
    return f"GET https://ehr.example.org/fhir/r4/{path} HTTP/1.1\nAuthorization: Bearer {token}\nAccept: application/fhir+json"


REQUESTS = (
    ("patient/Patient.read", "Observation?patient=123&category=laboratory", "fhir-insufficient-scope"),
    ("patient/Patient.r patient/Observation.r", "Observation?patient=123&category=laboratory", "fhir-read-not-search"),
    ("patient/*.read", "Observation?patient=456&category=laboratory", "fhir-wrong-patient"),
    ("patient/*.read", "Patient/456", "fhir-wrong-patient"),
)


@for_each("scope, path, id", REQUESTS)
def test_what_the_token_does_not_allow_comes_first(scope: str, path: str, id: str) -> None:
    response, claims = (
        json.dumps(RESPONSE | {"scope": scope}),
        {"iss": "https://ehr.example.org", "scope": scope, "patient": "123"},
    )
    assert problems(response, request(OPAQUE, path), DENIED)[0] == id
    assert problems(response, request("xxxxxx", path), DENIED)[0] == id
    assert problems(request(to_jwt(claims), path), DENIED)[0] == id
    assert problems(request(to_jwt(claims | {"scope": scope.split()}), path), DENIED)[0] == id


NOTHING_PROVEN: tuple[dict[str, Any], ...] = (
    RESPONSE | {"scope": "patient/*.read", "access_token": "another-token"},
    RESPONSE | {"scope": "openid profile user_impersonation"},
    {"access_token": OPAQUE, "token_type": "Bearer", "expires_in": 3600, "scope": "patient/Patient.read"},
    RESPONSE | {"scope": "patient/*.read"},
)


@for_each("response", NOTHING_PROVEN)
def test_a_token_of_which_the_text_shows_too_little_proves_nothing(response: dict[str, Any]) -> None:
    found = problems(json.dumps(response), request(OPAQUE, "Observation?patient=123&category=laboratory"), DENIED)
    assert not set(found) & {"fhir-insufficient-scope", "fhir-wrong-patient", "fhir-token-unknown", "fhir-token-wrong-audience"}
