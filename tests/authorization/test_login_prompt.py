"""A person is asked as the app wishes: again, after so long, or not at all."""

from __future__ import annotations

import pytest

from sickbay.authorization.login_prompt import Wishes, signs_in_anew, wishes
from sickbay.authorization.models import User
from sickbay.protocol import jose
from sickbay.protocol.parameters import encode, parse

USER = User("okafor", "general", "Practitioner/pr-1", sub="general-okafor")
HINT = jose.sign({"sub": "general-okafor"}, jose.generate())
FOREIGN = jose.sign({"sub": "somebody"}, jose.generate())


def wished(**sent: str) -> Wishes:
    return wishes(parse(encode(list(sent.items()))))


def anew(fresh: bool = False, auth_time: int | None = 1000, **sent: str) -> bool:
    return signs_in_anew(wished(**sent), USER, auth_time=auth_time, now=1100, fresh=fresh)


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
def test_who_is_signed_in_signs_in_again_where_the_app_wishes_it(sent: dict[str, str], again: bool) -> None:
    assert anew(**sent) is again


def test_once_somebody_did_it_is_enough() -> None:
    assert not anew(fresh=True, prompt="login", max_age="0")


def test_a_sign_in_of_no_known_time_is_not_too_old() -> None:
    assert not anew(auth_time=None, max_age="1")


def test_the_wishes_are_read_apart() -> None:
    assert wished(prompt="none").silent
    assert wished(prompt="login consent").consent
    assert wished(login_hint="okafor").hint == "okafor"


def test_who_wishes_nothing_is_asked_as_usual() -> None:
    assert wished() == Wishes()
    assert wished(prompt="none consent").prompts == {"none", "consent"}
    assert wished(login_hint="anna").hint == "anna"


@pytest.mark.parametrize(("sent", "age"), [("0", 0), ("9" * 9, 999_999_999), ("9" * 10, None), ("\u0661", None), ("-1", None)])
def test_an_age_has_nine_digits_at_most(sent: str, age: int | None) -> None:
    assert wished(max_age=sent).max_age == age
