"""The metadata of dynamic registration (RFC 7591 2) as a registration of ours, and back."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from sickbay.authorization.models import Client, Grant
from sickbay.authorization.registration_limits import of as limits_of
from sickbay.authorization.registration_limits import permits
from sickbay.protocol import client_uris, scopes

METHODS = {
    "none": "public",
    "client_secret_basic": "symmetric",
    "client_secret_post": "symmetric",
    "private_key_jwt": "asymmetric",
}
METHOD = "client_secret_basic"
"""Of an app that names none (RFC 7591 2)."""
GRANTS = ("authorization_code", "refresh_token", "client_credentials")
DEFAULT_SCOPE = "openid fhirUser launch launch/patient offline_access patient/*.rs"
DEFAULT_SYSTEM_SCOPE = "system/*.rs"
TEXTS = (
    "client_name",
    "scope",
    "jwks_uri",
    "launch_uri",
    "initiate_login_uri",
    "token_endpoint_auth_method",
    "application_type",
    "software_statement",
)
WEB_SUFFIXES = ("_uri", "_uris")
OWN_CHECKS = ("redirect_uris", "post_logout_redirect_uris", "launch_uri", "initiate_login_uri", "jwks_uri")
"""Addresses with checks of their own; every other one is only ever shown, and must be one that a browser can open."""
LISTS = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types")


def fault(given: Any) -> str:
    """What makes the metadata unusable, in one sentence; "" where they can be examined."""
    if not isinstance(given, dict):
        return "Send a JSON object with the metadata of the client"
    for name in TEXTS:
        if not isinstance(given.get(name, ""), str):
            return f"{name} must be a string"
    for name in LISTS:
        value = given.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            return f"{name} must be a list of strings"
    return _unsupported(given) or _odd_address(given)


def _odd_address(given: dict[str, Any]) -> str:
    """The first member for addresses (logo_uri, tos_uri#de, request_uris, ...) that has one which is no web address."""
    for member, value in given.items():
        name = member.partition("#")[0]
        uris = value if isinstance(value, list) and name.endswith("_uris") else [value]
        if name.endswith(WEB_SUFFIXES) and member not in OWN_CHECKS and not all(map(_is_web_address, uris)):
            return f"{member} must be an http or https address"
    other = given.get("initiate_login_uri")  # its place is taken by launch_uri, if both are sent
    return "initiate_login_uri can't be opened by a browser" if other and client_uris.fault(other) == "scheme" else ""


def _is_web_address(value: Any) -> bool:
    return isinstance(value, str) and client_uris.is_web_address(value)


def statement(given: Any) -> str | None:
    """What somebody else says of the client (RFC 7591 2.3)."""
    found = given.get("software_statement") if isinstance(given, dict) else None
    return found if isinstance(found, str) else None


def _unsupported(given: dict[str, Any]) -> str:
    if given.get("token_endpoint_auth_method", "none") not in METHODS:
        return f"token_endpoint_auth_method must be one of {', '.join(METHODS)}"
    if not set(given.get("grant_types", ())) <= set(GRANTS):
        return f"grant_types must be of {', '.join(GRANTS)}"
    if not set(given.get("response_types", ())) <= {"code"}:
        return "response_types must be code"
    keys = given.get("jwks", {"keys": []})
    return "" if isinstance(keys, dict) and isinstance(keys.get("keys"), list) else "jwks must be an object with keys"


def registration(given: dict[str, Any], tenant: str, limit: Grant | None = None) -> dict[str, Any]:
    """Of metadata without a fault. What is not said is as RFC 7591 has it; a refresh token may be asked for too.

    limit: the most that may be registered, which the default scope keeps to.
    """
    method = given.get("token_endpoint_auth_method", METHOD)
    grants = tuple(given.get("grant_types") or ("authorization_code", "refresh_token"))
    system = set(grants) == {"client_credentials"}
    return {
        "tenant": tenant,
        "name": given.get("client_name") or "An app registered by itself",
        "type": "system" if system else "provider",
        "client": METHODS[method],
        "auth_method": method,
        "scope": given.get("scope") or default_scope(system, limit),
        "redirect_uris": tuple(given.get("redirect_uris", ())),
        "grant_types": grants,
        "post_logout_redirect_uris": tuple(given.get("post_logout_redirect_uris", ())),
        "launch_uri": given.get("launch_uri") or given.get("initiate_login_uri"),
        "fhir": "r4",
        "smart_version": 2,
        "pkce": "required",
        "native": given.get("application_type") == "native",
        "jwks_uri": given.get("jwks_uri"),
        "jwks": given.get("jwks"),
    }


def default_scope(system: bool, limit: Grant | None = None) -> str:
    """Of an app that names none; if the limit leaves it no scope for resources, those of the limit that suit it."""
    whole = DEFAULT_SYSTEM_SCOPE if system else DEFAULT_SCOPE
    if limit is None or limit.scope is None:
        return whole
    within = [one for one in whole.split() if permits(limit.scope, one)]
    if not scopes.resources(" ".join(within)):
        within += [one.text for one in scopes.resources(limit.scope) if (one.level == "system") == system]
    return " ".join(within)


TOLD = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
"""What the server says and an update must not (RFC 7592 2.2)."""
KEPT = ("tenant", "fhir", "smart_version", "pkce")
"""What an update by the app itself leaves as it is."""


def update_fault(given: Any, client: Client) -> str:
    """The same of an update: all of the metadata, with the client_id, and with none of what the server says."""
    found = fault(given)
    if found:
        return found
    if said := [name for name in TOLD if name in given]:
        return f"{' and '.join(said)} must not be sent in an update"
    if given.get("client_id") != client.client_id:
        return "client_id must be sent, and be the one of this address"
    sent = given.get("client_secret")
    if sent is None or (isinstance(sent, str) and client.secret_hash and _is_secret(sent, client.secret_hash)):
        return ""
    return "client_secret must be the one that is registered, or be left out for a new one"


def _is_secret(sent: str, kept: str) -> bool:
    return hmac.compare_digest(sha256(sent.encode("utf-8", "surrogatepass")).hexdigest(), kept)


def update(given: dict[str, Any], client: Client) -> dict[str, Any]:
    """Of an update without a fault. What is not said goes back to its default (RFC 7592 2.2), but scope, grant types and
    authentication stay as they are: their defaults may be more than was granted.
    """
    granted = limits_of(client)
    method = client.auth_method or {"public": "none", "asymmetric": "private_key_jwt"}.get(client.client, METHOD)
    kept = {"scope": client.scope, "grant_types": list(client.grant_types), "token_endpoint_auth_method": method}
    said = {name: value for name, value in given.items() if value or name not in kept}
    asked = registration(kept | said, client.tenant)
    asked["native"] = asked["native"] and granted.native
    if asked["type"] != "system" and granted.type in ("provider", "patient"):
        asked["type"] = granted.type
    return {name: value for name, value in asked.items() if name not in KEPT}


def told(client: Client, secret: str | None, *, token: str | None = None, address: str = "") -> dict[str, Any]:
    """What is registered (RFC 7591 3.2.1, 7592 3). secret: shown this once, and good until a new one is asked for."""
    said = {
        "client_id": client.client_id,
        "client_id_issued_at": client.created_at,
        "client_secret": secret,
        "client_secret_expires_at": 0 if secret else None,
        "client_name": client.name,
        "scope": client.scope,
        "redirect_uris": client.redirect_uris or None,
        "post_logout_redirect_uris": client.post_logout_redirect_uris or None,
        "grant_types": client.grant_types,
        "response_types": ("code",) if "authorization_code" in client.grant_types else (),
        "token_endpoint_auth_method": client.auth_method or "none",
        "jwks_uri": client.jwks_uri,
        "jwks": client.jwks,
        "initiate_login_uri": client.launch_uri,
        "application_type": "native" if client.native else "web",
        "registration_access_token": token,
        "registration_client_uri": address if token else None,
    }
    return {name: value for name, value in said.items() if value is not None}
