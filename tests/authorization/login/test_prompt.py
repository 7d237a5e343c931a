"""The app decides how the user signs in: again, after a certain time, or without a page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.one_key import rsa_key

from sickbay.authorization.login.prompt import LONGEST_AGE, SignInParameters, needs_new_sign_in, sign_in_parameters
from sickbay.authorization.models import User
from sickbay.protocol import jose
from sickbay.protocol.parameters import encode, parse

USER = User("okafor", "general", "Practitioner/pr-1", sub="general-okafor")
HINT = jose.sign({"sub": "general-okafor"}, rsa_key())
FOREIGN = jose.sign({"sub": "another-user"}, rsa_key())


def wish(**sent: str) -> SignInParameters:
    return sign_in_parameters(parse(encode(list(sent.items()))))


def signs_in_again(fresh: bool = False, auth_time: int | None = 1000, **sent: str) -> bool:
    return needs_new_sign_in(wish(**sent), USER, auth_time=auth_time, now=1100, fresh=fresh)


@pytest.mark.parametrize(
    ("sent", "again"),
    [
        ({}, False),
        ({"prompt": "login"}, True),
        ({"prompt": "select_account consent"}, True),
        ({"prompt": "consent"}, False),
        ({"max_age": "100"}, False),
        ({"max_age": "99"}, True),
        ({"max_age": "0"}, True),
        ({"max_age": "soon"}, False),
        ({"max_age": "-1"}, False),
        ({"max_age": "9" * 30}, False),
        ({"prompt": "none"}, False),
        ({"prompt": "none", "id_token_hint": HINT}, False),
        ({"prompt": "none", "id_token_hint": FOREIGN}, True),
        ({"id_token_hint": FOREIGN}, False),
        ({"prompt": "none", "id_token_hint": "no token"}, False),
    ],
)
def test_a_signed_in_user_signs_in_again_if_the_app_requires_it(sent: dict[str, Any], again: bool) -> None:
    assert signs_in_again(**sent) is again


def test_signing_in_again_once_is_enough() -> None:
    assert not signs_in_again(fresh=True, prompt="login", max_age="0")


def test_a_sign_in_at_an_unknown_time_is_not_too_old() -> None:
    assert not signs_in_again(auth_time=None, max_age="1")


def test_each_parameter_is_read_separately() -> None:
    assert wish(prompt="none").is_silent
    assert wish(prompt="login consent").consent
    assert wish(login_hint="okafor").hint == "okafor"


def test_without_parameters_the_sign_in_is_as_usual() -> None:
    assert wish() == SignInParameters()
    assert wish(prompt="none consent").prompts == {"none", "consent"}
    assert wish(login_hint="anna").hint == "anna"


@given(st.integers(0, 10**40), st.integers(0, 40))
def test_max_age_is_every_whole_number_up_to_a_thousand_years(seconds: int, zeros: int) -> None:
    assert wish(max_age="0" * zeros + str(seconds)).max_age == min(seconds, LONGEST_AGE)


@pytest.mark.parametrize("sent", ["", "-1", "+1", "1.0", "1e3", " 1", "\u0661", "60s"])
def test_nothing_else_is_an_age(sent: str) -> None:
    assert wish(max_age=sent).max_age is None
