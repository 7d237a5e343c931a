"""Converts dynamic registration metadata (RFC 7591 2) to our registration and back."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from sickbay.authorization.models import Client, Grant
from sickbay.authorization.registration.limits import read_limits as limits_of
from sickbay.authorization.scopes.permitted import permits_scope
from sickbay.protocol import scopes, urls

METHODS = {
    "none": "public",
    "client_secret_basic": "symmetric",
    "client_secret_post": "symmetric",
    "private_key_jwt": "asymmetric",
}
METHOD = "client_secret_basic"
"""Default for an app that names no method (RFC 7591 2)."""
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
"""URLs with their own checks. All others are only displayed, and must be web URLs that a browser can open."""
LISTS = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types")


def find_problem(metadata: Any) -> str:
    """Returns why the metadata can't be read, in one sentence; "" if it can."""
    if not isinstance(metadata, dict):
        return "Send a JSON object with the metadata of the client"
    for name in TEXTS:
        if not isinstance(metadata.get(name, ""), str):
            return f"{name} must be a string"
    for name in LISTS:
        value = metadata.get(name, [])
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            return f"{name} must be a list of strings"
    return _find_unsupported_member(metadata) or _invalid_url(metadata)


def _invalid_url(metadata: dict[str, Any]) -> str:
    """Returns the fault of the first URL member (logo_uri, tos_uri#de, request_uris, ...) that isn't a web URL."""
    for member, value in metadata.items():
        name = member.partition("#")[0]
        uris = value if isinstance(value, list) and name.endswith("_uris") else [value]
        if name.endswith(WEB_SUFFIXES) and member not in OWN_CHECKS and not all(map(_is_web_address, uris)):
            return f"{member} must be an http or https address without a user name"
    other = metadata.get("initiate_login_uri")  # used as launch_uri if that isn't sent
    return "initiate_login_uri can't be opened by a browser" if other and urls.find_problem(other) == "scheme" else ""


def _is_web_address(value: Any) -> bool:
    return isinstance(value, str) and urls.is_web_address(value)


def read_software_statement(metadata: Any) -> str | None:
    """Returns the software statement, a third party's claims about the client (RFC 7591 2.3)."""
    statement_text = metadata.get("software_statement") if isinstance(metadata, dict) else None
    return statement_text if isinstance(statement_text, str) else None


def _find_unsupported_member(metadata: dict[str, Any]) -> str:
    if metadata.get("token_endpoint_auth_method", "none") not in METHODS:
        return f"token_endpoint_auth_method must be one of {', '.join(METHODS)}"
    if not set(metadata.get("grant_types", ())) <= set(GRANTS):
        return f"grant_types may only contain {', '.join(GRANTS)}"
    if not set(metadata.get("response_types", ())) <= {"code"}:
        return "response_types must be code"
    keys = metadata.get("jwks", {"keys": []})
    return "" if isinstance(keys, dict) and isinstance(keys.get("keys"), list) else "jwks must be an object with keys"


def make_registration(metadata: dict[str, Any], tenant: str, limit: Grant | None = None) -> dict[str, Any]:
    """Converts valid metadata. Missing members get the defaults of RFC 7591; refresh tokens are also allowed.

    limit: the most that may be registered; the default scope stays within it.
    """
    method = metadata.get("token_endpoint_auth_method", METHOD)
    grants = tuple(metadata.get("grant_types") or ("authorization_code", "refresh_token"))
    system = set(grants) == {"client_credentials"}
    return {
        "tenant": tenant,
        "name": metadata.get("client_name") or "Self-registered app",
        "type": "system" if system else "provider",
        "client": METHODS[method],
        "auth_method": method,
        "scope": metadata.get("scope") or default_scope(system, limit),
        "redirect_uris": tuple(metadata.get("redirect_uris", ())),
        "grant_types": grants,
        "post_logout_redirect_uris": tuple(metadata.get("post_logout_redirect_uris", ())),
        "launch_uri": metadata.get("launch_uri") or metadata.get("initiate_login_uri"),
        "fhir": "r4",
        "smart_version": 2,
        "pkce": "required",
        "native": metadata.get("application_type") == "native",
        "jwks_uri": metadata.get("jwks_uri"),
        "jwks": metadata.get("jwks"),
    }


