"""Client assertions and the client_credentials grant (SMART 2.2, Asymmetric authentication, Backend Services; RFC 7523)."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import backend_scopes
from sickbay.authorization.client_authentication import JWT_BEARER, TokenCheck, client_is_registered, presented
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import UNKNOWN, Examination, Refusal, check
from sickbay.protocol import jose
from sickbay.protocol.jose import Jwt

LIFETIME = 300
"""Seconds that an assertion may live (SMART 2.2)."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
TOKEN_LIFETIME = 300
"""Seconds at most of an access token that no person gave (SMART 2.2, Backend Services)."""


def assertion(request: TokenRequest) -> Jwt | None:
    return jose.peek(request.parameters.get("client_assertion") or "")


def _read(request: TokenRequest) -> Jwt:
    read = assertion(request)
    assert read is not None
    return read


def _now(known: TokenContext) -> int:
    assert known.now is not UNKNOWN
    return int(known.now)


@check()
def assertion_type_is_named(request: TokenRequest, known: TokenContext) -> Refusal | None:
    sent = request.parameters.get("client_assertion_type")
    return None if sent == JWT_BEARER else refusals.ASSERTION_TYPE_WRONG(received=sent, expected=JWT_BEARER)


@check()
def assertion_is_a_jwt(request: TokenRequest, known: TokenContext) -> Refusal | None:
    sent = request.parameters.get("client_assertion") or ""
    return None if assertion(request) else refusals.ASSERTION_NOT_JWT(parts=sent.count(".") + 1)


def _algorithms(known: TokenContext) -> tuple[str, ...]:
    return (known.server.policy if isinstance(known.server, Server) else Policy()).assertion_algorithms


