"""Checks of a registration's public keys (RFC 7517; SMART 2.2, Client Authentication: Asymmetric).

Each key is public, complete and strong, and has an id of its own. One of them fits a signature algorithm of this server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sickbay.authorization.checks import check
from sickbay.authorization.models import Server
from sickbay.authorization.refusals import registration as refusals
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.kernel.checks import Refusal
from sickbay.protocol import jose


def keys_of(request: RegistrationRequest) -> list[dict[str, Any]]:
    return [key for _, key in _entries_of(request) if isinstance(key, dict)]


def _entries_of(request: RegistrationRequest) -> list[tuple[str, Any]]:
    """The entries of the set, each with its name in an explanation: its id, or else its place, which begins with 1."""
    keys = (request.jwks or {}).get("keys")
    entries = enumerate(keys if isinstance(keys, list) else (), 1)
    return [(str(key["kid"]) if isinstance(key, dict) and jose.has_id(key) else f"number {at}", key) for at, key in entries]


@check()
def jwks_has_only_public_keys_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    private = sorted({member for key in keys_of(request) for member in jose.private_members(key)})
    if not private:
        return None
    return refusals.REG_JWKS_HAS_PRIVATE_KEY(received=private, members=private)


@check(after=(jwks_has_only_public_keys_if_sent,))
def jwks_has_a_verification_key_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    if not request.jwks or any(_is_usable(key) for key in keys_of(request)):
        return None
    facts = {"received": sorted(request.jwks), "is_key": _is_usable(request.jwks)}
    return refusals.REG_JWKS_EMPTY.with_facts(facts)


def _is_usable(key: Mapping[str, Any]) -> bool:
    return key.get("kty") in jose.KINDS.values() and not jose.find_missing_member(key)


def _is_smart(request: RegistrationRequest, context: Any) -> bool:
    """Whether SMART's rules apply: to this server, and elsewhere if the app registers SMART's scopes."""
    tokens = requested_scopes.tokens_of(request.scope)
    return isinstance(getattr(context, "server", None), Server) or bool(requested_scopes.parse_resource_scopes(tokens))


@check(after=(jwks_has_a_verification_key_if_sent,))
def keys_are_complete(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Each key needs `kty` and its "bare key" members, which a certificate doesn't replace."""
    missing = [(name, reason) for name, key in _entries_of(request) if (reason := jose.find_missing_member(key))]
    if not missing or not _is_smart(request, context):
        return None
    name, reason = missing[0]
    return refusals.REG_JWKS_KEY_INCOMPLETE(received=reason, kid=name)


@check(after=(jwks_has_a_verification_key_if_sent,))
def keys_have_ids(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Each key needs a `kid`, because an assertion names its key only by it."""
    unnamed = [(name, key) for name, key in _entries_of(request) if isinstance(key, dict) and not jose.has_id(key)]
    if not unnamed or not _is_smart(request, context):
        return None
    name, key = unnamed[0]
    return refusals.REG_JWKS_KID_MISSING(received=key.get("kid"), kid=name, expected=jose.calculate_thumbprint(key))


@check(after=(jwks_has_a_verification_key_if_sent,))
def keys_include_a_signature_key_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Keys for encryption may be in the set too, but one must verify signatures."""
    reasons = [(name, _find_unsuitable_member(key, context)) for name, key in _usable_keys(request)]
    if not all(reason for _, reason in reasons):
        return None
    return next((refusals.REG_JWKS_KEY_UNSUITED(received=reason, kid=name) for name, reason in reasons), None)


def _usable_keys(request: RegistrationRequest) -> list[tuple[str, dict[str, Any]]]:
    return [(name, key) for name, key in _entries_of(request) if isinstance(key, dict) and _is_usable(key)]


def _find_unsuitable_member(key: dict[str, Any], context: Any) -> str:
    """The member that rules out each algorithm that this server accepts, and its value; "" if the key fits one of them."""
    server = getattr(context, "server", None)
    accepted = server.policy.assertion_algorithms if isinstance(server, Server) else jose.ALGORITHMS
    fitting = [algorithm for algorithm in accepted if jose.fits_algorithm(key, algorithm)]
    return min((jose.find_unsuitable_member(key, algorithm) for algorithm in fitting), default=f"kty is {key['kty']}")


@check(after=(jwks_has_a_verification_key_if_sent,))
def keys_are_strong(request: RegistrationRequest, context: Any) -> Refusal | None:
    for name, key in _usable_keys(request):
        if jose.find_unsuitable_member(key):
            continue
        weakness = jose.find_weakness(key) or ("" if jose.is_whole(key) else "its members are not a point on its curve")
        if weakness:
            return refusals.REG_JWKS_KEY_WEAK(received=weakness, kid=name)
    return None


@check(after=(jwks_has_only_public_keys_if_sent,))
def key_ids_are_unique(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Ids must be unique per key type: keys of two types may share an id (RFC 7517 4.5)."""
    ids = Counter((str(key.get("kty")), str(key["kid"])) for key in keys_of(request) if key.get("kid") is not None)
    duplicates = sorted({kid for (_, kid), count in ids.items() if count > 1})
    return refusals.REG_JWKS_KID_DUPLICATE(received=duplicates, names=duplicates) if duplicates else None


CHECKS = (
    jwks_has_only_public_keys_if_sent,
    jwks_has_a_verification_key_if_sent,
    keys_are_complete,
    keys_have_ids,
    keys_include_a_signature_key_if_sent,
    keys_are_strong,
    key_ids_are_unique,
)
