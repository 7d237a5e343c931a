"""Each requested scope gets a result, and a missing refresh token gets a reason."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization import samples

from sickbay.authorization.scopes.granting import GrantedScope
from sickbay.authorization.scopes.negotiation import (
    LEFT_OUT,
    STAYS,
    Negotiated,
    explain_negotiation,
    summarise_grant,
    summarise_refresh,
    summarise_service,
)

OFFERED = (
    GrantedScope("launch", True),
    GrantedScope("patient/Observation.rs", True),
    GrantedScope("openid", True),
    GrantedScope("offline_access", False, "isn't registered for this app"),
)
PART = "patient/Observation.rs?category=laboratory"


def test_every_requested_scope_has_its_result() -> None:
    assert explain_negotiation(OFFERED, ("launch", PART)) == (
        Negotiated("launch", "launch"),
        Negotiated("patient/Observation.rs", PART, "was narrowed by the user"),
        Negotiated("openid", "", "was unticked by the user"),
        Negotiated("offline_access", "", "isn't registered for this app"),
    )


def test_automatic_approval_is_named_as_the_reason() -> None:
    assert explain_negotiation(OFFERED[:1], (), automatic=True)[0].reason == "isn't among the scopes of auto_approve"


@pytest.mark.parametrize(
    ("rows", "scope", "requested", "reason"),
    [
        ([Negotiated("openid", "openid")], "openid", False, "Neither offline_access nor online_access was requested."),
        (explain_negotiation(OFFERED, ("launch",)), "launch", True, "offline_access isn't registered for this app"),
        ([Negotiated("online_access", "online_access")], "online_access", True, "not for the grant type refresh_token"),
    ],
)
def test_without_a_refresh_token_there_is_a_reason(rows: list[Negotiated], scope: str, requested: bool, reason: str) -> None:
    client = structs.replace(samples.CLIENT, grant_types=("authorization_code",))
    summary = summarise_grant(rows, scope, client, False)
    assert reason in summary.refresh
    assert summary.wanted is requested


def test_with_a_refresh_token_there_is_no_reason() -> None:
    assert summarise_grant([], "offline_access", samples.CLIENT, True).refresh == ""


def test_narrowed_scopes_are_listed() -> None:
    summary = summarise_grant(explain_negotiation(OFFERED, ("launch", PART)), "launch", samples.CLIENT, False)
    assert [row.asked for row in summary.narrower] == ["patient/Observation.rs", "openid", "offline_access"]


def test_a_public_app_without_refresh_tokens_gets_that_reason() -> None:
    summary = summarise_grant([Negotiated("offline_access", "offline_access")], "offline_access", samples.CLIENT, False)
    assert summary.refresh == "This server doesn't issue refresh tokens to public apps."


def test_a_service_gets_its_scopes_and_no_refresh_token() -> None:
    summary = summarise_service((("system/Patient.rs", True, ""), ("system/Made.rs", False, "isn't registered for this app")))
    assert [row.granted for row in summary.scopes] == ["system/Patient.rs", ""]
    assert [row.reason for row in summary.narrower] == ["isn't registered for this app"]
    assert summary.refresh.startswith("With client credentials")


def test_a_refresh_lists_dropped_scopes() -> None:
    summary = summarise_refresh("openid user/Patient.rs", "openid", True)
    assert summary.refresh == ""
    assert [(row.asked, row.granted) for row in summary.scopes] == [("openid", "openid"), ("user/Patient.rs", "")]
    assert [row.reason for row in summary.narrower] == [LEFT_OUT]
    assert summarise_refresh("openid", "openid", False).refresh == STAYS


@pytest.mark.parametrize(
    ("rows", "scope", "grants", "expected"),
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
def test_the_reason_is_a_sentence(rows: list[Negotiated], scope: str, grants: tuple[str, ...], expected: str) -> None:
    client = structs.replace(samples.CLIENT, grant_types=grants)
    assert summarise_grant(rows, scope, client, False).refresh == expected


@pytest.mark.parametrize(
    ("offered", "reason"),
    [(("a", True, "was not asked for"), "was not asked for"), (("a", True, ""), ""), (("a", False, "is unknown"), "")],
)
def test_a_granted_scope_has_a_reason_only_if_it_was_added(offered: tuple[str, bool, str], reason: str) -> None:
    assert explain_negotiation([offered], ["a"]) == (Negotiated("a", "a", reason),)
