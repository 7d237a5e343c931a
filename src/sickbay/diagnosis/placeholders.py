"""Placeholders in corrected requests for values that only the app has, and example values."""

from __future__ import annotations

import re

EXAMPLE_STATE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
EXAMPLE_NONCE = "n-7Qk2vZs0Yt9LmXc4RbWd6Hf1"

PLACEHOLDER_CHALLENGE = "CODE_CHALLENGE"
"""Only the app can create the verifier whose hash belongs here."""

PLACEHOLDER_CLIENT_ID = "CLIENT-ID-OF-YOUR-APP"
"""Used if several apps are registered and it is unclear which one is meant."""

PLACEHOLDER_SECRET = "YOUR-CLIENT-SECRET"
"""Only the app has the secret; the server stores its hash."""

PLACEHOLDER_CODE = "CODE-FROM-YOUR-REDIRECT"
PLACEHOLDER_VERIFIER = "CODE_VERIFIER"
PLACEHOLDER_REFRESH = "REFRESH-TOKEN-OF-YOUR-APP"
PLACEHOLDER_TOKEN = "ACCESS-TOKEN-OF-YOUR-APP"
"""These replace a value that was used up, or was missing."""

PLACEHOLDER_LAUNCH = "LAUNCH-VALUE-OF-YOUR-LAUNCH-URL"
"""Only the EHR can create a launch code."""

PLACEHOLDER_AUD = "FHIR-BASE-URL-OF-YOUR-LAUNCH"
PLACEHOLDER_REDIRECT_URI = "REDIRECT-URI-OF-YOUR-APP"
"""Used if the server or the registration isn't known."""

PLACEHOLDER_PARAMETER, PLACEHOLDER_VALUE = "YOUR-PARAMETER", "YOUR-VALUE"
"""The name of a parameter that wasn't stored, and its value."""

_BY_NAME = {
    "client_id": PLACEHOLDER_CLIENT_ID,
    "client_secret": PLACEHOLDER_SECRET,
    "code": PLACEHOLDER_CODE,
    "code_challenge": PLACEHOLDER_CHALLENGE,
    "code_verifier": PLACEHOLDER_VERIFIER,
    "refresh_token": PLACEHOLDER_REFRESH,
    "access_token": PLACEHOLDER_TOKEN,
    "authorization": PLACEHOLDER_TOKEN,
    "launch": PLACEHOLDER_LAUNCH,
    "aud": PLACEHOLDER_AUD,
    "redirect_uri": PLACEHOLDER_REDIRECT_URI,
    "basic": "BASE64-OF-YOUR-ID-AND-SECRET",
}
PLACES = frozenset(_BY_NAME.values())
"""Placeholders never match a stored value."""


def placeholder_for(name: str) -> str:
    """The placeholder in a corrected request for a value of this parameter that Sickbay doesn't have.

    If it doesn't have the name either, the name is masked, or is already a placeholder.
    """
    if "‹" in name or "…" in name or name == PLACEHOLDER_PARAMETER:
        return PLACEHOLDER_VALUE
    return _BY_NAME.get(name.lower()) or f"YOUR-{re.sub('[^A-Z0-9]+', '-', name.upper()).strip('-') or 'VALUE'}"
