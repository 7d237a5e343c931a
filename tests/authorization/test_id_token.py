"""The claims of an id_token."""

from __future__ import annotations

import pytest

from sickbay.authorization import id_token
from sickbay.authorization.models import User

USER = User("anna", "general", "Practitioner/pr-1", sub="s-1")


def claims(scope: str, **more: object) -> dict[str, object]:
    return id_token.claims(issuer="iss", client_id="app", user=USER, base="http://h/r4", scope=scope, now=10, **more)  # type: ignore[arg-type]


def test_the_claims_that_openid_requires() -> None:
    assert claims("openid") == {"iss": "iss", "sub": "s-1", "aud": "app", "iat": 10, "exp": 10 + id_token.LIFETIME}


def test_the_nonce_and_the_time_of_sign_in_are_echoed() -> None:
    values = claims("openid", nonce="n", auth_time=5)
    assert (values["nonce"], values["auth_time"]) == ("n", 5)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid fhirUser", {"fhirUser"}),
        ("openid profile", {"profile"}),
        ("openid fhirUser profile", {"fhirUser", "profile"}),
    ],
)
def test_the_scopes_decide_which_claims_have_the_users_absolute_url(scope: str, names: set[str]) -> None:
    values = {name: value for name, value in claims(scope).items() if name in ("fhirUser", "profile")}
    assert values == dict.fromkeys(names, "http://h/r4/Practitioner/pr-1")


@pytest.mark.parametrize(("scope", "due"), [("openid fhirUser", True), ("fhirUser", False), ("openidx", False)])
def test_only_the_scope_openid_requires_an_id_token(scope: str, due: bool) -> None:
    assert id_token.is_due(scope) is due


@pytest.mark.parametrize(
    ("base", "reference", "url"),
    [
        ("http://x/r4", "Practitioner/1", "http://x/r4/Practitioner/1"),
        ("http://x/r4/", "Practitioner/1", "http://x/r4/Practitioner/1"),
        ("http://x/r4", "https://y/r4/Practitioner/1", "https://y/r4/Practitioner/1"),
    ],
)
def test_the_users_reference_becomes_an_absolute_url(base: str, reference: str, url: str) -> None:
    user = User("anna", "general", reference)
    values = id_token.claims(issuer="i", client_id="c", user=user, base=base, scope="openid fhirUser", now=0)
    assert values["fhirUser"] == url
    assert values["sub"] == "anna"
