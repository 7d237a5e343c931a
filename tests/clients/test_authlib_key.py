"""authlib, unmodified, as a backend service: it signs with its own key, and Sickbay fetches the key from it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey
from tests.clients.client_kit import Desk
from tests.clients.origins import serves

KEYS = {
    "ES384": ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384"}),
    "RS384": RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS384"}),
}


@pytest.fixture(scope="module")
def keys() -> Iterator[str]:
    """The address of the public keys."""
    body = json.dumps({"keys": [one.as_dict(private=False) for one in KEYS.values()]}).encode()
    with serves(lambda path: ("application/json", body)) as port:
        yield f"http://localhost:{port}/jwks.json"


def session(client_id: str, endpoint: str, algorithm: str) -> OAuth2Session:
    """For one token: authlib keeps the jti of claims that it is given, and without them an assertion lives an hour."""
    key = KEYS[algorithm]
    method = PrivateKeyJWT(endpoint, {"exp": int(time.time()) + 240}, {"kid": key.kid, "typ": "JWT"}, algorithm)
    made = OAuth2Session(client_id, key, scope="system/Patient.rs", token_endpoint_auth_method=method)
    made.trust_env = False
    return made


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_a_service_reads_with_tokens_that_it_gets_by_its_signature(desk: Desk, keys: str, algorithm: str) -> None:
    app = desk.register(type="system", client="asymmetric", scope="system/Patient.rs", jwks_uri=keys)
    with desk.http as http:
        smart = http.get(desk.fhir("r4") + "/.well-known/smart-configuration").json()
    assert algorithm in smart["token_endpoint_auth_signing_alg_values_supported"]
    for _ in range(2):
        here = session(app["client_id"], smart["token_endpoint"], algorithm)
        token = here.fetch_token(smart["token_endpoint"], grant_type="client_credentials")
        assert token["expires_in"] == 300
        assert "refresh_token" not in token
    assert here.get(desk.fhir("r4") + "/Patient", params={"name": "Peters"}).json()["entry"]
    said = [finding["id"] for one in desk.exchanges(app) for finding in one["findings"] if finding["severity"] != "info"]
    assert said == []
