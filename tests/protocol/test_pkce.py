"""PKCE: the test vector of RFC 7636, appendix B, and the mistakes that are recognised."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.authorize.code_challenge import is_challenge
from sickbay.protocol import pkce

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
verifiers = st.text(string.ascii_letters + string.digits + "-._~", min_size=43, max_size=128)


def test_the_test_vector_of_the_specification_matches() -> None:
    assert pkce.make_challenge(VERIFIER) == CHALLENGE
    assert pkce.is_match(VERIFIER, CHALLENGE)


@given(verifiers)
def test_every_verifier_matches_its_own_well_formed_challenge(verifier: str) -> None:
    challenge = pkce.make_challenge(verifier)
    assert pkce.is_verifier(verifier)
    assert is_challenge(challenge)
    assert pkce.is_match(verifier, challenge)
    assert pkce.find_mistake(verifier, challenge) is None


@given(verifiers, verifiers)
def test_another_verifier_does_not_match(verifier: str, other: str) -> None:
    assert pkce.is_match(verifier, pkce.make_challenge(other)) == (verifier == other)


@pytest.mark.parametrize(
    "text", ["a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "=", "a" * 42 + " ", "a" * 43 + "\n", "é" * 43]
)
def test_a_verifier_outside_the_grammar_is_refused(text: str) -> None:
    assert not pkce.is_verifier(text)


@pytest.mark.parametrize(
    ("sent", "slip"),
    [
        (VERIFIER, "not-hashed"),
        ("13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3", "hex"),
        ("13D31E961A1AD8EC2F16B10C4C982E0876A878AD6DF144566EE1894ACB70F9C3", "hex"),
        (CHALLENGE + "=", "padded"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM=", "base64"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "base64"),
        ("a" * 43, None),
    ],
)
def test_common_mistakes_are_distinguished(sent: str, slip: str | None) -> None:
    assert pkce.find_mistake(VERIFIER, sent) == slip
