"""A backend service for tests: a key, and the assertions it signs."""

from __future__ import annotations

import json
import time
import uuid
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from sickbay.authorization.client_authentication import JWT_BEARER
from sickbay.protocol import jose

TOKEN = "http://localhost:7425/general/oauth/token"


def key(kid: str = "k1", kind: str = "ES384") -> str:
    """A private key as JSON, the same each time."""
    return _made(kid, kind)


@cache
def _made(kid: str, kind: str) -> str:
    made = ECKey.generate_key("P-384", {"kid": kid}) if kind == "ES384" else RSAKey.generate_key(2048, {"kid": kid})
    return json.dumps(made.as_dict(private=True))


def jwks(*keys: str) -> dict[str, Any]:
    return {"keys": [jose.public(one) for one in keys or (key(),)]}


def signed(client_id: str, kid: str = "k1", kind: str = "ES384", **changed: Any) -> str:
    claims = {"iss": client_id, "sub": client_id, "aud": TOKEN, "exp": int(time.time()) + 240, "jti": uuid.uuid4().hex}
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    return jose.sign(kept, key(kid, kind), kind)


def form(assertion: str, scope: str | None = "system/Patient.rs", **more: str) -> dict[str, str]:
    asked = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        **more,
    }
    return {name: value for name, value in asked.items() if value is not None}
