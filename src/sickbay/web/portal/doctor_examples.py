"""Texts to try on the doctor's page: frequent mistakes, each in another form."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

AUTHORIZATION_URL: Final = (
    "https://ehr.example/oauth2/authorize?response_type=code&client_id=growth-chart"
    "&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&scope=launch%2Cpatient%2FPatient.read%2Copenid"
    "&state=98wrghuwuogerg97x2kd41&launch=xyz123&aud=https%3A%2F%2Fehr.example%2Fr4"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)
CURL: Final = r"""curl -X POST https://ehr.example/oauth2/token \
  -H 'Content-Type: application/json' \
  -d '{"grant_type": "authorization_code", "code": "9fKx2mQ7",
       "redirect_uri": "http://localhost:3000/callback", "client_id": "growth-chart"}'"""
ERROR_RESPONSE: Final = """HTTP/1.1 400 Bad Request
Content-Type: application/json

{"error": "invalid_grant", "error_description": "PKCE verification failed"}"""
LOG: Final = (
    "Access to fetch at 'https://ehr.example/r4/Patient/123' from origin 'http://localhost:3000' has been blocked by CORS "
    "policy: Request header field cache-control is not allowed by Access-Control-Allow-Headers in preflight response."
)
SOURCE_CODE: Final = """FHIR.oauth2.authorize({
  clientId: "growth-chart",
  scope: "launch openid patient/*.read",
  redirectUri: "http://localhost:3000/launch.html",
});"""
EXAMPLES: Final = MappingProxyType(
    {"URL": AUTHORIZATION_URL, "curl": CURL, "error response": ERROR_RESPONSE, "log": LOG, "source code": SOURCE_CODE}
)
"""The name of each example and its text."""
