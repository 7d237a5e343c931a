"""Of a mended token request stays known what was looked up for the same values, and for those that were meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization.token_requests import (
    CODE,
    FAMILY,
    KNOWN,
    PUBLIC,
    REFRESH_FORM,
    REFRESHING,
    asked,
    basic,
    examined,
    knowing,
    said,
)

from sickbay.authorization import client_authentication, token, token_parameters
from sickbay.authorization.models import Client
from sickbay.authorization.token_recheck import known_for
from sickbay.kernel.checks import UNKNOWN

OTHER = Client("other")


def test_what_was_looked_up_for_the_same_values_stays_known() -> None:
    mended = known_for(KNOWN, asked(scope="x"), asked())
    assert (mended.client, mended.code, mended.family) == (PUBLIC, CODE, UNKNOWN)
    mended = known_for(REFRESHING, asked(REFRESH_FORM, scope="x"), asked(REFRESH_FORM))
    assert (mended.client, mended.code, mended.family) == (PUBLIC, UNKNOWN, FAMILY)


def test_another_refresh_token_or_code_is_not_known() -> None:
    assert known_for(REFRESHING, asked(REFRESH_FORM), asked(REFRESH_FORM, refresh_token="r2")).family is UNKNOWN
    assert known_for(KNOWN, asked(), asked(code="c2")).code is UNKNOWN


@pytest.mark.parametrize("found", [CODE, None])
def test_a_code_without_what_clings_to_it_is_known_as_it_was_found(found: object) -> None:
    known = knowing(code=None, bare=found)
    assert known_for(known, asked(code='"c1"'), asked(code="c1")).code is found


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
def test_the_bare_code_is_what_stands_behind_code_up_to_what_no_code_has(sent: str, bare: str) -> None:
    assert token.bare_code(sent) == bare


@pytest.mark.parametrize(
    ("known", "client"),
    [
        (knowing(owner=OTHER), OTHER),
        (knowing(neighbours=(PUBLIC, OTHER)), OTHER),
        (knowing(neighbours=(PUBLIC,)), UNKNOWN),
    ],
)
def test_another_client_is_known_where_the_grant_is_its_own_or_it_is_a_neighbour(known, client) -> None:
    assert known_for(known, asked(client_id=None), asked(client_id="other")).client is client


def test_a_tenant_that_there_is_not_goes_with_its_address() -> None:
    known = knowing(elsewhere="mercy")
    assert known_for(known, asked(), asked()).elsewhere == "mercy"
    assert known_for(known, asked(), replace(asked(), url="http://localhost:7425/other")).elsewhere == ""


def test_whose_grant_it_is_stands_in_the_refusal_of_a_request_that_names_nobody() -> None:
    (refusal, *_) = examined(asked(client_id=None), knowing(client=None, owner=OTHER)).refusals
    assert (refusal.name, refusal.facts["expected"], refusal.facts["owner"]) == (
        "client-id-missing-in-body",
        "other",
        "other",
    )
    (refusal, *_) = examined(asked(client_id=None), knowing(client=None)).refusals
    assert (refusal.facts["expected"], "owner" in refusal.facts) == (None, False)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("no.jwt", "assertion-not-jwt"),
        ("e30.e30.", "assertion-client-mismatch"),
        ("e30.eyJpc3MiOiJ4In0.", "assertion-client-mismatch"),
    ],
)
def test_an_assertion_that_cannot_be_read_names_nobody_and_that_alone_is_said(sent: str, name: str) -> None:
    request = asked(client_id=None, client_assertion=sent, client_assertion_type=client_authentication.JWT_BEARER)
    assert said(request, knowing(client=None)) == (name, "invalid_client", 400)
    facts = next(one for one in examined(request, knowing(client=None)).refusals).facts
    assert facts.get("parts") == (2 if name == "assertion-not-jwt" else None)


def test_secrets_are_those_of_the_header_by_both_readings_and_of_the_body() -> None:
    assert client_authentication.secrets(asked()) == ()
    assert client_authentication.secrets(asked(client_secret="a")) == ("a",)
    assert client_authentication.secrets(asked(headers={"Authorization": basic("app:a+b")})) == ("a b", "a+b")
    assert client_authentication.secrets(asked(headers={"Authorization": "Basic !"})) == ()


def test_the_keys_are_those_of_the_assertion_that_was_sent() -> None:
    known = knowing(jwks={"keys": []}, seen_jti=("j",))
    kept = known_for(known, asked(client_assertion="a.b.c"), asked(client_assertion="a.b.c", scope="x"))
    assert (kept.jwks, kept.seen_jti) == ({"keys": []}, ("j",))
    mended = known_for(known, asked(), asked(client_assertion="a.b.c"))
    assert (mended.jwks, mended.seen_jti) == (UNKNOWN, ())


@pytest.mark.parametrize(("sent", "meant"), [("a.b.c", "client_credentials"), (None, None)])
def test_with_an_assertion_alone_a_service_asks_for_itself(sent: str | None, meant: str | None) -> None:
    form: dict[str, str | None] = {"client_assertion": sent, "scope": "system/Patient.rs"}
    for grant in (None, "jwt-bearer"):
        refused = [one for one in examined(asked(form, grant_type=grant)).refusals if one.name.startswith("grant-type-")]
        assert [one.facts["expected"] for one in refused] == [meant]


def test_scopes_of_a_refresh_are_separated_by_spaces_and_that_is_said_alone() -> None:
    assert said(asked(REFRESH_FORM, scope="patient/Patient.rs,patient/Observation.rs"), REFRESHING) == (
        "scope-comma-separated",
        "invalid_scope",
        400,
    )
    assert said(asked(REFRESH_FORM, scope="patient/Patient.rs patient/Observation.rs"), REFRESHING) is None


@pytest.mark.parametrize(("type", "body", "wrong"), [(None, "", False), (None, "a=b", True), ("text/plain", "", True)])
def test_where_there_is_nothing_to_read_its_type_is_no_fault(type: str | None, body: str, wrong: bool) -> None:
    headers = {} if type is None else {"content-type": type}
    request = token_parameters.read("POST", "http://a/token", headers, body)
    assert (token.body_is_a_form.decide(request, KNOWN) is not None) is wrong
