"""Registering an app (RFC 7591 2, SMART App Launch 2.2 Register App with EHR): what would not work later is refused now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from sickbay.authorization.authorize.reading import misjoined
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.resource_types import ALL_TYPES
from sickbay.kernel.refusal import Check, Refusal, check
from sickbay.protocol import jose, scopes, urls
from sickbay.protocol.scope_spelling import spelling

RegistrationCheck: TypeAlias = Check[RegistrationRequest, Any]
PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


def _uris(name: str, wrong: list[str], expected: list[str] | None = None) -> Refusal | None:
    facts = {"received": wrong, "expected": expected, "parameter": "redirect_uris"}
    return Refusal(name, "invalid_redirect_uri", facts) if wrong else None


@check()
def statement_is_signed_by_somebody(request: RegistrationRequest, known: Any) -> Refusal | None:
    if request.software_statement is None or _statement(request):
        return None
    return Refusal(
        "reg-software-statement-invalid", "invalid_software_statement", {"received": request.software_statement}
    )


@check(after=(statement_is_signed_by_somebody,))
def statement_is_by_whom_we_trust(request: RegistrationRequest, known: Any) -> Refusal | None:
    """And that is nobody: what it says cannot be held to be true, and overlooked it would make another app than was meant."""
    issuer = _statement(request)
    return (
        Refusal("reg-software-statement-unapproved", "unapproved_software_statement", {"received": issuer})
        if issuer
        else None
    )


def _statement(request: RegistrationRequest) -> str:
    """Who attests to the metadata (RFC 7591 2.3: iss is required); "" where nobody does."""
    read = jose.peek(request.software_statement or "")
    return str(read.claims.get("iss") or "") if read else ""


@check()
def redirect_uris_hold_no_wildcard(request: RegistrationRequest, known: Any) -> Refusal | None:
    return _uris("reg-redirect-uri-wildcard", [uri for uri in request.addresses if "*" in uri])


@check()
def redirect_uris_are_absolute(request: RegistrationRequest, known: Any) -> Refusal | None:
    wrong = [uri for uri in request.addresses if "*" not in uri and not _is_absolute(uri)]
    return _uris("reg-redirect-uri-not-absolute", wrong)


def _is_absolute(uri: str) -> bool:
    """http and https need a host; another scheme needs :// or a reverse domain name (RFC 8252 7.1)."""
    parts = urls.split(uri)
    if parts.scheme in ("http", "https"):
        return bool(parts.hostname)
    return bool(parts.scheme) and ("://" in uri or "." in parts.scheme)


_STRANGE = re.compile(r"[^\w.~:/?#\[\]@!$&'()*+,;=%-]", re.A)
"""What stands in no URI (RFC 3986 2)."""
_SECOND = re.compile(r"[,;|](?=https?://)", re.I)


@check(after=(redirect_uris_are_absolute,))
def redirect_uris_are_one_address_each(request: RegistrationRequest, known: Any) -> Refusal | None:
    wrong = [uri for uri in request.addresses if "*" not in uri and (_STRANGE.search(uri) or _SECOND.search(uri))]
    return _uris("reg-redirect-uri-malformed", wrong)


@check()
def launch_uri_is_absolute(request: RegistrationRequest, known: Any) -> Refusal | None:
    if not request.launch_uri or _is_absolute(request.launch_uri):
        return None
    return Refusal("reg-launch-uri-not-absolute", "invalid_client_metadata", {"received": request.launch_uri})


@check()
def redirect_uris_have_no_fragment(request: RegistrationRequest, known: Any) -> Refusal | None:
    wrong = [uri for uri in request.addresses if "#" in uri]
    return _uris("reg-redirect-uri-has-fragment", wrong, [uri.partition("#")[0] for uri in wrong])


@check()
def redirect_uris_are_https_or_loopback(request: RegistrationRequest, known: Any) -> Refusal | None:
    wrong = [uri for uri in request.addresses if _is_insecure(uri)]
    return _uris("reg-redirect-uri-insecure-http", wrong, [f"https{uri[4:]}" for uri in wrong])


