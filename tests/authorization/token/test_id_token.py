"""The claims of an id_token. One key signs, one waits, and retired keys verify for as long as their tokens can live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.models import User
from sickbay.authorization.token import id_token
from sickbay.authorization.token.id_token import (
    AGE,
    KEPT,
    Retired,
    Ring,
    add_next_key,
    list_published_keys,
    rotate_ring,
    rotation_is_due,
)

USER = User("anna", "general", "Practitioner/pr-1", sub="s-1")


def claims(scope: str, **more: object) -> dict[str, object]:
    return id_token.make_claims(issuer="iss", client_id="app", user=USER, base="http://h/r4", scope=scope, now=10, **more)  # type: ignore[arg-type]


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
    values = id_token.make_claims(issuer="i", client_id="c", user=user, base=base, scope="openid fhirUser", now=0)
    assert values["fhirUser"] == url
    assert values["sub"] == "anna"


def test_the_waiting_key_signs_next_and_the_signing_key_retires() -> None:
    ring = rotate_ring(Ring("a", 0, "b"), 100, "c")
    assert (ring.active, ring.next, [retired.key for retired in ring.retired]) == ("b", "c", ["a"])


def test_without_a_waiting_key_a_new_one_signs() -> None:
    assert rotate_ring(Ring("a", 0), 100, "c", "b").active == "b"


def test_a_waiting_key_is_not_replaced() -> None:
    assert add_next_key(add_next_key(Ring("a", 0), "b"), "c").next == "b"


def test_a_key_is_due_for_rotation_at_its_maximum_age() -> None:
    assert not rotation_is_due(Ring("a", 0), AGE - 1)
    assert rotation_is_due(Ring("a", 0), AGE)


@given(st.lists(st.integers(0, 2 * KEPT), max_size=8))
def test_every_key_is_published_before_it_signs_until_its_tokens_expire(pauses: list[int]) -> None:
    ring, now = Ring("k0", 0, "k1"), 0
    for number, pause in enumerate(pauses):
        for at in (now, now + pause):
            assert list_published_keys(ring, at)[:2] == (ring.active, ring.next)
        now += pause
        before = ring
        ring = rotate_ring(ring, now, f"k{number + 2}")
        assert ring.active == before.next
        assert before.active in list_published_keys(ring, now + id_token.LIFETIME)
        assert before.active not in list_published_keys(ring, now + KEPT)


def test_a_retired_key_stays_published_for_exactly_one_week() -> None:
    ring = Ring("b", 50, "", (Retired("a", 100),))
    assert list_published_keys(ring, 100 + KEPT - 1) == ("b", "a")
    assert list_published_keys(ring, 100 + KEPT) == ("b",)
    assert rotate_ring(ring, 100 + KEPT - 1, "c", "x").retired == (Retired("b", 100 + KEPT - 1), Retired("a", 100))
    late = rotate_ring(ring, 100 + KEPT, "c", "x")
    assert list_published_keys(late, 100 + KEPT) == ("x", "c", "b")


def test_retired_keys_are_kept_for_a_clock_that_is_moved_back_but_only_a_few() -> None:
    ring, now = Ring("k0", 0, "k1"), 0
    for number in range(2, 12):
        now += KEPT
        ring = rotate_ring(ring, now, f"k{number}")
    assert [retired.key for retired in ring.retired] == ["k9", "k8", "k7", "k6", "k5"]
    assert "k5" in list_published_keys(ring, now - 4 * KEPT)


def test_the_age_of_a_key_counts_from_its_start() -> None:
    assert not rotation_is_due(Ring("a", 500), 500 + AGE - 1)
    assert rotation_is_due(Ring("a", 500), 500 + AGE)
