"""Phrases that several rules share."""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.kernel.checks import Facts
from sickbay.kernel.english import count, join

DYNAMIC_REGISTRATION = "Only dynamic registration makes this check, and it responds in OAuth's form."
"""Why some refusals of a registration aren't those of /admin."""
KEY_PRIVATE = "Anyone who reads the private key can sign as your app. Only the public key may leave the machine that signs."
NEW_KEY_PAIR = (
    "Create a new key, because this one is exposed. Publish only its public members: kty, crv, x and y, or kty, n and e, with "
    "kid and alg."
)
KEY_WEAK = "Anyone who can compute the private key can sign as your app. RFC 7518 requires RSA keys of 2048 bits or more."
STRONG_KEY = "Create a new key, either RSA with at least 2048 bits or EC with the curve P-384. Publish it, and sign with it."
KEY_UNSUITED = "The server respects `use`, `key_ops`, `alg` and `crv` of a JWK. They say that this key is for another purpose."
SUITED_KEY = 'Publish a key with "use": "sig" and an alg that fits its kty and crv: RS384 for RSA, ES384 for P-384.'
"""What is wrong with a key of an app, and what to do, whether it is found at registration or when the app signs with it."""


def add_count(facts: Facts) -> Facts:
    """The facts with `count` as words in `counted`: 1 problem, 2 problems."""
    return {**facts, "counted": count(facts["count"], "problem")}


def join_as_code(items: Iterable[object], *, word: str = "and") -> str:
    """The items as a phrase: `a`, `a` and `b`, `a`, `b` and `c`. Without items it is "none"."""
    return join([f"`{item}`" for item in items] or ["none"], word)
