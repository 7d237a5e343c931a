"""Keys and signatures."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from functools import cache

import pytest
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

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


def test_a_key_of_another_kind_signs_nothing_and_verifies_nothing() -> None:
    edwards = OKPKey.generate_key("Ed25519", {"kid": "o"})
    with pytest.raises(TypeError, match="cannot sign with a key of the kind OKP"):
        jose.sign({"sub": "1"}, json.dumps(edwards.as_dict(private=True)))
    text = jose.sign({"sub": "1"}, key())
    assert not jose.verify(text, edwards.as_dict(private=False), ["RS256"])
    for broken in ({}, {"kty": "RSA"}, {"kty": "RSA", "n": 5, "e": "AQAB"}, {"kty": "nonsense"}):
        assert not jose.verify(text, broken, ["RS256"])


def test_an_algorithm_that_its_key_is_not_for_signs_nothing() -> None:
    for other in ("ES384", "RS384", "HS256"):
        with pytest.raises(JoseError):
            jose.sign({"sub": "1"}, key(), other)
    assert len({jose.sign({"sub": "1"}, one).partition(".")[0] for one in (key(), jose.generate())}) == 2


@pytest.mark.parametrize(
    ("kty", "algorithm", "fits"),
    [("RSA", "RS384", True), ("EC", "ES384", True), ("EC", "RS384", False), ("RSA", "ES384", False), ("RSA", "RS256", True),
     ("RSA", "PS512", True), ("EC", "ES256", True), ("OKP", "EdDSA", False), ("oct", "HS256", False), ("RSA", ["RS384"], False),
     (None, "none", False), ("RSA", None, False)],
)  # fmt: skip
def test_an_algorithm_needs_its_kind_of_key(kty: str | None, algorithm: object, fits: bool) -> None:
    assert jose.fits({"kty": kty}, algorithm) is fits


@pytest.mark.parametrize("claim", ["NaN", "-Infinity", "1e400", "1" * 19, "-" + "1" * 18, "[" * 100_000])
def test_what_json_cannot_hold_is_no_jwt(claim: str) -> None:
    part = urlsafe_b64encode(f'{{"exp": {claim}}}'.encode()).decode().rstrip("=")
    assert jose.peek(f"e30.{part}.x") is None


def test_numbers_that_it_can_hold_are_read() -> None:
    part = urlsafe_b64encode(b'{"exp": 1764000000, "iat": 1.5}').decode().rstrip("=")
    read = jose.peek(f"e30.{part}.x")
    assert read is not None
    assert read.claims == {"exp": 1764000000, "iat": 1.5}
