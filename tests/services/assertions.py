"""A backend service for tests: its keys and the assertions that it signs."""

from __future__ import annotations

import json
import time
import uuid
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from sickbay.authorization.token.client_authentication import JWT_BEARER
from sickbay.protocol import jose

TOKEN = "http://localhost:7425/general/oauth/token"


def key(kid: str = "k1", kind: str = "ES384") -> str:
    """A private key as JSON, the same at every call."""
    return _generate(kid, kind)


@cache
def _generate(kid: str, kind: str) -> str:
    private_key = ECKey.generate_key("P-384", {"kid": kid}) if kind == "ES384" else RSAKey.generate_key(2048, {"kid": kid})
    return json.dumps(private_key.as_dict(private=True))


def jwks(*keys: str) -> dict[str, Any]:
    return {"keys": [jose.public_members(private_key) for private_key in keys or (key(),)]}


def sign(client_id: str, kid: str = "k1", kind: str = "ES384", **changed: Any) -> str:
    claims = {"iss": client_id, "sub": client_id, "aud": TOKEN, "exp": int(time.time()) + 240, "jti": uuid.uuid4().hex}
    claims_to_sign = {name: value for name, value in (claims | changed).items() if value is not None}
    return jose.sign(claims_to_sign, key(kid, kind), kind)


def form(assertion: str, scope: str | None = "system/Patient.rs", **more: str) -> dict[str, str]:
    parameters = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        **more,
    }
    return {name: value for name, value in parameters.items() if value is not None}
