"""Takes the pictures of a launch and of two launches side by side, as tools/pictures.py does for the other pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser

APP = "http://localhost:8100"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def take_launches(browser: Browser, base: str, folder: Path) -> None:
    """Take a launch that met an injected fault, and the comparison of one that was refused with one that worked."""
    with httpx2.Client(base_url=base, trust_env=False, headers={"Accept": "application/json", "Origin": APP}) as http:
        app = _register(base)
        worked = _launch_app(http, app, "p-0017", f"{APP}/callback")
        refused = _launch_app(http, app, "p-0017", f"{APP}/callback/")
    for name, path, dark in (("timeline", worked, False), ("compare-launches", f"{refused}/compare", True)):
        page = browser.new_page(viewport={"width": 1180, "height": 860}, color_scheme="dark" if dark else "light")
        page.goto(f"{base}/timelines/{path}")
        page.screenshot(path=folder / f"{name}.png")


def _register(base: str) -> dict[str, Any]:
    """Register an app, and make its next token request fail."""
    registration = {
        "name": "Pressure Notes",
        "type": "provider",
        "client": "public",
        "launch_uri": f"{APP}/launch",
        "redirect_uris": [f"{APP}/callback"],
        "scope": "launch openid fhirUser patient/*.rs",
        "auto_approve": {"user": "okafor"},
    }
    with httpx2.Client(base_url=base, trust_env=False) as http:
        app: dict[str, Any] = http.post("/admin/apps", json=registration).raise_for_status().json()
        fault = {"kind": "status", "status": 503, "stage": "token", "times": 1, "app": app["app_id"]}
        http.post("/admin/faults", json=fault).raise_for_status()
    return app


def _launch_app(http: httpx2.Client, app: dict[str, Any], patient: str, redirect_uri: str) -> str:
    """Launch the app from a chart, and do what it would do. Returns the timeline."""
    with httpx2.Client(base_url=http.base_url, trust_env=False, headers={"Accept": "application/json"}) as browser:
        launched = browser.get(f"/general/ehr/launch?app={app['app_id']}&patient={patient}")
        timeline = browser.get(f"/exchanges/{launched.headers['x-correlation-id']}").json()["launch"]
        http.get("/general/r4/.well-known/smart-configuration")
        asked = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": redirect_uri,
            "scope": "launch openid patient/Patient.rs patient/Observation.rs",
            "state": "c31e1a8e4b0f4f8e9a0d61dbb2a39a14",
            "aud": f"{str(http.base_url).rstrip('/')}/general/r4",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "launch": str(httpx2.URL(launched.headers["location"]).params["launch"]),
        }
        answer = browser.get("/general/oauth/authorize", params=asked)
    if answer.status_code == httpx2.codes.FOUND:
        form = {"grant_type": "authorization_code", "redirect_uri": redirect_uri, "code_verifier": VERIFIER}
        form |= {"client_id": app["client_id"], "code": httpx2.URL(answer.headers["location"]).params["code"]}
        tokens = [http.post("/general/oauth/token", data=form) for _ in range(2)]
        bearer = {"Authorization": f"Bearer {tokens[1].json()['access_token']}"}
        http.get(f"/general/r4/Patient/{patient}", headers=bearer)
        http.get(f"/general/r4/Observation?patient={patient}&category=vital-signs", headers=bearer)
    return str(timeline)
