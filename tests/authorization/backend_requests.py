"""Token requests of a backend service with a signed assertion."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import import_key
from msgspec import structs
from tests.authorization.token_requests import KNOWN, NOW, URL, token_request
from tests.one_key import rsa_key

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import JWT_BEARER
from sickbay.protocol import jose

SERVER = Server(token_endpoint=URL, grants=("client_credentials",))
CLAIMS = {"iss": "app", "sub": "app", "aud": URL, "exp": NOW + 240, "jti": "j1"}


@cache
def key() -> str:
    """Returns a key that isn't bound to one algorithm."""
    return json.dumps({name: value for name, value in json.loads(rsa_key()).items() if name != "alg"})


@cache
def sign(**changed: Any) -> str:
    return jose.sign({name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}, key(), "RS384")


def client() -> Client:
    return Client("app", client="asymmetric", grant_types=("client_credentials",), scope="system/*.rs")


def sample_context(keys: Sequence[Mapping[str, object]] | None = None, **changed: Any) -> TokenContext:
    published = {"keys": [jose.public_members(key())] if keys is None else keys}
    return structs.replace(KNOWN, client=client(), code=None, server=SERVER, jwks=published, **changed)


def request(assertion: str, **changed: Any) -> TokenRequest:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
    }
    return token_request(form, **changed)


def _with_header(**more: object) -> str:
    """Signs the assertion again with additional header members."""
    jwt = jose.decode_unverified(sign())
    assert jwt is not None
    return str(
        jws.serialize_compact(
            {**jwt.header, **more}, json.dumps(jwt.claims), import_key(json.loads(key())), list(jose.ALGORITHMS)
        )
    )
