"""A client assertion that was pasted decoded, as its header and claims."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sickbay.diagnosis.pasted_text import diagnose_text

TOKEN = "https://ehr.example.org/oauth2/token"
HEADER = {"alg": "RS384", "typ": "JWT", "kid": "k1"}
CLAIMS = {"iss": "app-1", "sub": "app-1", "aud": TOKEN, "jti": "f9eaafba-2e49-11ea", "iat": 1583525102, "exp": 1583525402}
ERROR = '{"error": "invalid_client", "error_description": null}'


def ids(header: dict[str, Any], claims: dict[str, Any], rest: str = "") -> list[str]:
    text = f"My JWT:\n\nheader: {json.dumps(header)}\npayload: {json.dumps(claims, indent=2)}\n\n{rest}{ERROR}"
    return [finding.id for finding in diagnose_text(text)[1].explanation.findings if finding.severity != "info"]


@pytest.mark.parametrize(
    ("header", "claims", "id"),
    [
        ({"kid": None}, {}, "assertion-kid-missing"),
        ({"alg": "HS256"}, {}, "assertion-alg-unsupported"),
        ({}, {"sub": "app-2"}, "assertion-iss-sub-mismatch"),
        ({}, {"exp": 1583525102 + 3600}, "assertion-exp-too-long"),
        ({}, {"jti": None}, "assertion-jti-missing"),
    ],
)
def test_its_faults_are_found(header: dict[str, Any], claims: dict[str, Any], id: str) -> None:
    sent = {name: value for name, value in (HEADER | header).items() if value is not None}
    claimed = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    assert id in ids(sent, claimed)


def test_a_correct_one_has_no_fault() -> None:
    assert [id for id in ids(HEADER, CLAIMS) if id.startswith("assertion-")] == []


def test_its_audience_is_compared_with_the_token_endpoint_in_the_text() -> None:
    assert "assertion-aud-wrong" in ids(HEADER, CLAIMS | {"aud": "https://ehr.example.org/fhir"}, f"POST {TOKEN}\n\n")


def test_a_key_is_not_a_header() -> None:
    key = {"kty": "RSA", "alg": "RS384", "kid": "k1", "n": "0vx7agoebGcQ", "e": "AQAB"}
    assert [id for id in ids(key, CLAIMS) if id.startswith("assertion-")] == []
