"""Each scope asked has its line, and a refresh token that did not come has its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization import samples

from sickbay.authorization.authorize.granting import GrantedScope
from sickbay.authorization.scope_negotiation import LEFT_OUT, STAYS, Negotiated, given, negotiated, refreshed, service

OFFERED = (
    GrantedScope("launch", True),
    GrantedScope("patient/Observation.rs", True),
    GrantedScope("openid", True),
    GrantedScope("offline_access", False, "isn't registered for this app"),
)
PART = "patient/Observation.rs?category=laboratory"


def test_every_scope_asked_has_its_line_and_what_became_of_it() -> None:
    assert negotiated(OFFERED, ("launch", PART)) == (
        Negotiated("launch", "launch"),
        Negotiated("patient/Observation.rs", PART, "was narrowed by the user"),
        Negotiated("openid", "", "was unticked by the user"),
        Negotiated("offline_access", "", "isn't registered for this app"),
    )


def test_where_nobody_was_asked_nobody_unticked_it() -> None:
    assert negotiated(OFFERED[:1], (), automatic=True)[0].reason == "isn't among the scopes of auto_approve"


@pytest.mark.parametrize(
    ("rows", "scope", "wanted", "why"),
    [
        ([Negotiated("openid", "openid")], "openid", False, "Neither offline_access nor online_access was requested."),
        (negotiated(OFFERED, ("launch",)), "launch", True, "offline_access isn't registered for this app"),
        ([Negotiated("online_access", "online_access")], "online_access", True, "not for the grant type refresh_token"),
    ],
)
def test_without_a_refresh_token_there_is_a_reason(rows, scope: str, wanted: bool, why: str) -> None:
    client = replace(samples.CLIENT, grant_types=("authorization_code",))
    told = given(rows, scope, client, False)
    assert why in told.refresh
    assert told.wanted is wanted


def test_with_one_there_is_none() -> None:
    assert given([], "offline_access", samples.CLIENT, True).refresh == ""


def test_what_came_narrower_is_listed() -> None:
    told = given(negotiated(OFFERED, ("launch", PART)), "launch", samples.CLIENT, False)
    assert [one.asked for one in told.narrower] == ["patient/Observation.rs", "openid", "offline_access"]


def test_an_app_that_may_refresh_and_gets_none_is_public() -> None:
    told = given([Negotiated("offline_access", "offline_access")], "offline_access", samples.CLIENT, False)
    assert told.refresh == "This server doesn't issue refresh tokens to public apps."


def test_who_speaks_for_itself_has_what_it_asked_for_and_no_refresh_token() -> None:
    told = service((("system/Patient.rs", True, ""), ("system/Made.rs", False, "isn't registered for this app")))
    assert [one.granted for one in told.scopes] == ["system/Patient.rs", ""]
    assert [one.reason for one in told.narrower] == ["isn't registered for this app"]
    assert told.refresh.startswith("With client credentials")


def test_a_refresh_tells_what_was_left_out() -> None:
    told = refreshed("openid user/Patient.rs", "openid", True)
    assert told.refresh == ""
    assert [(one.asked, one.granted) for one in told.scopes] == [("openid", "openid"), ("user/Patient.rs", "")]
    assert [one.reason for one in told.narrower] == [LEFT_OUT]
    assert refreshed("openid", "openid", False).refresh == STAYS


@pytest.mark.parametrize(
    ("rows", "scope", "grants", "told"),
    [
        ([Negotiated("openid", "openid")], "openid", (), "Neither offline_access nor online_access was requested."),
        (
            [Negotiated("online_access", "online_access")],
            "online_access",
            ("authorization_code", "client_credentials"),
            "The app is registered for authorization_code and client_credentials, not for the grant type refresh_token.",
        ),
        (
            [Negotiated("offline_access", "", "was unticked"), Negotiated("online_access", "", "is not registered")],
            "",
            (),
            "offline_access was unticked, and online_access is not registered.",
        ),
    ],
)
def test_the_reason_is_a_sentence(rows, scope: str, grants: tuple[str, ...], told: str) -> None:
    client = replace(samples.CLIENT, grant_types=grants)
    assert given(rows, scope, client, False).refresh == told


@pytest.mark.parametrize(
    ("offered", "reason"),
    [(("a", True, "was not asked for"), "was not asked for"), (("a", True, ""), ""), (("a", False, "is unknown"), "")],
)
def test_of_what_was_granted_only_why_it_came_unasked_is_told(offered: tuple[str, bool, str], reason: str) -> None:
    assert negotiated([offered], ["a"]) == (Negotiated("a", "a", reason),)
