"""The app: a confidential web app (Starlette and Authlib) that an EHR launches. It shows the patient's name and conditions."""

from __future__ import annotations

import html
import secrets
from dataclasses import dataclass, field

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

SCOPE = "launch openid fhirUser patient/Patient.rs patient/Condition.rs"


@dataclass
class WebApp:
    """Created for one registration. pending: what is needed to finish an authorization, by its state."""

    client_id: str
    client_secret: str
    redirect_uri: str
    trusted: str
    """The FHIR base URL of the only EHR that may launch the app."""
    pending: dict[str, tuple[str, str]] = field(default_factory=dict)

    def routes(self) -> Starlette:
        return Starlette(routes=[Route("/launch", self.launch), Route("/callback", self.callback)])

    def launch(self, request: Request) -> Response:
        """What the EHR opens: redirects to the authorization endpoint."""
        issuer = request.query_params.get("iss", "")
        if issuer != self.trusted:
            return HTMLResponse("This EHR isn't known.", 403)
        verifier = secrets.token_urlsafe(48)
        url, state = self._client().create_authorization_url(
            _configuration(issuer)["authorization_endpoint"],
            code_verifier=verifier,
            aud=issuer,
            launch=request.query_params.get("launch"),
            nonce=secrets.token_urlsafe(16),
        )
        self.pending[state] = issuer, verifier
        return RedirectResponse(url)

    def callback(self, request: Request) -> Response:
        """Where the authorization server sends the browser: exchanges the code and shows the patient."""
        issuer, verifier = self.pending.pop(request.query_params.get("state", ""), ("", ""))
        if not issuer:
            return HTMLResponse("Please launch the app again.", 400)
        if error := request.query_params.get("error"):  # without this, Authlib sends a token request that can't succeed
            return HTMLResponse(f"The EHR refused access: {html.escape(error)}", 403)
        client = self._client()
        try:
            token = client.fetch_token(
                _configuration(issuer)["token_endpoint"],
                authorization_response=str(request.url),
                code_verifier=verifier,
            )
        except OAuthError as refused:
            return HTMLResponse(f"The EHR refused access: {html.escape(refused.error)}", 403)
        return HTMLResponse(_page(client, issuer, token["patient"]))

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.client_id,
            self.client_secret,
            scope=SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            timeout=60,
            trust_env=False,
            headers={"Accept": "application/fhir+json, application/json"},
        )


def _configuration(issuer: str) -> dict[str, str]:
    with httpx.Client(trust_env=False, timeout=60) as http:
        return dict(http.get(f"{issuer}/.well-known/smart-configuration").raise_for_status().json())


def _page(client: OAuth2Client, issuer: str, patient: str) -> str:
    name = client.get(f"{issuer}/Patient/{patient}").raise_for_status().json()["name"][0]
    bundle = client.get(f"{issuer}/Condition", params={"patient": patient}).raise_for_status().json()
    conditions = [entry["resource"]["code"]["text"] for entry in bundle.get("entry", ())]
    items = "".join(f"<li>{html.escape(condition)}</li>" for condition in conditions)
    return f"<h1>{html.escape(' '.join(name['given']))} {html.escape(name['family'])}</h1><ul>{items}</ul>"
