"""The names that OAuth libraries give to OAuth parameters and to addresses of the server."""

from __future__ import annotations

import re
from typing import Any

from sickbay.doctor.code import words

_LIBRARIES = (
    (r"fhir.{0,100}authorize|smart|fhirclient", "fhirclient"),
    (r"clientregistration", "Spring"),
    (r"usermanager|oidcclient", "oidc-client"),
    (r"publicclientapplication|confidentialclientapplication", "MSAL"),
    (r"auth0", "Auth0"),
    (r"okta", "Okta"),
    (r"strategy", "Passport"),
    (r"keycloak", "Keycloak"),
    (r"authorizationrequest|oidauthorization|appauth", "AppAuth"),
    (r"issuer\.client|openid|\bclient$", "openid-client"),
)


_COMPILED = tuple((re.compile(pattern, re.I), library) for pattern, library in _LIBRARIES)


def oauth_name(name: str) -> str:
    """The OAuth name of a setting, "" if it isn't known."""
    return words.settings().get(re.sub(r"[_\W]", "", name).lower(), "")


def library_of(path: str, fields: dict[str, Any]) -> str:
    """The library that a call or the names of the settings belong to, "" if unknown."""
    for pattern, library in _COMPILED:
        if pattern.search(path):
            return library
    names = {name.lower() for name in fields}
    if names & {"authorization_scope", "discovery_uri", "authorization_endpoint_uri", "https_required"}:
        return "AppAuth"
    if "auth" in names and names & {"cache", "system"}:
        return "MSAL"
    if "authority" in names and "redirect_uri" in names:
        return "oidc-client"
    if names & {"stsserver", "postlogoutredirecturi", "usesilentrefresh", "silentrefresh"}:
        return "angular-oauth2-oidc"
    return ""
