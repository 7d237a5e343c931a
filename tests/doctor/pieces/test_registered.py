"""A registration or a key set in a pasted text proves or excludes what the request next to it may have done wrong."""

from __future__ import annotations

import json
from functools import cache
from itertools import cycle, islice, product
from typing import Any
from unittest.mock import ANY
from urllib.parse import parse_qsl, urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.laws import cases, for_each

from sickbay.doctor.text import diagnose_text

REQUEST = {
    "response_type": "code",
    "client_id": "abc",
    "redirect_uri": "https://app.example.org/cb",
    "scope": "launch openid fhirUser patient/*.read",
    "state": "98wrghuwuogerg97Tz",
    "aud": "https://ehr.example.org/fhir",
    "launch": "xyz123",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
REGISTRATION = {
    "client_name": "My app",
    "redirect_uris": ["https://app.example.org/cb"],
    "scope": "launch openid fhirUser patient/*.read",
    "token_endpoint_auth_method": "none",
}
TOKEN = {
    "grant_type": "authorization_code",
    "code": "c0de4f71a",
    "redirect_uri": "https://app.example.org/cb",
    "client_id": "abc",
}
TOKEN |= {"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}


def findings(*parts: str) -> list[str]:
    return [each.id for each in diagnose_text("It is refused:\n" + "\n\n".join(parts))[1].explanation.findings]


def errors(*parts: str) -> list[str]:
    found = diagnose_text("It is refused:\n" + "\n\n".join(parts))[1].explanation.findings
    return [each.id for each in found if each.severity == "error"]


def login(**changed: str) -> str:
    return f"https://ehr.example.org/authorize?{urlencode(REQUEST | changed)}"


def redeeming(**changed: str) -> str:
    return (
        f"POST https://ehr.example.org/token\nContent-Type: application/x-www-form-urlencoded\n\n{urlencode(TOKEN | changed)}"
    )


LOGINS: tuple[tuple[dict[str, str], dict[str, Any], str], ...] = (
    ({"redirect_uri": "https://app.example.org/cb/"}, {}, "redirect-uri-trailing-slash"),
    ({"redirect_uri": "http://app.example.org/cb"}, {}, "redirect-uri-scheme-mismatch"),
    ({"scope": "launch patient/Patient.read user/Slot.read"}, {"scope": "launch patient/Patient.read"}, "scope-not-registered"),
    ({}, {"client_id": "another"}, "client-id-unknown"),
)


@for_each("sent, registered, id", LOGINS)
def test_what_a_login_sends_and_the_registration_lacks_comes_first(
    sent: dict[str, str], registered: dict[str, Any], id: str
) -> None:
    assert findings(json.dumps(REGISTRATION | registered), login(**sent))[0] == id


def test_nothing_is_concluded_from_what_a_registration_does_not_say() -> None:
    partial = {"redirect_uris": REGISTRATION["redirect_uris"]}
    for registration in (REGISTRATION, partial, REGISTRATION | {"client_id": "••••••••", "scope": "xxxx"}):
        assert errors(json.dumps(registration), login()) == []
        assert errors(json.dumps(registration), redeeming()) == []


def test_two_registrations_in_a_text_decide_nothing() -> None:
    other = REGISTRATION | {"redirect_uris": ["https://other.example.org/cb"]}
    text = (json.dumps(REGISTRATION), json.dumps(other), login(redirect_uri="https://third.example.org/cb"))
    assert not any(id.startswith("redirect-uri") for id in errors(*text))


def test_a_secret_that_is_not_the_registered_one_is_found() -> None:
    registration = REGISTRATION | {"token_endpoint_auth_method": "client_secret_post", "client_secret": "s3cr3t-of-the-app"}
    assert errors(json.dumps(registration), redeeming(client_secret="s3cr3t-of-the-app")) == []
    assert findings(json.dumps(registration), redeeming(client_secret="another"))[0] == "client-secret-wrong"


@cache
def key(number: int) -> ECKey:
    return ECKey.generate_key("P-384", {"kid": f"key-{number}", "alg": "ES384"}, private=True)


CLAIMS: dict[str, Any] = {"iss": "abc", "sub": "abc", "aud": "https://ehr.example.org/token", "jti": "j1x2y3"}
CLAIMS |= {"iat": 1_700_000_000, "exp": 1_700_000_240}


def assertion(signed_with: int = 1, **header: str) -> str:
    signed = jwt.encode({"alg": "ES384", "typ": "JWT", "kid": "key-1"} | header, CLAIMS, key(signed_with), algorithms=["ES384"])
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", "client_assertion": signed}
    form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return f"POST https://ehr.example.org/token\nContent-Type: application/x-www-form-urlencoded\n\n{urlencode(form)}"


def key_set(*numbers: int, **members: str | None) -> dict[str, Any]:
    keys: list[dict[str, Any]] = [{**key(number).as_dict(private=False), **members} for number in numbers]
    return {"keys": [{name: value for name, value in each.items() if value is not None} for each in keys]}


@pytest.mark.parametrize("in_registration", [False, True])
def test_the_keys_in_a_text_verify_the_assertion(in_registration: bool) -> None:
    def find(request: str, keys: dict[str, Any]) -> list[str]:
        registration = {"redirect_uris": ["https://app.example.org/cb"], "client_id": "abc", "jwks": keys}
        written = json.dumps(registration if in_registration else keys)
        return [id for id in errors(written, request) if id.startswith("assertion-") and id != "assertion-expired"]

    assert find(assertion(), key_set(1)) == []
    assert find(assertion(), key_set(2)) == ["assertion-kid-unknown"]
    assert find(assertion(signed_with=2), key_set(1)) == ["assertion-signature-invalid"]
    assert find(assertion(), key_set(1, kid=None)) == ["assertion-kid-unknown"]
    assert find(assertion(), key_set(1, use="enc")) == ["assertion-key-unsuited"]


def test_a_key_set_of_a_server_is_not_that_of_the_app() -> None:
    """Next to its own keys, a text has a token of the server, or names the address at which the server has them."""
    server = f"curl https://ehr.example.org/oauth2/jwks\n{json.dumps(key_set(2))}"
    assert "assertion-kid-unknown" not in errors(server, assertion())


def test_a_corrected_request_keeps_the_addresses_that_were_pasted() -> None:
    corrected = diagnose_text(
        "\n\n".join(("Refused:", json.dumps(REGISTRATION), login(redirect_uri="https://app.example.org/cb/")))
    )[1].corrected
    assert corrected is not None
    assert dict(parse_qsl(corrected["url"].partition("?")[2])) == REQUEST | {"state": ANY}


ODD: tuple[Any, ...] = (None, True, 0, 17, [], [1, 2], {}, {"a": [1]})
MEMBERS = (*REGISTRATION, "client_id", "grant_types", "client_secret", "jwks", "jwks_uri")


@for_each("first", range(len(ODD)))
def test_a_member_of_another_type_is_not_compared(first: int) -> None:
    """Each member has each of the types once, and the redirect URIs also a string."""
    odd = dict(zip(MEMBERS, islice(cycle(ODD), first, None), strict=False))
    registrations = odd, odd | {"redirect_uris": "https://app.example.org/cb"}
    found = {id for each in registrations for id in errors(json.dumps(each), login(), redeeming())}
    assert not {"redirect-uri-mismatch", "scope-not-registered", "client-id-unknown", "client-auth-method-mismatch"} & found


@for_each("token, scope", cases(product((*ODD, "", "é x"), repeat=2)))
def test_no_odd_token_response_makes_it_fail(token: Any, scope: Any) -> None:
    patient = scope if isinstance(token, str) else token
    response = json.dumps({"access_token": token, "token_type": "Bearer", "scope": scope, "patient": patient})
    read = "GET https://ehr.example.org/fhir/r4/Patient/1 HTTP/1.1\nAuthorization: Bearer xxxx"
    assert "fhir-token-unknown" not in errors(response, read)
