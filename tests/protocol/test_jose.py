"""Keys and signatures."""

from __future__ import annotations

import json
from functools import cache

import pytest

from sickbay.protocol import jose


@cache
def key() -> str:
    return jose.generate()


def test_the_public_key_set_holds_nothing_private() -> None:
    (public,) = jose.key_set([key()])["keys"]
    assert set(public) == {"kty", "n", "e", "kid", "use", "alg"}


def test_a_signed_token_is_verified_by_the_public_key_and_names_it() -> None:
    public = jose.public(key())
    text = jose.sign({"sub": "1"}, key())
    read = jose.peek(text)
    assert read is not None
    assert read.header == {"alg": "RS256", "typ": "JWT", "kid": public["kid"]}
    assert read.claims == {"sub": "1"}
    assert jose.verify(text, public, ["RS256"])


@pytest.mark.parametrize("algorithms", [["RS384"], ["ES384"], ["HS256"]])
def test_an_algorithm_that_is_not_named_verifies_nothing(algorithms: list[str]) -> None:
    assert not jose.verify(jose.sign({"sub": "1"}, key()), jose.public(key()), algorithms)


def test_a_changed_claim_and_a_foreign_key_are_noticed() -> None:
    head, body, signature = jose.sign({"sub": "1"}, key()).split(".")
    other = jose.sign({"sub": "2"}, key()).split(".")[1]
    assert not jose.verify(f"{head}.{other}.{signature}", jose.public(key()), ["RS256"])
    assert not jose.verify(f"{head}.{body}.{signature}", jose.public(jose.generate()), ["RS256"])


def test_no_symmetric_key_verifies() -> None:
    assert not jose.verify("a.b.c", {"kty": "oct", "k": "AAAA"}, ["HS256"])


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "e30.W10.x", "é.é.é", json.dumps({})])
def test_what_is_no_jwt_is_not_peeked_into(text: str) -> None:
    assert jose.peek(text) is None
