"""authlib, unmodified, as a provider app with PKCE: verifies the id_token with the published keys and reads a patient."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.clients.client_kit import AdminClient

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser offline_access user/Patient.rs"


def session(sickbay: AdminClient, app: dict[str, Any], method: str | None = None) -> tuple[OAuth2Session, dict[str, Any]]:
    """Returns the session after the code flow, and the SMART configuration."""
    oauth = OAuth2Session(
        app["client_id"],
        app.get("client_secret", ""),
        scope=SCOPE,
        redirect_uri=HERE,
        code_challenge_method="S256",
        token_endpoint_auth_method=method or ("client_secret_basic" if app.get("client_secret") else "none"),
    )
    oauth.trust_env = False
    smart = oauth.get(sickbay.fhir("r4") + "/.well-known/smart-configuration", withhold_token=True).json()
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk0"
    url, _ = oauth.create_authorization_url(
        smart["authorization_endpoint"], code_verifier=verifier, aud=sickbay.fhir("r4"), nonce="n-0S6_WzA2Mj8fGq1LpXv3"
    )
    answer = oauth.get(url, allow_redirects=False, withhold_token=True)
    assert answer.is_redirect, answer.text
    oauth.metadata["token_endpoint"] = smart["token_endpoint"]
    oauth.fetch_token(smart["token_endpoint"], authorization_response=answer.headers["Location"], code_verifier=verifier)
    return oauth, smart


@pytest.mark.parametrize("kind", ["public", "symmetric"])
def test_the_code_flow_with_pkce_returns_a_verifiable_id_token(sickbay: AdminClient, kind: str) -> None:
    app = sickbay.register(client=kind, redirect_uris=[HERE], scope=SCOPE, **sickbay.auto_approved())
    oauth, smart = session(sickbay, app)
    keys = KeySet.import_key_set(oauth.get(smart["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(oauth.token["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["aud"] == app["client_id"]
    assert claims["iss"] == smart["issuer"]
    assert claims["nonce"] == "n-0S6_WzA2Mj8fGq1LpXv3"
    assert claims["fhirUser"].endswith(sickbay.clinician["fhirUser"].rpartition("/")[2])

    bundle = oauth.get(sickbay.fhir("r4") + "/Patient", params={"name": "Peters"}).json()
    assert bundle["entry"]
    before = oauth.token["access_token"]
    assert oauth.refresh_token(smart["token_endpoint"])["access_token"] != before
    patient_id = bundle["entry"][0]["resource"]["id"]
    assert oauth.get(f"{sickbay.fhir('r4')}/Patient/{patient_id}").json()["id"] == patient_id
    assert sickbay.findings_above_info(app) == []


def test_a_public_app_that_sends_basic_with_an_empty_secret_gets_a_warning(sickbay: AdminClient) -> None:
    """Libraries that know only Basic send it (RFC 6749 2.3.1), with the code and with the refresh token."""
    app = sickbay.register(redirect_uris=[HERE], scope=SCOPE, **sickbay.auto_approved())
    oauth, smart = session(sickbay, app, "client_secret_basic")
    assert oauth.refresh_token(smart["token_endpoint"])["access_token"]
    oauth.get(sickbay.fhir("r4") + "/Patient", params={"name": "Peters"}).raise_for_status()
    assert set(sickbay.findings_above_info(app)) == {("token", "public-client-empty-basic")}
