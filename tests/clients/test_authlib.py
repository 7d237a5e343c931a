"""authlib, unmodified, as a provider app with PKCE: the id_token verified by the published keys, a patient read."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.clients.client_kit import Desk

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser offline_access user/Patient.rs"


def session(desk: Desk, app: dict[str, Any], method: str | None = None) -> tuple[OAuth2Session, dict[str, Any]]:
    """The session after the code flow, and what the server says of itself."""
    here = OAuth2Session(
        app["client_id"],
        app.get("client_secret", ""),
        scope=SCOPE,
        redirect_uri=HERE,
        code_challenge_method="S256",
        token_endpoint_auth_method=method or ("client_secret_basic" if app.get("client_secret") else "none"),
    )
    here.trust_env = False
    smart = here.get(desk.fhir("r4") + "/.well-known/smart-configuration", withhold_token=True).json()
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk0"
    url, _ = here.create_authorization_url(
        smart["authorization_endpoint"], code_verifier=verifier, aud=desk.fhir("r4"), nonce="n-0S6_WzA2Mj8fGq1LpXv3"
    )
    answer = here.get(url, allow_redirects=False, withhold_token=True)
    assert answer.is_redirect, answer.text
    here.metadata["token_endpoint"] = smart["token_endpoint"]
    here.fetch_token(smart["token_endpoint"], authorization_response=answer.headers["Location"], code_verifier=verifier)
    return here, smart


@pytest.mark.parametrize("kind", ["public", "symmetric"])
def test_the_whole_flow_with_pkce_and_a_verified_id_token(desk: Desk, kind: str) -> None:
    app = desk.register(client=kind, redirect_uris=[HERE], scope=SCOPE, **desk.approved())
    here, smart = session(desk, app)
    keys = KeySet.import_key_set(here.get(smart["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(here.token["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["aud"] == app["client_id"]
    assert claims["iss"] == smart["issuer"]
    assert claims["nonce"] == "n-0S6_WzA2Mj8fGq1LpXv3"
    assert claims["fhirUser"].endswith(desk.clinician["fhirUser"].rpartition("/")[2])

    found = here.get(desk.fhir("r4") + "/Patient", params={"name": "Peters"}).json()
    assert found["entry"]
    before = here.token["access_token"]
    assert here.refresh_token(smart["token_endpoint"])["access_token"] != before
    one = found["entry"][0]["resource"]["id"]
    assert here.get(f"{desk.fhir('r4')}/Patient/{one}").json()["id"] == one
    assert desk.loud(app) == []


def test_a_public_app_that_sends_basic_with_an_empty_secret_is_advised(desk: Desk) -> None:
    """As libraries do that know Basic only (RFC 6749 2.3.1): at the code and at the refresh."""
    app = desk.register(redirect_uris=[HERE], scope=SCOPE, **desk.approved())
    here, smart = session(desk, app, "client_secret_basic")
    assert here.refresh_token(smart["token_endpoint"])["access_token"]
    here.get(desk.fhir("r4") + "/Patient", params={"name": "Peters"}).raise_for_status()
    assert set(desk.loud(app)) == {("token", "public-client-empty-basic")}
