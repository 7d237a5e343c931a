"""A client assertion that was pasted alone is examined with the rules that would refuse it inside a request."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from itertools import product
from typing import Any
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples, for_each

from sickbay.doctor.pieces.structured import kind_of_token
from sickbay.doctor.text import diagnose_text

TOKEN_URL = "https://ehr.example.org/token"
HEADER = {"alg": "RS384", "typ": "JWT", "kid": "key-1"}
CLAIMS = {
    "iss": "my-backend",
    "sub": "my-backend",
    "aud": TOKEN_URL,
    "iat": 1_700_000_000,
    "exp": 1_700_000_240,
    "jti": "a1b2c3d4",
}
FAULTS: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"alg": "RS256"}, {}, "assertion-alg-unsupported"),
    ({"alg": "HS256"}, {}, "assertion-alg-unsupported"),
    ({"alg": "none"}, {}, "assertion-alg-unsupported"),
    ({"kid": None}, {}, "assertion-kid-missing"),
    ({}, {"exp": 1_700_010_000}, "assertion-exp-too-long"),
    ({}, {"sub": "someone"}, "assertion-iss-sub-mismatch"),
    ({}, {"jti": None}, "assertion-jti-missing"),
)


def change(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def encode(members: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def texts(header: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, str]:
    """The ways in which people paste a token."""
    return {
        "encoded": f"{encode(header)}.{encode(claims)}.c2lnbmF0dXJl",
        "decoded": f"{json.dumps(header, indent=2)}\n{json.dumps(claims, indent=2)}",
        "in prose": f"My header is {json.dumps(header)} and the payload {json.dumps(claims)} but I get 400.",
        "one object": json.dumps({"header": header, "payload": claims}),
    }


def request(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": texts(header, claims)["encoded"],
    }
    return f"curl -X POST {TOKEN_URL} -d '{urlencode(form)}'"


def find(text: str) -> set[str]:
    findings = diagnose_text(text)[1].explanation.findings
    return {finding.id for finding in findings if finding.id.startswith("assertion-") and finding.severity != "info"}


@for_each("fault, form", product(FAULTS, ("encoded", "decoded", "in prose", "one object")))
def test_a_fault_is_found_without_the_request(fault: tuple[dict[str, Any], dict[str, Any], str], form: str) -> None:
    header, claims, rule = fault
    assert rule in find(texts(change(HEADER, header), change(CLAIMS, claims))[form])


@settings(max_examples=examples(100, 12), deadline=None)
@given(st.sets(st.sampled_from(range(len(FAULTS)))))
def test_alone_and_in_a_request_the_same_rules_refuse(chosen: set[int]) -> None:
    header: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    for number in sorted(chosen):
        header |= FAULTS[number][0]
        claims |= FAULTS[number][1]
    sent = change(HEADER, header), change(CLAIMS, claims)
    expected = find(request(*sent))
    assert expected == {FAULTS[number][2] for number in chosen}
    assert {form: find(text) for form, text in texts(*sent).items()} == dict.fromkeys(texts(*sent), expected)


def test_claims_without_a_header_are_examined_alone() -> None:
    claims = change(CLAIMS, {"sub": "someone"})
    evidence, diagnosis = diagnose_text(json.dumps(claims))
    assert find(json.dumps(claims)) == {"assertion-iss-sub-mismatch"}
    assert {"algorithm_is_one_of_smart", "key_is_named"}.isdisjoint(result.name for result in diagnosis.examination.checked)
    assert evidence["kind"] == "token_request"


@for_each("form", ["encoded", "decoded"])
def test_only_checks_of_the_assertion_are_listed(form: str) -> None:
    """The request around it was made up."""
    outcomes = {result.name: result.outcome for result in diagnose_text(texts(HEADER, CLAIMS)[form])[1].examination.checked}
    assert outcomes["issuer_is_the_subject"] == "passed"
    assert outcomes["assertion_is_used_once"] == "skipped"
    assert {"method_is_post", "body_is_a_form", "grant_type_is_sent", "audience_is_the_token_endpoint"}.isdisjoint(outcomes)


def test_the_audience_is_compared_with_a_token_endpoint_in_the_text() -> None:
    text = f"{texts(HEADER, CLAIMS)['encoded']}\n\nPOST https://other.example.org/oauth/token\n"
    assert "assertion-aud-wrong" in find(text)


@for_each(
    "claims, kind",
    [
        (CLAIMS, "client_assertion"),
        (change(CLAIMS, {"sub": None}), "client_assertion"),
        (change(CLAIMS, {"iss": "https://app.example.org"}), "jwt"),
        (change(CLAIMS, {"iss": "https://app.example.org", "sub": "https://app.example.org"}), "client_assertion"),
        (change(CLAIMS, {"aud": ["https://a.example/token", "x"], "sub": "b"}), "client_assertion"),
        ({"iss": "https://idp.example", "sub": "u", "aud": "my-app", "exp": 1}, "jwt"),
        ({"iss": "https://idp.example", "sub": "u", "aud": "my-app", "exp": 1, "nonce": "n"}, "id_token"),
        ({"iss": "https://idp.example", "sub": "u", "aud": "https://fhir.example", "exp": 1, "scope": "a"}, "access_token"),
        ({"iss": "idp", "sub": "u", "aud": "https://fhir.example", "exp": 1, "client_id": "a"}, "jwt"),
    ],
)
def test_the_purpose_of_a_token_follows_from_its_claims(claims: dict[str, Any], kind: str) -> None:
    assert kind_of_token(claims) == kind


def test_an_assertion_for_another_service_is_not_judged_by_the_rules_of_smart() -> None:
    claims = change(CLAIMS, {"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"})
    assert find(texts(change(HEADER, {"alg": "RS256"}), claims)["encoded"]) == set()


def test_an_introspection_response_is_not_a_token() -> None:
    text = json.dumps({"active": True, **CLAIMS})
    assert find(text) == set()


@for_each("form", ["encoded", "decoded", "in prose", "one object"])
def test_a_correct_assertion_has_no_fault(form: str) -> None:
    assert find(texts(HEADER, CLAIMS)[form]) == set()


def test_a_key_is_not_a_header() -> None:
    key = {"kty": "RSA", "alg": "RS384", "kid": "k1", "n": "0vx7agoebGcQ", "e": "AQAB"}
    assert find(f"{json.dumps(key)}\n{json.dumps(CLAIMS)}") == set()


def test_an_error_next_to_it_does_not_hide_its_fault() -> None:
    text = (
        f"{texts(HEADER, change(CLAIMS, {'jti': None}))['in prose']}\n"
        + '{"error": "invalid_client", "error_description": null}'
    )
    assert find(text) == {"assertion-jti-missing"}


@for_each("audience", ["{}/token", "https://login.example.com/other/token", "token_url"])
def test_an_audience_is_compared_only_with_a_token_endpoint_that_the_text_names(audience: str) -> None:
    claims = {**CLAIMS, "aud": audience}
    form = request(HEADER, claims).partition("-d '")[2].rstrip("'")
    for text in (form, *texts(HEADER, claims).values()):
        assert "assertion-aud-wrong" not in find(text)
    assert "assertion-aud-wrong" in find(request(HEADER, claims))