def _is_insecure(uri: str) -> bool:
    return urls.split(uri).scheme == "http" and bool(urls.host(uri)) and not urls.is_loopback(uri)


@check()
def public_app_has_no_secret(request: RegistrationRequest, known: Any) -> Refusal | None:
    if request.client != "public" or not request.has_secret:
        return None
    return Refusal("reg-public-app-with-secret", "invalid_client_metadata", {"received": "(a secret)"})


@check()
def authentication_suits_the_client(request: RegistrationRequest, known: Any) -> Refusal | None:
    """A public client authenticates by nothing, a confidential one by something; what was not said contradicts nothing."""
    method = request.auth_method
    if method is None or request.type == "system" or (request.client == "public") == (method == "none"):
        return None
    expected = "none" if request.client == "public" else "client_secret_basic"
    facts = {
        "received": method,
        "client": "public" if request.client == "public" else "confidential",
        "expected": expected,
    }
    return Refusal("reg-client-type-mismatch", "invalid_client_metadata", facts)


@check()
def app_with_a_key_publishes_it(request: RegistrationRequest, known: Any) -> Refusal | None:
    if request.client != "asymmetric" or request.jwks or request.jwks_uri:
        return None
    return Refusal("reg-backend-no-jwks", "invalid_client_metadata", {"received": None, "expected": "jwks_uri or jwks"})


@check()
def keys_are_given_in_one_way(request: RegistrationRequest, known: Any) -> Refusal | None:
    """By value or by address (RFC 7591 2): two sets may differ, and nobody could tell which one counts."""
    if request.jwks is None or not request.jwks_uri:
        return None
    return Refusal("reg-jwks-given-twice", "invalid_client_metadata", {"received": ["jwks", request.jwks_uri]})


@check()
def jwks_holds_public_keys_alone(request: RegistrationRequest, known: Any) -> Refusal | None:
    found = sorted({member for key in _keys(request) for member in _private(key)})
    if not found:
        return None
    return Refusal("reg-jwks-has-private-key", "invalid_client_metadata", {"received": found, "members": found})


def _keys(request: RegistrationRequest) -> list[dict[str, Any]]:
    keys = (request.jwks or {}).get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _private(key: dict[str, Any]) -> list[str]:
    return [member for member in PRIVATE_MEMBERS if member in key] or (["k"] if key.get("kty") == "oct" else [])


MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
"""What a public key of a kind has at least (RFC 7518 6)."""


@check(after=(jwks_holds_public_keys_alone,))
def jwks_holds_a_key_to_check_by(request: RegistrationRequest, known: Any) -> Refusal | None:
    if not request.jwks or any(_is_usable(key) for key in _keys(request)):
        return None
    facts = {"received": sorted(request.jwks), "is_key": _is_usable(request.jwks)}
    return Refusal("reg-jwks-empty", "invalid_client_metadata", facts)


def _is_usable(key: Mapping[str, Any]) -> bool:
    members = MEMBERS.get(str(key.get("kty")))
    return members is not None and all(isinstance(key.get(one), str) and key[one] for one in members)


@check()
def jwks_uri_is_an_address(request: RegistrationRequest, known: Any) -> Refusal | None:
    """http or https, a host, and nothing that no fetch would send (RFC 3986 3.5)."""
    uri = request.jwks_uri
    if not uri or (_is_http(uri) and not _STRANGE.search(uri) and "#" not in uri):
        return None
    return Refusal("reg-jwks-uri-not-absolute", "invalid_client_metadata", {"received": uri})


def _is_http(uri: str) -> bool:
    return urls.split(uri).scheme in ("http", "https") and bool(urls.host(uri))


@check(after=(jwks_uri_is_an_address,))
def jwks_uri_is_https_or_loopback(request: RegistrationRequest, known: Any) -> Refusal | None:
    uri = request.jwks_uri
    if not uri or not _is_insecure(uri):
        return None
    facts = {"received": uri, "expected": f"https{uri[4:]}"}
    return Refusal("reg-jwks-uri-insecure-http", "invalid_client_metadata", facts)


