"""What is still known of a corrected token request: what was loaded for the same values, and for likely ones."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.token_requests import (
    CODE,
    FAMILY,
    KNOWN,
    PUBLIC,
    REFRESH_FORM,
    REFRESHING,
    basic,
    examine_token,
    outcome,
    token_context,
    token_request,
)

from sickbay.authorization import requests
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.token import client_authentication
from sickbay.authorization.token import code as token_code
from sickbay.authorization.token import request as token_checks
from sickbay.authorization.token.recheck import context_for
from sickbay.kernel.checks import UNKNOWN, Unknown

OTHER = Client("other")


def test_what_was_loaded_for_the_same_values_is_still_known() -> None:
    corrected = context_for(KNOWN, token_request(scope="x"), token_request())
    assert (corrected.client, corrected.code, corrected.family) == (PUBLIC, CODE, UNKNOWN)
    corrected = context_for(REFRESHING, token_request(REFRESH_FORM, scope="x"), token_request(REFRESH_FORM))
    assert (corrected.client, corrected.code, corrected.family) == (PUBLIC, UNKNOWN, FAMILY)


def test_another_refresh_token_or_code_is_unknown() -> None:
    assert (
        context_for(REFRESHING, token_request(REFRESH_FORM), token_request(REFRESH_FORM, refresh_token="r2")).family is UNKNOWN
    )
    assert context_for(KNOWN, token_request(), token_request(code="c2")).code is UNKNOWN


@pytest.mark.parametrize("bare_code", [CODE, None])
def test_a_code_without_stray_characters_is_known_as_loaded(bare_code: object) -> None:
    context = token_context(code=None, bare=bare_code)
    assert context_for(context, token_request(code='"c1"'), token_request(code="c1")).code is bare_code


@pytest.mark.parametrize(
    ("sent", "bare"),
    [
        ('"c1"', "c1"),
        ("http://a/cb?code=c1&state=x", "c1"),
        ("c1&state=x", "c1"),
        ("c1 ", "c1"),
        (" 'c1", "c1"),
        ("", ""),
    ],
)
def test_the_bare_code_follows_code_and_has_only_valid_characters(sent: str, bare: str) -> None:
    assert token_code.bare_code(sent) == bare


@pytest.mark.parametrize(
    ("known", "client"),
    [
        (token_context(owner=OTHER), OTHER),
        (token_context(newest_clients=(PUBLIC, OTHER)), OTHER),
        (token_context(newest_clients=(PUBLIC,)), UNKNOWN),
    ],
)
def test_another_client_is_known_if_it_owns_the_grant_or_is_a_likely_client(
    known: TokenContext, client: Client | Unknown
) -> None:
    assert context_for(known, token_request(client_id=None), token_request(client_id="other")).client is client


def test_an_unknown_tenant_is_forgotten_with_its_url() -> None:
    context = token_context(elsewhere="mercy")
    assert context_for(context, token_request(), token_request()).elsewhere == "mercy"
    assert (
        context_for(context, token_request(), structs.replace(token_request(), url="http://localhost:7425/other")).elsewhere
        == ""
    )


def test_without_a_client_id_the_refusal_names_the_owner_of_the_grant() -> None:
    (refusal, *_) = examine_token(token_request(client_id=None), token_context(client=None, owner=OTHER)).refusals
    assert (refusal.name, refusal.facts["expected"], refusal.facts["owner"]) == (
        "client-id-missing-in-body",
        "other",
        "other",
    )
    (refusal, *_) = examine_token(token_request(client_id=None), token_context(client=None)).refusals
    assert (refusal.facts["expected"], "owner" in refusal.facts) == (None, False)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("no.jwt", "assertion-not-jwt"),
        ("e30.e30.", "assertion-client-mismatch"),
        ("e30.eyJpc3MiOiJ4In0.", "assertion-client-mismatch"),
    ],
)
def test_an_unreadable_assertion_gets_only_its_own_refusal(sent: str, name: str) -> None:
    request = token_request(client_id=None, client_assertion=sent, client_assertion_type=client_authentication.JWT_BEARER)
    assert outcome(request, token_context(client=None)) == (name, "invalid_client", 400)
    facts = next(refusal for refusal in examine_token(request, token_context(client=None)).refusals).facts
    assert facts.get("problem") == ("it has 2 parts, expected 3" if name == "assertion-not-jwt" else None)


def test_secrets_include_both_readings_of_the_header_and_the_body() -> None:
    assert client_authentication.list_secrets(token_request()) == ()
    assert client_authentication.list_secrets(token_request(client_secret="a")) == ("a",)
    assert client_authentication.list_secrets(token_request(headers={"Authorization": basic("app:a+b")})) == ("a b", "a+b")
    assert client_authentication.list_secrets(token_request(headers={"Authorization": "Basic !"})) == ()


def test_the_keys_belong_to_the_assertion_that_was_sent() -> None:
    context = token_context(jwks={"keys": []}, seen_jti=("j",))
    same_assertion = context_for(
        context, token_request(client_assertion="a.b.c"), token_request(client_assertion="a.b.c", scope="x")
    )
    assert (same_assertion.jwks, same_assertion.seen_jti) == ({"keys": []}, ("j",))
    other_assertion = context_for(context, token_request(), token_request(client_assertion="a.b.c"))
    assert (other_assertion.jwks, other_assertion.seen_jti) == (UNKNOWN, ())


@pytest.mark.parametrize(("sent", "expected"), [("a.b.c", "client_credentials"), (None, None)])
def test_an_assertion_without_a_code_implies_client_credentials(sent: str | None, expected: str | None) -> None:
    form: dict[str, str | None] = {"client_assertion": sent, "scope": "system/Patient.rs"}
    for grant in (None, "jwt-bearer"):
        refused = [
            candidate
            for candidate in examine_token(token_request(form, grant_type=grant)).refusals
            if candidate.name.startswith("grant-type-")
        ]
        assert [refusal.facts["expected"] for refusal in refused] == [expected]


def test_wrongly_separated_scopes_of_a_refresh_get_one_refusal() -> None:
    assert outcome(token_request(REFRESH_FORM, scope="patient/Patient.rs,patient/Observation.rs"), REFRESHING) == (
        "scope-comma-separated",
        "invalid_scope",
        400,
    )
    assert outcome(token_request(REFRESH_FORM, scope="patient/Patient.rs patient/Observation.rs"), REFRESHING) is None


@pytest.mark.parametrize(("type", "body", "is_wrong"), [(None, "", False), (None, "a=b", True), ("text/plain", "", True)])
def test_without_a_body_a_missing_content_type_is_accepted(type: str | None, body: str, is_wrong: bool) -> None:
    headers = {} if type is None else {"content-type": type}
    request = requests.token_request("POST", "http://a/token", headers, body)
    assert (token_checks.body_is_a_form.decide(request, KNOWN) is not None) is is_wrong
