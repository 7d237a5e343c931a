"""UserInfo returns who signed in, to an app with the scope openid (OpenID Connect Core 5.3)."""

from __future__ import annotations

import pytest
from msgspec import structs

from sickbay.authorization import userinfo
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.kernel.checks import examine

NOW = 1_764_000_000
ISSUER = "http://localhost:7425/general"
ANNA = User("anna", "general", "Practitioner/p", name="Anna Berg", sub="s-1")
TOKEN = AccessToken("app", "openid fhirUser profile", f"{ISSUER}/r4", NOW + 100, "f", user="anna", issuer=ISSUER)
KNOWN = AccessContext(now=NOW, server=Server(issuer=ISSUER), client=Client("app"), token=TOKEN, user=ANNA)
REQUEST = AccessRequest("GET", "", "", headers={"authorization": "Bearer t"})


def refusals(context: AccessContext = KNOWN) -> list[tuple[str, str, int]]:
    return [(refusal.name, refusal.error, refusal.status) for refusal in examine(userinfo.CHECKS, REQUEST, context).refusals]


def test_userinfo_needs_openid_and_a_user() -> None:
    assert refusals() == []
    refused = [("userinfo-without-openid", "insufficient_scope", 403)]
    assert refusals(structs.replace(KNOWN, token=structs.replace(TOKEN, scope="fhirUser patient/Patient.rs"))) == refused
    assert refusals(structs.replace(KNOWN, token=structs.replace(TOKEN, user=None))) == refused


def test_the_refusal_lists_the_granted_scopes() -> None:
    known = structs.replace(KNOWN, token=structs.replace(TOKEN, scope="fhirUser launch"))
    (refusal,) = examine(userinfo.CHECKS, REQUEST, known).refusals
    assert refusal.facts == {"needed": "openid", "held": ("fhirUser", "launch")}


def test_an_invalid_token_is_refused() -> None:
    assert refusals(structs.replace(KNOWN, token=None)) == [("fhir-token-unknown", "invalid_token", 401)]
    expired = structs.replace(KNOWN, token=structs.replace(TOKEN, expires_at=NOW))
    assert refusals(expired) == [("fhir-token-expired", "invalid_token", 401)]


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", {}),
        ("openid fhirUser", {"fhirUser": f"{ISSUER}/r4/Practitioner/p"}),
        ("openid profile", {"profile": f"{ISSUER}/r4/Practitioner/p", "name": "Anna Berg"}),
    ],
)
def test_the_scopes_decide_the_claims(scope: str, claims: dict[str, str]) -> None:
    assert userinfo.list_claims(structs.replace(TOKEN, scope=scope), ANNA, TOKEN.base) == {"sub": "s-1", **claims}


def test_a_user_without_a_name_has_no_name_claim() -> None:
    assert "name" not in userinfo.list_claims(TOKEN, structs.replace(ANNA, name=""), TOKEN.base)


FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def post(body: str, **headers: str) -> AccessRequest:
    return userinfo.move_token_to_header(AccessRequest("POST", "", "", headers=FORM | headers, body=body))


def test_the_token_may_come_in_a_form() -> None:
    assert post("access_token=t").headers["authorization"] == "Bearer t"
    assert not examine(userinfo.CHECKS, post("access_token=t"), KNOWN).refusals


@pytest.mark.parametrize(
    ("body", "headers"),
    [("access_token=t", {"authorization": "Bearer t"}), ("access_token=t&access_token=t", {}), ("access_token=", {})],
)
def test_a_token_in_two_places_is_refused(body: str, headers: dict[str, str]) -> None:
    names = [refusal.name for refusal in examine(userinfo.CHECKS, post(body, **headers), KNOWN).refusals]
    assert "fhir-token-in-query" in names


@pytest.mark.parametrize(
    "request_",
    [
        AccessRequest("GET", "", "", headers=FORM, body="access_token=t"),
        AccessRequest("POST", "", "", body="access_token=t"),
        AccessRequest("POST", "", "", headers=FORM, body="x=1"),
    ],
)
def test_other_requests_are_unchanged_and_have_no_token(request_: AccessRequest) -> None:
    assert userinfo.move_token_to_header(request_) == request_
    assert [refusal.name for refusal in examine(userinfo.CHECKS, userinfo.move_token_to_header(request_), KNOWN).refusals] == [
        "fhir-token-missing"
    ]
