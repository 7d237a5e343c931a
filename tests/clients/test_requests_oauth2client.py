"""PyPI's requests_oauth2client, unmodified: its assertions name the endpoint that it calls, or the issuer if it knows it."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey
from requests import Session
from requests_oauth2client import BearerToken, InvalidClient, OAuth2Client, OAuth2Error, PrivateKeyJwt
from tests.clients.client_kit import TENANT, AdminClient

KEY = ECKey.generate_key("P-384", {"kid": "k1", "alg": "ES384"})
WITHOUT_AN_ISSUER = pytest.mark.filterwarnings("ignore:No audience")


def register(sickbay: AdminClient, **more: Any) -> dict[str, Any]:
    keys = {"keys": [KEY.as_dict(private=False)]}
    return sickbay.register(type="system", client="asymmetric", scope="system/Patient.rs", jwks=keys, **more)


def client_of(sickbay: AdminClient, app: dict[str, Any], *, issuer: str | None) -> OAuth2Client:
    """Configures the client from the discovery document. issuer: what it signs as `aud`; None for the URL that it calls."""
    with sickbay.http as http:
        document = http.get(f"/{TENANT}/.well-known/openid-configuration").json()
    session = Session()
    session.trust_env = False
    endpoints = {name: document[name] for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint")}
    auth = PrivateKeyJwt(app["client_id"], KEY.as_dict(private=True), alg="ES384", aud=issuer and document["issuer"])
    return OAuth2Client(**endpoints, auth=auth, session=session, testing=True)


def findings(sickbay: AdminClient, app: dict[str, Any]) -> set[tuple[str, str]]:
    """The stage and ID of each finding above info."""
    return {
        (exchange["stage"], finding["id"])
        for exchange in sickbay.exchanges(app)
        for finding in exchange["findings"]
        if finding["severity"] != "info"
    }


@WITHOUT_AN_ISSUER
@pytest.mark.parametrize("issuer", [None, "issuer"])
def test_it_gets_introspects_and_revokes_a_token_with_its_key(sickbay: AdminClient, issuer: str | None) -> None:
    app = register(sickbay)
    client = client_of(sickbay, app, issuer=issuer)
    token = client.client_credentials(scope="system/Patient.rs")
    assert isinstance(token, BearerToken)
    assert client.introspect_token(token)["client_id"] == app["client_id"]
    assert client.revoke_access_token(token) is True
    assert client.introspect_token(token) == {"active": False}
    advised = {stage for stage, id in findings(sickbay, app) if id == "assertion-aud-not-token-endpoint"}
    assert advised == {"introspection", "revocation"} | ({"token"} if issuer else set())


@WITHOUT_AN_ISSUER
def test_a_policy_that_keeps_to_smart_refuses_what_does_not_name_the_token_endpoint(sickbay: AdminClient) -> None:
    app = register(sickbay, policy={"assertion_audience": "token-endpoint"})
    client = client_of(sickbay, app, issuer=None)
    token = client.client_credentials(scope="system/Patient.rs")
    with pytest.raises((InvalidClient, OAuth2Error)):
        client.introspect_token(token)
    with pytest.raises(InvalidClient):
        client_of(sickbay, app, issuer="issuer").client_credentials(scope="system/Patient.rs")
    assert ("introspection", "assertion-aud-wrong") in findings(sickbay, app)
    assert ("token", "assertion-aud-wrong") in findings(sickbay, app)