@check(after=(assertion_is_a_jwt,))
def algorithm_is_one_of_smart(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """Or one that the hospital takes besides."""
    sent = _read(request).header.get("alg")
    if sent in _algorithms(known):
        return None
    return refusals.ASSERTION_ALG_UNSUPPORTED(received=sent, expected=list(_algorithms(known)))


@check(after=(assertion_is_a_jwt,))
def nothing_unknown_is_critical(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """What crit names must be understood, and no extension of JWS is understood here (RFC 7515 4.1.11)."""
    header = _read(request).header
    return refusals.ASSERTION_CRIT_UNKNOWN(received=header["crit"]) if "crit" in header else None


@check(after=(assertion_is_a_jwt,))
def key_is_named(request: TokenRequest, known: TokenContext) -> Refusal | None:
    return None if _read(request).header.get("kid") else refusals.ASSERTION_KID_MISSING(received=None)


@check(after=(assertion_is_a_jwt,))
def issuer_is_the_subject(request: TokenRequest, known: TokenContext) -> Refusal | None:
    claims = _read(request).claims
    iss, sub = claims.get("iss"), claims.get("sub")
    return None if iss and iss == sub else refusals.ASSERTION_ISS_SUB_MISMATCH(received=iss, expected=sub)


@check(requires=("client",), after=(assertion_is_a_jwt, issuer_is_the_subject))
def issuer_is_the_client(request: TokenRequest, known: TokenContext) -> Refusal | None:
    iss, named = _read(request).claims.get("iss"), request.parameters.get("client_id")
    registered = known.client.client_id if isinstance(known.client, Client) else None
    if iss == registered and named in (None, iss):
        return None
    return refusals.ASSERTION_CLIENT_MISMATCH(received=iss, expected=named or registered or "a client registered here")


@check(requires=("server",), after=(assertion_is_a_jwt,))
def audience_is_the_token_endpoint(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """SMART 2.2, Asymmetric Authentication: the URL of the token endpoint, not the issuer that OpenID libraries send."""
    server, sent = known.server, _read(request).claims.get("aud")
    expected = server.token_endpoint if isinstance(server, Server) else ""
    audiences = sent if isinstance(sent, list) else [sent]
    return None if expected in audiences else refusals.ASSERTION_AUD_WRONG(received=sent, expected=expected)


@check(requires=("now",), after=(assertion_is_a_jwt,))
def assertion_expires_soon(request: TokenRequest, known: TokenContext) -> Refusal | None:
    exp, now = _read(request).claims.get("exp"), _now(known)
    if not isinstance(exp, int | float) or isinstance(exp, bool):
        return refusals.ASSERTION_EXP_MISSING(received=exp)
    facts = {"received": exp, "now": now, "ahead": int(exp) - now, "late": now - int(exp)}
    if exp > 10**11:
        return refusals.ASSERTION_EXP_MILLISECONDS(**facts, expected=int(exp) // 1000)
    if exp > now + LIFETIME + LEEWAY:
        return refusals.ASSERTION_EXP_TOO_LONG(**facts)
    return refusals.ASSERTION_EXPIRED(**facts) if exp < now - LEEWAY else None


@check(requires=("now",), after=(assertion_is_a_jwt,))
def assertion_is_good_already(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """nbf may be left out; one that is there holds (RFC 7523 3, 5)."""
    nbf, now = _read(request).claims.get("nbf"), _now(known)
    if nbf is None or (isinstance(nbf, int | float) and not isinstance(nbf, bool) and nbf <= now + LEEWAY):
        return None
    return refusals.ASSERTION_NBF_FUTURE(received=nbf, now=now)


@check(after=(assertion_is_a_jwt,))
def assertion_is_used_once(request: TokenRequest, known: TokenContext) -> Refusal | None:
    jti = _read(request).claims.get("jti")
    if not isinstance(jti, str) or not jti:
        return refusals.ASSERTION_JTI_MISSING(received=None)
    return refusals.ASSERTION_JTI_REUSED(received=jti) if jti in known.seen_jti else None


@check(requires=("jwks",), after=(assertion_is_a_jwt, client_is_registered))
def keys_can_be_fetched(request: TokenRequest, known: TokenContext) -> Refusal | None:
    client = known.client if isinstance(known.client, Client) else None
    if isinstance(known.jwks, dict) and isinstance(known.jwks.get("keys"), list):
        return None
    facts = {"fault": known.jwks_fault} if known.jwks_fault else {}
    return refusals.JWKS_UNREACHABLE(received=client.jwks_uri if client else None, **facts)


@check(requires=("jwks",), after=(algorithm_is_one_of_smart, key_is_named, keys_can_be_fetched))
def key_is_published(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """Exactly one key of this id and kind, and no other address for it than the registered one (SMART 2.2, 5.2.2.1)."""
    header = _read(request).header
    jku = header.get("jku")
    registered = known.client.jwks_uri if isinstance(known.client, Client) else None
    if _key(header, known) is not None and jku in (None, registered):
        return None
    facts = {"jku": jku, "expected": registered} if jku not in (None, registered) else {}
    published = [one.get("kid") for one in _keys(known)]
    return refusals.ASSERTION_KID_UNKNOWN(received=header.get("kid"), published=published, **facts)


@check(requires=("jwks",), after=(key_is_published,))
def key_is_public(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """A key set may come from an address that wasn't checked when the app was registered."""
    key = _key(_read(request).header, known)
    found = jose.private_members(key or {})
    kid = _read(request).header.get("kid")
    return refusals.ASSERTION_KEY_PRIVATE(received=kid, members=list(found)) if found else None


@check(requires=("jwks",), after=(key_is_published,))
def key_is_for_signatures(request: TokenRequest, known: TokenContext) -> Refusal | None:
    header = _read(request).header
    why = jose.unsuited(_key(header, known) or {}, header.get("alg"))
    return refusals.ASSERTION_KEY_UNSUITED(received=why, kid=header.get("kid")) if why else None


@check(requires=("jwks",), after=(key_is_published, key_is_for_signatures))
def key_is_strong(request: TokenRequest, known: TokenContext) -> Refusal | None:
    header = _read(request).header
    key = _key(header, known) or {}
    why = jose.weakness(key) or ("" if not key or jose.is_whole(key) else "its members are not those of a public key")
    return refusals.ASSERTION_KEY_WEAK(received=why, kid=header.get("kid")) if why else None


SOUND_KEY = (key_is_published, key_is_public, key_is_for_signatures, key_is_strong)


@check(requires=("jwks",), after=(*SOUND_KEY, nothing_unknown_is_critical))
def signature_is_right(request: TokenRequest, known: TokenContext) -> Refusal | None:
    header = _read(request).header
    key = _key(header, known)
    text = request.parameters.get("client_assertion") or ""
    if key is not None and jose.verify(text, key, _algorithms(known)):
        return None
    return refusals.ASSERTION_SIGNATURE_INVALID(received=header.get("kid"))


def _keys(known: TokenContext) -> list[dict[str, Any]]:
    found = known.jwks.get("keys") if isinstance(known.jwks, dict) else None
    return [one for one in found or () if isinstance(one, dict)]


def _key(header: dict[str, Any], known: TokenContext) -> dict[str, Any] | None:
    """The one key of this id and kind; none and several are alike no key."""
    kid, algorithm = header.get("kid"), header.get("alg")
    found = [one for one in _keys(known) if one.get("kid") == kid and jose.fits(one, algorithm)]
    return found[0] if len(found) == 1 else None


@check(requires=("client",), after=(client_is_registered,))
def assertion_is_sent(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """A public client proves nothing, so nothing is given to it alone; others are asked for theirs by credentials_are_sent."""
    client, methods = known.client, presented(request).methods
    if not isinstance(client, Client) or client.client != "public" or methods:
        return None
    return refusals.ASSERTION_MISSING(received=None)


def proven(examination: Examination) -> bool:
    """Whether the assertion is the client's and good: then it is used up, whatever else is refused."""
    passed = {one.name for one in examination.checked if one.outcome == "passed"}
    return all(one.name in passed for one in ASSERTION)


def lifetime(client: Client) -> int:
    return min(client.token_lifetime or TOKEN_LIFETIME, TOKEN_LIFETIME)


ASSERTION: tuple[TokenCheck, ...] = (
    assertion_type_is_named,
    assertion_is_a_jwt,
    algorithm_is_one_of_smart,
    nothing_unknown_is_critical,
    key_is_named,
    issuer_is_the_subject,
    issuer_is_the_client,
    audience_is_the_token_endpoint,
    assertion_expires_soon,
    assertion_is_good_already,
    assertion_is_used_once,
    keys_can_be_fetched,
    *SOUND_KEY,
    signature_is_right,
)
"""For every request with a client_assertion, whatever the grant."""

CHECKS: tuple[TokenCheck, ...] = (assertion_is_sent, *backend_scopes.CHECKS)
"""For client_credentials."""
