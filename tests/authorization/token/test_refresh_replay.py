"""A refresh token sent twice within 10 seconds: the same request gets the same response, if it is still valid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization.token_requests import (
    BASE,
    FAMILY,
    NOW,
    PUBLIC,
    REFRESH_FORM,
    REFRESHING,
    SECRET,
    SYMMETRIC,
    basic,
    examine_token,
    token_request,
)

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, Client, Policy, Server, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import refresh
from sickbay.authorization.token import response as token_response
from sickbay.kernel.checks import UNKNOWN

FIRST = token_request(REFRESH_FORM, scope="patient/Patient.rs")
APP = structs.replace(PUBLIC, scope=FAMILY.scope)


def rotate(first: TokenRequest = FIRST, client: Client = APP) -> TokenFamily:
    """Returns the family as it is 3 seconds after this request rotated it."""
    return structs.replace(FAMILY, rotated_at=NOW - 3, asked=refresh.hash_refresh_request(first, client))


def answer_to(family: TokenFamily) -> AccessToken:
    return token_response.make_token_record(family, "patient/Patient.rs", "", NOW - 3, 3600)


def sample_context(first: TokenRequest = FIRST, client: Client = APP, **changed: Any) -> TokenContext:
    """Returns the context of the replay."""
    family = rotate(first, client)
    return structs.replace(REFRESHING, client=client, family=family, generation=2, answer=answer_to(family), **changed)


def names(request: TokenRequest, context: TokenContext) -> list[str]:
    return [refusal.name for refusal in examine_token(request, context).refusals]


def test_the_same_request_gets_the_same_response() -> None:
    assert names(FIRST, sample_context()) == []
    assert names(token_request(REFRESH_FORM), sample_context(token_request(REFRESH_FORM))) == []
    assert names(token_request(REFRESH_FORM, scope="patient/Patient.rs patient/Patient.rs"), sample_context()) == []


@pytest.mark.parametrize("scope", [None, "patient/Patient.r", "patient/Observation.rs", FAMILY.scope, "offline_access"])
def test_another_scope_makes_it_a_different_request(scope: str | None) -> None:
    other = token_request(REFRESH_FORM, scope=scope)
    assert names(other, sample_context()) == ["refresh-replay-differs"]
    assert not token_response.is_revoking(examine_token(other, sample_context()))


def test_another_resource_makes_it_a_different_request() -> None:
    assert names(token_request(REFRESH_FORM, scope="patient/Patient.rs", resource=BASE), sample_context()) == [
        "refresh-replay-differs"
    ]


def test_another_method_or_secret_makes_it_a_different_request() -> None:
    app = structs.replace(SYMMETRIC, scope=FAMILY.scope)
    posted = token_request(REFRESH_FORM, client_secret=SECRET)
    in_header = token_request(REFRESH_FORM, headers={"Authorization": basic(f"app:{SECRET}")}, client_id=None)
    assert names(posted, sample_context(posted, app)) == []
    assert names(in_header, sample_context(posted, app)) == ["refresh-replay-differs"]
    rotated = structs.replace(app, secret_hash="x")
    assert refresh.hash_refresh_request(posted, app) != refresh.hash_refresh_request(posted, rotated)


def test_another_key_makes_it_a_different_request() -> None:
    def sign(kid: str) -> TokenRequest:
        head = {"a": "eyJraWQiOiJhIn0", "b": "eyJraWQiOiJiIn0"}[kid]
        return token_request(REFRESH_FORM, client_assertion=f"{head}.e30.x")

    assert refresh.hash_refresh_request(sign("a"), APP) == refresh.hash_refresh_request(sign("a"), APP)
    assert refresh.hash_refresh_request(sign("a"), APP) != refresh.hash_refresh_request(sign("b"), APP)


WITHDRAWN: list[tuple[dict[str, Any], str]] = [
    ({"answer": None}, "revoked"),
    ({"answer": structs.replace(answer_to(rotate()), revoked=True)}, "revoked"),
    ({"answer": structs.replace(answer_to(rotate()), expires_at=NOW)}, "expired"),
    ({"server": Server(fhir_bases=(BASE,), policy=Policy(rotate_refresh=False))}, "policy"),
    ({"server": Server(fhir_bases=(BASE,), policy=Policy(public_refresh=False))}, "policy"),
    ({"server": Server(fhir_bases=(BASE,), policy=Policy(token_lifetime=60))}, "policy"),
    ({"client": structs.replace(APP, token_lifetime=60)}, "policy"),
    ({"client": structs.replace(APP, scope="offline_access patient/Observation.rs")}, "registration"),
    (
        {
            "server": Server(fhir_bases=(BASE,), policy=Policy(mixed_scope_versions=False)),
            "client": structs.replace(APP, smart_version=1),
        },
        "registration",
    ),
]


@pytest.mark.parametrize(("changes", "reason"), WITHDRAWN)
def test_a_response_that_is_no_longer_valid_is_not_repeated(changes: dict[str, Any], reason: str) -> None:
    examination = examine_token(FIRST, structs.replace(sample_context(), **changes))
    (refusal,) = [candidate for candidate in examination.refusals if candidate.name == "refresh-replay-revoked"]
    assert refusal.facts["reason"] == reason
    assert not token_response.is_revoking(examination)


@pytest.mark.parametrize(
    ("changes", "names_"),
    [
        ({"user_gone": True}, ["refresh-token-invalid"]),
        ({"now": NOW - 4}, ["refresh-token-reused"]),
        ({"now": NOW + 8}, ["refresh-token-reused"]),
        ({"generation": 1}, ["refresh-token-reused"]),
        ({"generation": 4}, ["refresh-token-reused"]),
        ({"client": structs.replace(APP, grant_types=("authorization_code",))}, ["backend-grant-not-allowed"]),
        ({"client": structs.replace(APP, client_id="other")}, ["refresh-client-mismatch"]),
    ],
)
def test_a_replay_still_needs_the_window_and_the_grant(changes: dict[str, Any], names_: list[str]) -> None:
    request = token_request(REFRESH_FORM, scope="patient/Patient.rs", client_id=changes.get("client", APP).client_id)
    assert names(request, structs.replace(sample_context(), **changes)) == names_


def test_a_revoked_grant_is_not_repeated() -> None:
    revoked = structs.replace(rotate(), revoked=True)
    assert names(FIRST, structs.replace(sample_context(), family=revoked)) == ["refresh-token-invalid"]


def test_a_deleted_client_is_refused_before_its_grant_is_read() -> None:
    for generation in (2, 3):
        deleted = structs.replace(sample_context(), client=None, generation=generation)
        assert names(FIRST, deleted) == ["client-id-unknown"]


def test_offline_the_repeated_response_is_unknown() -> None:
    assert names(FIRST, structs.replace(sample_context(), answer=UNKNOWN)) == []


def test_a_rotation_grants_only_scopes_that_are_still_registered() -> None:
    fewer = structs.replace(APP, scope="offline_access patient/Patient.rs")
    current = structs.replace(REFRESHING, client=fewer)
    assert names(token_request(REFRESH_FORM), current) == []
    assert names(token_request(REFRESH_FORM, scope="patient/Observation.rs"), current) == ["scope-not-registered"]
    assert names(token_request(REFRESH_FORM), structs.replace(REFRESHING, client=structs.replace(APP, scope="openid"))) == [
        "scope-not-registered"
    ]


@given(st.integers(0, 4), st.integers(-5, 30))
def test_a_refresh_token_without_a_replay_passes_both_replay_checks(generation: int, age: int) -> None:
    """So these checks can be skipped for such a token (`TokenContext.may_repeat`)."""
    context = sample_context()
    assert isinstance(context.family, TokenFamily)
    family = structs.replace(context.family, rotated_at=NOW - age, asked="another request")
    context = structs.replace(context, family=family, generation=generation, answer=None)
    passed = [check.decide(FIRST, context) is None for check in refresh.CHECKS if check.inputs == "may_repeat"]
    assert passed == [refresh.judge_refresh_token(family, generation, NOW) != "repeat"] * 2
