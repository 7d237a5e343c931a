"""A pasted request that uses no feature of SMART isn't checked against SMART: plain OAuth 2.0 and OpenID Connect allow more."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from tests.one_key import rsa_key

from sickbay.authorization import access, requests, token
from sickbay.authorization.authorize import stage
from sickbay.authorization.contexts import AccessContext, AuthorizeContext, TokenContext
from sickbay.authorization.requests import AccessRequest, authorize_request
from sickbay.authorization.token import request as token_request
from sickbay.kernel.checks import UNKNOWN, Unknown, examine
from sickbay.protocol import jose

STATE = "&state=33af273b-6611-4c6a-9e5d-5d9c7e0d3b11"
PKCE = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
BACK = "&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcallback"
KEY = rsa_key()


def authorize_refusals(query: str, *, smart: bool) -> list[str]:
    request = authorize_request(f"https://idp.example.org/authorize?client_id=a&{query}")
    return [refusal.name for refusal in stage.examine_request(request, AuthorizeContext(smart=smart)).refusals]


@pytest.mark.parametrize(
    ("query", "demand"),
    [
        (f"response_type=code&scope=openid%20email{STATE}{BACK}", "aud-missing"),
        (f"response_type=code{STATE}{BACK}", "scope-missing"),
        (f"response_type=code&scope=repo{STATE}", "redirect-uri-missing"),
        (f"response_type=code%20id_token&scope=openid{STATE}{BACK}", "response-type-invalid"),
        (f"response_type=code&response_mode=form_post&scope=openid{STATE}{BACK}", "response-mode-unsupported"),
        (f"response_type=code&scope=openid{PKCE}{BACK}", "state-missing"),
        (f"response_type=code&scope=openid&nonce=n{BACK}", "state-missing"),
        (f"response_type=code&scope=repo,user:email{STATE}{BACK}", "scope-comma-separated"),
        (f"response_type=code&scope=openid%3Bprofile{STATE}{BACK}", "scope-separator-wrong"),
        (f"response_type=code&scope=User.Read{STATE}{BACK}", "scope-malformed"),
        (f"response_type=code&scope=OpenID{STATE}{BACK}", "scope-wrong-case"),
        (f"response_type=code&scope=patient%2FPatient.sr{STATE}{BACK}", "scope-v2-order"),
        (f"response_type=code&scope=openid&request=a.b.c{STATE}{BACK}", "request-object-unsupported"),
        (f"response_type=code&scope=openid&prompt=none{STATE}{BACK}", "prompt-none-without-session"),
    ],
)
def test_a_demand_of_smart_applies_only_to_smart(query: str, demand: str) -> None:
    assert demand in authorize_refusals(query, smart=True)
    assert authorize_refusals(query, smart=False) == []


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        (f"response_type=code&scope=openid{STATE}", "redirect-uri-missing"),
        (f"response_type=code&scope=openid{BACK}", "state-missing"),
        (f"response_type=kode&scope=openid{STATE}{BACK}", "response-type-invalid"),
        (f"scope=openid{STATE}{BACK}", "response-type-missing"),
    ],
)
def test_what_oauth_requires_is_required_of_every_request(query: str, refusal: str) -> None:
    assert authorize_refusals(query, smart=False) == [refusal]


def token_refusals(body: str, *, smart: bool, now: int | Unknown = UNKNOWN) -> list[str]:
    headers = {"content-type": token_request.FORM}
    request = requests.token_request("POST", "https://idp.example.org/token", headers, body)
    context = TokenContext(now=now, smart=smart)
    return [refusal.name for refusal in examine(token.checks_for(request), request, context).refusals]


def assertion(header: dict[str, str] | None = None, **more: object) -> str:
    """A JWT signed with RS256, or with another header."""
    claims = {"iss": "a", "sub": "a", "jti": "1", **more}
    jwt = jose.sign(claims, KEY)
    if header is None:
        return jwt
    encoded = urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{encoded}.{jwt.partition('.')[2]}"


SIGNED = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="


@pytest.mark.parametrize(
    ("body", "demand"),
    [
        (f"grant_type=client_credentials&scope=api&{SIGNED}{assertion()}", "assertion-alg-unsupported"),
        (f"grant_type=client_credentials&scope=api&{SIGNED}{assertion({'alg': 'PS256'})}", "assertion-kid-missing"),
        (f"grant_type=client_credentials&{SIGNED}{assertion()}", "backend-scope-missing"),
        (f"grant_type=client_credentials&scope=system%2FPatient.rs,b&{SIGNED}{assertion()}", "scope-comma-separated"),
        (f"grant_type=password&username=a&password=b&scope=api&{SIGNED}{assertion()}", "grant-type-invalid"),
        (f"grant_type=urn:ietf:params:oauth:grant-type:device_code&scope=api&{SIGNED}{assertion()}", "grant-type-invalid"),
    ],
)
def test_a_token_request_may_use_other_grants_algorithms_and_scopes(body: str, demand: str) -> None:
    assert demand in token_refusals(body, smart=True)
    assert token_refusals(body, smart=False) == []


def test_the_lifetime_of_an_assertion_is_limited_only_in_smart() -> None:
    body = f"grant_type=client_credentials&scope=api&{SIGNED}{assertion(exp=1_000)}"
    assert "assertion-exp-too-long" in token_refusals(body, smart=True, now=1)
    assert token_refusals(body, smart=False, now=1) == []
    assert token_refusals(body, smart=False, now=2_000) == ["assertion-expired"]


def test_a_grant_that_no_specification_defines_and_an_algorithm_without_a_key_pair_are_refused_everywhere() -> None:
    assert "grant-type-invalid" in token_refusals("grant_type=code&code=x", smart=False)
    unsigned = f"grant_type=client_credentials&{SIGNED}{assertion({'alg': 'none', 'kid': 'k'})}"
    assert "assertion-alg-unsupported" in token_refusals(unsigned, smart=False)


@pytest.mark.parametrize(
    ("context", "refused"),
    [
        (AccessContext(), ["fhir-token-missing"]),
        (AccessContext(headers_known=False), []),
        (AccessContext(public=True), []),
    ],
)
def test_a_token_is_missing_only_if_the_headers_are_known_and_the_server_needs_one(
    context: AccessContext, refused: list[str]
) -> None:
    request = AccessRequest("GET", "https://fhir.example.org/r4", "/Patient/1", interaction="read", type="Patient", id="1")
    assert [refusal.name for refusal in examine(access.TOKEN_CHECKS, request, context).refusals] == refused
