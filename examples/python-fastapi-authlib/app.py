"""A SMART on FHIR app with a server: launched from the chart, it exchanges the code with its client secret.

Settings come from the environment or from the file .env: CLIENT_ID, CLIENT_SECRET, and BASE_URL, where browsers reach the app.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import escape

if (settings := Path(__file__).with_name(".env")).is_file():
    for line in settings.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, value)
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
BASE_URL = os.environ.get("BASE_URL", "http://localhost:8100")
SCOPE = "launch openid fhirUser patient/Patient.rs patient/Observation.rs"
TRUSTED = tuple(os.environ.get("TRUSTED_ISS", "http://localhost:7425/").split())
"""Only EHRs with these addresses may launch the app: it sends them its secret."""

app = FastAPI()
pending: dict[str, dict[str, str]] = {}
"""What the callback needs, by state. In production, use a store with an expiry."""


def client(**more: Any) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        CLIENT_ID,
        CLIENT_SECRET,
        scope=SCOPE,
        redirect_uri=f"{BASE_URL}/callback",
        code_challenge_method="S256",
        trust_env=False,
        **more,
    )


@app.get("/launch")
async def launch(iss: str, launch: str) -> Response:
    """The EHR opens this address with its FHIR base URL and a launch code."""
    if not iss.startswith(TRUSTED):
        raise HTTPException(400, f"{iss} isn't in TRUSTED_ISS.")
    async with client() as oauth:
        smart = (await oauth.request("GET", f"{iss}/.well-known/smart-configuration", withhold_token=True)).json()
        verifier = secrets.token_urlsafe(48)
        url, state = oauth.create_authorization_url(
            smart["authorization_endpoint"], code_verifier=verifier, aud=iss, launch=launch
        )
    pending[state] = {"iss": iss, "verifier": verifier, "token_endpoint": smart["token_endpoint"]}
    response = RedirectResponse(url)
    response.set_cookie("state", state, httponly=True, samesite="lax")  # only this browser may finish the launch
    return response


@app.get("/callback")
async def callback(request: Request, state: str = "", error: str = "", error_description: str = "") -> Response:
    """The EHR sends the browser here with a code, or with an error."""
    if error:
        raise HTTPException(400, error_description or error)
    saved = pending.pop(state, None)
    if saved is None or request.cookies.get("state") != state:
        raise HTTPException(400, "This response doesn't belong to a launch of this browser.")
    async with client() as oauth:
        token = await oauth.fetch_token(
            saved["token_endpoint"], authorization_response=str(request.url), code_verifier=saved["verifier"]
        )
        patient = (await oauth.get(f"{saved['iss']}/Patient/{token['patient']}")).raise_for_status().json()
        query = {"patient": token["patient"], "category": "vital-signs", "_count": "5"}
        vitals = (await oauth.get(f"{saved['iss']}/Observation", params=query)).raise_for_status().json()
    return HTMLResponse(page(patient, vitals))


def page(patient: dict[str, Any], vitals: dict[str, Any]) -> str:
    name = patient["name"][0]
    rows = "".join(
        f"<li>{escape(entry['resource']['code'].get('text', 'Observation'))}</li>" for entry in vitals.get("entry", ())
    )
    return f"<!doctype html><title>My app</title><h1>{escape(name['given'][0])} {escape(name['family'])}</h1><ul>{rows}</ul>"