@check()
def backend_has_something_to_sign_in_with(request: RegistrationRequest, known: Any) -> Refusal | None:
    """client_credentials is for confidential clients alone (RFC 6749 4.4)."""
    if request.type != "system" or request.client != "public":
        return None
    return Refusal("reg-system-app-public", "invalid_client_metadata", {"received": "public", "expected": "asymmetric"})


@check()
def scopes_are_separated_by_spaces(request: RegistrationRequest, known: Any) -> Refusal | None:
    facts = {"received": request.scope, "expected": " ".join(_tokens(request))}
    return next((Refusal(name, "invalid_client_metadata", facts) for name in misjoined(request.scope)), None)


@check()
def scopes_are_in_the_right_case(request: RegistrationRequest, known: Any) -> Refusal | None:
    wrong = [(token, right) for token in _tokens(request) if (right := scopes.recased(token, ALL_TYPES))]
    return _scopes("scope-wrong-case", [one for one, _ in wrong], [right for _, right in wrong])


@check()
def scope_letters_are_in_order(request: RegistrationRequest, known: Any) -> Refusal | None:
    wrong = [(token, right) for token in _tokens(request) if (right := scopes.reordered(token))]
    return _scopes("scope-v2-order", [one for one, _ in wrong], [right for _, right in wrong])


@check()
def scopes_are_well_formed(request: RegistrationRequest, known: Any) -> Refusal | None:
    tokens = [one for one in _tokens(request) if not scopes.recased(one, ALL_TYPES) and not scopes.reordered(one)]
    return _scopes("scope-malformed", [one for one in tokens if not scopes.parse(one)], [])


def _tokens(request: RegistrationRequest) -> tuple[str, ...]:
    return spelling(request.scope).tokens


def _scopes(name: str, wrong: list[str], corrected: list[str]) -> Refusal | None:
    facts = {"received": wrong, "expected": corrected or None, "scopes": wrong, "corrected": corrected}
    return Refusal(name, "invalid_client_metadata", facts) if wrong else None


@check()
def registrar_may_register(request: RegistrationRequest, known: Any) -> Refusal | None:
    if request.allowed:
        return None
    return Refusal("reg-not-allowed", "invalid_token", {"expected": "an initial access token"}, 401)


@check()
def registration_token_is_right(request: RegistrationRequest, known: Any) -> Refusal | None:
    if request.managed:
        return None
    return Refusal("reg-access-token-wrong", "invalid_token", {"expected": "the registration access token"}, 401)


@check()
def metadata_can_be_used(request: RegistrationRequest, known: Any) -> Refusal | None:
    if not request.fault:
        return None
    error = "invalid_redirect_uri" if "redirect URI" in request.fault else "invalid_client_metadata"
    return Refusal("reg-metadata-invalid", error, {"fault": request.fault})


CHECKS: tuple[RegistrationCheck, ...] = (
    registrar_may_register,
    registration_token_is_right,
    metadata_can_be_used,
    statement_is_signed_by_somebody,
    statement_is_by_whom_we_trust,
    redirect_uris_hold_no_wildcard,
    redirect_uris_are_absolute,
    redirect_uris_are_one_address_each,
    launch_uri_is_absolute,
    redirect_uris_have_no_fragment,
    redirect_uris_are_https_or_loopback,
    public_app_has_no_secret,
    authentication_suits_the_client,
    app_with_a_key_publishes_it,
    keys_are_given_in_one_way,
    jwks_holds_public_keys_alone,
    jwks_holds_a_key_to_check_by,
    jwks_uri_is_an_address,
    jwks_uri_is_https_or_loopback,
    backend_has_something_to_sign_in_with,
    scopes_are_separated_by_spaces,
    scopes_are_in_the_right_case,
    scope_letters_are_in_order,
    scopes_are_well_formed,
)
"""All of them refuse with 422; what is only unwise rides along as advice."""
