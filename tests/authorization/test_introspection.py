"""Introspection describes a token to an authenticated caller, and reveals nothing to others (RFC 7662)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization.token_requests import FAMILY, NOW, SECRET, SYMMETRIC, basic, token_request

from sickbay.authorization import introspection
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.models import AccessToken, Client, ProtectedResource, Server, TokenFamily, User
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import JWT_BEARER
from sickbay.kernel.checks import UNKNOWN, Refusal, examine

ISSUER = "http://localhost:7425/general"
BASE = f"{ISSUER}/r4"
TOKEN = AccessToken(
    "app",
    "openid fhirUser patient/Patient.rs",
    BASE,
    NOW + 100,
    "f1",
    user="anna",
    patient="A",
    encounter="E",
    issuer=ISSUER,
    issued_at=NOW - 50,
)
REFRESH = structs.replace(FAMILY, user="anna", patient="A", context={"need_patient_banner": True, "intent": "reconcile"})
OWNER = Client("app")
ANNA = User("anna", "general", "Practitioner/p", sub="s-1")
SERVER = Server(issuer=ISSUER, fhir_bases=(BASE,))
KNOWN = SubjectContext(now=NOW, server=SERVER, client=SYMMETRIC, subject=TOKEN, caller=None, generation=3)
FORM: dict[str, str | None] = {"token": "t"}
BY_BASIC = {"Authorization": basic(f"app:{SECRET}")}


def names(request: TokenRequest, context: SubjectContext = KNOWN) -> list[str]:
    return [refusal.name for refusal in examine(introspection.checks_for(request), request, context).refusals]


def is_active(context: SubjectContext = KNOWN, owner: Client | None = OWNER, person: User | None = ANNA) -> bool:
    return introspection.is_active(context, owner, person)


def test_a_client_with_its_secret_may_introspect() -> None:
    assert names(token_request(FORM, headers=BY_BASIC)) == []
    assert names(token_request(FORM, client_id="app", client_secret=SECRET)) == []


def test_a_public_client_is_refused() -> None:
    request = token_request(FORM, client_id="app")
    assert names(request, structs.replace(KNOWN, client=OWNER)) == ["client-auth-missing"]
    assert names(request, structs.replace(KNOWN, client=None)) == ["client-id-unknown"]


def test_the_token_parameter_is_required() -> None:
    assert names(token_request({}, headers=BY_BASIC)) == ["token-parameter-missing"]
    assert names(token_request({"token": ""}, headers=BY_BASIC)) == ["token-parameter-missing"]


def test_an_assertion_is_checked_as_at_the_token_endpoint() -> None:
    proof: dict[str, Any] = {"client_assertion_type": JWT_BEARER, "client_assertion": "x"}
    known = structs.replace(KNOWN, client=structs.replace(SYMMETRIC, client="asymmetric"))
    assert names(token_request(FORM, **proof), known) == ["assertion-not-jwt"]


@pytest.mark.parametrize("header", ["Bearer t", "bearer t", "BEARER t"])
def test_a_valid_bearer_token_may_introspect(header: str) -> None:
    request = token_request(FORM, headers={"Authorization": header})
    known = structs.replace(KNOWN, client=OWNER, caller=TOKEN, user=ANNA)
    assert introspection.is_authenticated_by_token(request)
    assert names(request, known) == []


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"caller": None}, "fhir-token-unknown"),
        ({"caller": structs.replace(TOKEN, revoked=True)}, "fhir-token-unknown"),
        ({"caller": structs.replace(TOKEN, expires_at=NOW)}, "fhir-token-expired"),
        ({"caller": structs.replace(TOKEN, issuer="http://other")}, "fhir-token-wrong-issuer"),
        ({"client": None}, "fhir-token-unknown"),
        ({"user": None}, "fhir-token-unknown"),
    ],
)
def test_an_invalid_bearer_token_is_refused(changed: dict[str, Any], name: str) -> None:
    request = token_request(FORM, headers={"Authorization": "Bearer t"})
    valid = structs.replace(KNOWN, client=OWNER, caller=TOKEN, user=ANNA)
    assert names(request, structs.replace(valid, **changed)) == [name]


def test_another_header_is_not_a_bearer_token() -> None:
    assert not introspection.is_authenticated_by_token(token_request(FORM))
    assert not introspection.is_authenticated_by_token(token_request(FORM, headers=BY_BASIC))
    assert introspection.checks_for(token_request(FORM)) == introspection.BY_CLIENT


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [("invalid_client", 400, 401), ("invalid_token", 401, 401), ("", 401, 401), ("invalid_request", 400, 400)],
)
def test_an_unauthenticated_caller_gets_401(error: str, status: int, expected: int) -> None:
    assert introspection.select_status(Refusal("x", error, {}, status)) == expected


def test_a_valid_token_is_active() -> None:
    assert is_active()
    assert is_active(structs.replace(KNOWN, subject=REFRESH))
    assert is_active(structs.replace(KNOWN, subject=structs.replace(TOKEN, user=None)), person=None)


@pytest.mark.parametrize("subject", [TOKEN, REFRESH])
def test_tokens_of_a_deleted_client_or_user_are_inactive(subject: AccessToken | TokenFamily) -> None:
    assert not is_active(structs.replace(KNOWN, subject=subject), owner=None)
    assert not is_active(structs.replace(KNOWN, subject=subject), person=None)


@pytest.mark.parametrize("subject", [TOKEN, REFRESH])
def test_a_revoked_or_expired_token_is_inactive(subject: AccessToken | TokenFamily) -> None:
    assert not is_active(structs.replace(KNOWN, subject=structs.replace(subject, revoked=True)))
    assert not is_active(structs.replace(KNOWN, subject=structs.replace(subject, expires_at=NOW)))
    assert is_active(structs.replace(KNOWN, subject=structs.replace(subject, expires_at=NOW + 1)))
    assert not is_active(structs.replace(KNOWN, subject=subject, now=UNKNOWN))


@pytest.mark.parametrize("subject", [None, UNKNOWN])
def test_an_unknown_token_is_inactive(subject: Any) -> None:
    assert not is_active(structs.replace(KNOWN, subject=subject))


@pytest.mark.parametrize(
    ("family", "known"),
    [
        (structs.replace(REFRESH, mode="none"), {}),
        (REFRESH, {"generation": 2}),
        (REFRESH, {"generation": 4}),
        (REFRESH, {"session_ended": True}),
        (structs.replace(REFRESH, expires_at=None), {}),
    ],
)
def test_a_refresh_token_that_cannot_be_used_is_inactive(family: TokenFamily, known: dict[str, Any]) -> None:
    assert not is_active(structs.replace(KNOWN, subject=family, **known))


@pytest.mark.parametrize("subject", [TOKEN, REFRESH])
def test_a_token_sees_tokens_of_its_own_app_and_a_system_token_sees_all(subject: AccessToken | TokenFamily) -> None:
    other = structs.replace(TOKEN, client_id="other")
    assert is_active(structs.replace(KNOWN, subject=subject, caller=TOKEN))
    assert not is_active(structs.replace(KNOWN, subject=subject, caller=other))
    assert is_active(structs.replace(KNOWN, subject=subject, caller=structs.replace(other, scope="openid system/Patient.rs")))


def test_an_access_token_is_described_with_its_launch_context() -> None:
    response = introspection.describe_active_token(KNOWN, REFRESH, ANNA, SERVER)
    assert response == {
        "active": True,
        "scope": TOKEN.scope,
        "client_id": "app",
        "exp": NOW + 100,
        "iat": NOW - 50,
        "aud": BASE,
        "token_type": "Bearer",
        "iss": ISSUER,
        "patient": "A",
        "encounter": "E",
        "intent": "reconcile",
        "need_patient_banner": True,
    }


def test_the_user_is_described_only_if_openid_was_granted() -> None:
    granted = structs.replace(REFRESH, scope="openid fhirUser")
    response = introspection.describe_active_token(KNOWN, granted, ANNA, SERVER)
    assert (response["sub"], response["fhirUser"]) == ("s-1", f"{BASE}/Practitioner/p")
    without_family = introspection.describe_active_token(KNOWN, None, ANNA, SERVER)
    assert (without_family["sub"], without_family["fhirUser"]) == ("s-1", f"{BASE}/Practitioner/p")
    assert "intent" not in without_family
    assert "sub" not in introspection.describe_active_token(KNOWN, granted, None, SERVER)
    assert "fhirUser" not in introspection.describe_active_token(KNOWN, structs.replace(REFRESH, scope="openid"), ANNA, SERVER)


def test_a_refresh_token_has_no_type_and_its_last_rotation_as_iat() -> None:
    response = introspection.describe_active_token(structs.replace(KNOWN, subject=REFRESH), REFRESH, ANNA, SERVER)
    assert "token_type" not in response
    assert (response["iat"], response["exp"]) == (NOW - 100, NOW + 1000)


def test_the_banner_needs_a_patient() -> None:
    known = structs.replace(KNOWN, subject=structs.replace(TOKEN, patient=None))
    response = introspection.describe_active_token(known, REFRESH, ANNA, SERVER)
    assert "need_patient_banner" not in response
    assert response["intent"] == "reconcile"


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            token_request({}, headers=BY_BASIC),
            KNOWN,
            Refusal("token-parameter-missing", "invalid_request", {"received": None, "expected": "token"}),
        ),
        (
            token_request(FORM, client_id="app"),
            structs.replace(KNOWN, client=OWNER),
            Refusal(
                "client-auth-missing",
                "invalid_client",
                {"grant_type": None, "received": None, "registered": "a secret or a key"},
            ),
        ),
        (
            token_request(FORM, headers={"Authorization": "Bearer t"}),
            structs.replace(KNOWN, client=OWNER, caller=None),
            Refusal(
                "fhir-token-unknown",
                "invalid_token",
                {"reason": "unknown", "length": 1, "id_token": False, "refresh_token": False},
                401,
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: TokenRequest, context: SubjectContext, expected: Refusal
) -> None:
    assert examine(introspection.checks_for(request_), request_, context).refusals[0] == expected


@pytest.mark.parametrize("error", ["invalid_client", "invalid_token", ""])
def test_every_authentication_error_gets_401(error: str) -> None:
    assert introspection.select_status(Refusal("x", error, {}, 400)) == 401


MCP = "https://mcp.example.org/mcp"


@pytest.mark.parametrize(
    ("client_id", "audience", "owner", "known"),
    [
        ("", MCP, "another", True),
        ("", BASE, "another", True),
        (SYMMETRIC.client_id, MCP, "another", True),
        (SYMMETRIC.client_id, BASE, "another", False),
        (SYMMETRIC.client_id, "https://other.example.org", "another", False),
        (SYMMETRIC.client_id, BASE, SYMMETRIC.client_id, True),
        ("another", BASE, "another", True),
    ],
)
def test_the_client_of_a_resource_knows_only_its_tokens(client_id: str, audience: str, owner: str, known: bool) -> None:
    server = structs.replace(SERVER, resources=(ProtectedResource(MCP, client_id=client_id),))
    subject = structs.replace(TOKEN, base=audience, client_id=owner)
    context = structs.replace(KNOWN, server=server, subject=subject, caller=UNKNOWN)
    assert introspection.is_active(context, SYMMETRIC, ANNA) is known


def test_a_caller_without_a_known_client_has_no_resources() -> None:
    assert introspection.list_audiences(structs.replace(KNOWN, client=None)) == ()
    assert introspection.list_audiences(structs.replace(KNOWN, server=UNKNOWN)) == ()