SHOWN_MEMBERS = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "contacts", "software_id", "software_version")
"""Members that describe the client and change nothing that the server does. They may have a language tag: client_uri#de."""
FOLLOWED_VALUES = {"id_token_signed_response_alg": "RS256", "subject_type": "public"}
"""What the server does for a member that isn't registered."""


def list_ignored_members(metadata: dict[str, Any]) -> tuple[str, ...]:
    """Returns members that ask the server for something that it doesn't do, such as DPoP. It must ignore them (RFC 7591 2)."""
    known = {*TEXTS, *LISTS, *SHOWN_MEMBERS, *SERVER_MEMBERS, "jwks", "client_id", "client_secret"}
    return tuple(
        name
        for name, value in metadata.items()
        if name.partition("#")[0] not in known and value and value != FOLLOWED_VALUES.get(name)
    )


def default_scope(system: bool, limit: Grant | None = None) -> str:
    """Returns the scope for an app that names none. If the limit allows no resource scope of it, uses those of the limit."""
    default = DEFAULT_SYSTEM_SCOPE if system else DEFAULT_SCOPE
    if limit is None or limit.scope is None:
        return default
    permitted = [token for token in default.split() if permits_scope(limit.scope, token)]
    if not scopes.list_resources(" ".join(permitted)):
        permitted += [scope.text for scope in scopes.list_resources(limit.scope) if (scope.level == "system") == system]
    return " ".join(permitted)


SERVER_MEMBERS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
"""Members that the server sets, so an update must not send them (RFC 7592 2.2)."""
UNCHANGED = ("tenant", "fhir", "smart_version", "pkce")
"""Not changed by the app's own updates."""


def update_problem(metadata: Any, client: Client) -> str:
    """Returns the fault of an update, which must have all metadata and the client_id, and nothing that only the server sets."""
    problem = find_problem(metadata)
    if problem:
        return problem
    if forbidden := [name for name in SERVER_MEMBERS if name in metadata]:
        return f"{' and '.join(forbidden)} must not be sent in an update"
    if metadata.get("client_id") != client.client_id:
        return "client_id must be sent and match this URL"
    sent = metadata.get("client_secret")
    if sent is None or (isinstance(sent, str) and client.secret_hash and _is_secret(sent, client.secret_hash)):
        return ""
    return "client_secret must be the registered one; leave it out to get a new one"


def _is_secret(sent: str, stored_hash: str) -> bool:
    return hmac.compare_digest(sha256(sent.encode("utf-8", "surrogatepass")).hexdigest(), stored_hash)


def read_update(metadata: dict[str, Any], client: Client) -> dict[str, Any]:
    """Converts valid update metadata. Missing members go back to their defaults (RFC 7592 2.2), except scope, grant types and
    authentication method: their defaults could be more than was granted.
    """
    granted = limits_of(client)
    method = client.auth_method or {"public": "none", "asymmetric": "private_key_jwt"}.get(client.client, METHOD)
    current = {"scope": client.scope, "grant_types": list(client.grant_types), "token_endpoint_auth_method": method}
    sent = {name: value for name, value in metadata.items() if value or name not in current}
    requested = make_registration(current | sent, client.tenant)
    requested["native"] = requested["native"] and granted.native
    if requested["type"] != "system" and granted.type in ("provider", "patient"):
        requested["type"] = granted.type
    return {name: value for name, value in requested.items() if name not in UNCHANGED}


def registration_response(client: Client, secret: str | None, *, token: str | None = None, address: str = "") -> dict[str, Any]:
    """Returns the registration response (RFC 7591 3.2.1, 7592 3). secret: only shown in this response, valid until replaced."""
    response = {
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
    return {name: value for name, value in response.items() if value is not None}
