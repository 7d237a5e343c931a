"""The RSA key of the tests that don't depend on which one it is. To generate one and sign takes as long as ten tests."""

from __future__ import annotations

from functools import cache

from sickbay.protocol import jose


@cache
def rsa_key() -> str:
    return jose.generate()
