"""authlib, unmodified, as a backend service: signs with its own key, which Sickbay fetches from its JWKS URL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey
from tests.clients.client_kit import AdminClient
from tests.clients.origins import serves

KEYS: dict[str, ECKey | RSAKey] = {
    "ES384": ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384"}),
    "RS384": RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS384"}),
}


@pytest.fixture(scope="module")
def keys() -> Iterator[str]:
    """The URL of the public keys."""
    body = json.dumps({"keys": [key.as_dict(private=False) for key in KEYS.values()]}).encode()
    with serves(lambda path: ("application/json", body)) as port:
        yield f"http://localhost:{port}/jwks.json"


def session(client_id: str, endpoint: str, algorithm: str) -> OAuth2Session:
    """Returns a session for one token.

    With given claims authlib reuses their jti, and without them an assertion is valid for an hour.
    """
    key = KEYS[algorithm]
    method = PrivateKeyJWT(endpoint, {"exp": int(time.time()) + 240}, {"kid": key.kid, "typ": "JWT"}, algorithm)
    oauth = OAuth2Session(client_id, key, scope="system/Patient.rs", token_endpoint_auth_method=method)
    oauth.trust_env = False
    return oauth


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_a_backend_service_gets_tokens_with_its_key_and_reads(sickbay: AdminClient, keys: str, algorithm: str) -> None:
    app = sickbay.register(type="system", client="asymmetric", scope="system/Patient.rs", jwks_uri=keys)
    with sickbay.http as http:
        smart = http.get(sickbay.fhir("r4") + "/.well-known/smart-configuration").json()
    assert algorithm in smart["token_endpoint_auth_signing_alg_values_supported"]
    for _ in range(2):
        oauth = session(app["client_id"], smart["token_endpoint"], algorithm)
        token = oauth.fetch_token(smart["token_endpoint"], grant_type="client_credentials")
        assert token["expires_in"] == 300
        assert "refresh_token" not in token
    assert oauth.get(sickbay.fhir("r4") + "/Patient", params={"name": "Peters"}).json()["entry"]
    findings = [
        finding["id"]
        for exchange in sickbay.exchanges(app)
        for finding in exchange["findings"]
        if finding["severity"] != "info"
    ]
    assert findings == []
