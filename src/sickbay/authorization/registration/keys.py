"""Checks of a registration's public keys (RFC 7517): none may be private, weak, for another use, or have a duplicate id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sickbay.authorization.checks import check
from sickbay.authorization.refusals import registration as refusals
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.checks import Refusal
from sickbay.protocol import jose


def keys_of(request: RegistrationRequest) -> list[dict[str, Any]]:
    keys = (request.jwks or {}).get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


@check()
def jwks_has_only_public_keys_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    private = sorted({member for key in keys_of(request) for member in jose.private_members(key)})
    if not private:
        return None
    return refusals.REG_JWKS_HAS_PRIVATE_KEY(received=private, members=private)


MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
"""The members that a public key of this type must have (RFC 7518 6)."""


@check(after=(jwks_has_only_public_keys_if_sent,))
def jwks_has_a_verification_key_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    if not request.jwks or any(_is_usable(key) for key in keys_of(request)):
        return None
    facts = {"received": sorted(request.jwks), "is_key": _is_usable(request.jwks)}
    return refusals.REG_JWKS_EMPTY.with_facts(facts)


def _is_usable(key: Mapping[str, Any]) -> bool:
    members = MEMBERS.get(str(key.get("kty")))
    return members is not None and all(isinstance(key.get(member), str) and key[member] for member in members)


@check(after=(jwks_has_a_verification_key_if_sent,))
def keys_include_a_signature_key_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Keys for encryption may be in the set too, but one must verify signatures."""
    keys = [key for key in keys_of(request) if _is_usable(key)]
    reasons = [(key, reason) for key in keys if (reason := jose.find_unsuitable_member(key))]
    if not keys or len(reasons) < len(keys):
        return None
    key, reason = reasons[0]
    return refusals.REG_JWKS_KEY_UNSUITED(received=reason, kid=key.get("kid"))


@check(after=(jwks_has_a_verification_key_if_sent,))
def keys_are_strong(request: RegistrationRequest, context: Any) -> Refusal | None:
    for key in keys_of(request):
        if not _is_usable(key) or jose.find_unsuitable_member(key):
            continue
        weakness = jose.find_weakness(key) or ("" if jose.is_whole(key) else "its members are not a point on its curve")
        if weakness:
            return refusals.REG_JWKS_KEY_WEAK(received=weakness, kid=key.get("kid"))
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
    keys_include_a_signature_key_if_sent,
    keys_are_strong,
    key_ids_are_unique,
)
