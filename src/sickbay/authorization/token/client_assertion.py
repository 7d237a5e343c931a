"""Checks of client assertions (SMART 2.2, Asymmetric authentication; RFC 7523)."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import UNKNOWN_SERVER, Client, Server
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import JWT_BEARER, TokenCheck, client_is_registered
from sickbay.kernel.checks import UNKNOWN, Examination, Refusal
from sickbay.protocol import jose, numeric_dates
from sickbay.protocol.jose import Jwt

LIFETIME = 300
"""Maximum lifetime of an assertion, in seconds (SMART 2.2)."""
USUAL_LIFETIME = 240
"""Lifetime that explanations propose, in seconds."""
LEEWAY = 60
"""Allowed clock difference, in seconds."""
JTI_CHARACTERS = 151
"""Maximum length of `jti` with the policy `assertion_limits`: that of Epic."""


def _read_assertion(request: TokenRequest) -> Jwt:
    read = request.assertion
    assert read is not None
    return read


def _get_time(context: TokenContext) -> int:
    assert context.now is not UNKNOWN
    return int(context.now)


@check()
def client_assertion_type_is_right(request: TokenRequest, context: TokenContext) -> Refusal | None:
    sent = request.parameters.get("client_assertion_type")
    return None if sent == JWT_BEARER else refusals.ASSERTION_TYPE_WRONG(received=sent, expected=JWT_BEARER)


@check()
def assertion_is_a_jwt(request: TokenRequest, context: TokenContext) -> Refusal | None:
    sent = request.parameters.get("client_assertion") or ""
    return None if request.assertion else refusals.ASSERTION_NOT_JWT(problem=jose.find_fault(sent))


def _allowed_algorithms(context: TokenContext) -> tuple[str, ...]:
    return (context.server or UNKNOWN_SERVER).policy.assertion_algorithms


@check(after=(assertion_is_a_jwt,))
def algorithm_is_allowed_by_smart(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Also accepts the algorithms that the tenant's policy adds."""
    sent = _read_assertion(request).header.get("alg")
    if sent in _allowed_algorithms(context) or (not context.smart and sent in jose.ALGORITHMS):
        return None
    return refusals.ASSERTION_ALG_UNSUPPORTED(received=jose.format_member(sent), expected=list(_allowed_algorithms(context)))


@check(after=(assertion_is_a_jwt,))
def crit_lists_no_unknown_header(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Every header named in crit must be understood, and this server understands no JWS extension (RFC 7515 4.1.11)."""
    header = _read_assertion(request).header
    return refusals.ASSERTION_CRIT_UNKNOWN(received=header["crit"]) if "crit" in header else None


@check(after=(assertion_is_a_jwt,))
def kid_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    return (
        None
        if _read_assertion(request).header.get("kid") or not context.smart
        else refusals.ASSERTION_KID_MISSING(received=None)
    )


@check(after=(assertion_is_a_jwt,))
def iss_of_the_assertion_equals_its_sub(request: TokenRequest, context: TokenContext) -> Refusal | None:
    claims = _read_assertion(request).claims
    iss, sub = claims.get("iss"), claims.get("sub")
    if iss and iss == sub:
        return None
    return refusals.ASSERTION_ISS_SUB_MISMATCH(received=jose.format_member(iss), expected=jose.format_member(sub))


@check(requires=("client",), after=(assertion_is_a_jwt, iss_of_the_assertion_equals_its_sub))
def iss_of_the_assertion_is_the_client_id(request: TokenRequest, context: TokenContext) -> Refusal | None:
    iss, named = _read_assertion(request).claims.get("iss"), request.parameters.get("client_id")
    registered = context.client.client_id if isinstance(context.client, Client) else None
    if iss == registered and named in (None, iss):
        return None
    shown = jose.format_member(iss)
    return refusals.ASSERTION_CLIENT_MISMATCH(received=shown, expected=named or registered or "a client registered here")


@check(requires=("server",), after=(assertion_is_a_jwt,))
def audience_is_the_token_endpoint(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """`aud` must name the token endpoint (SMART 2.2, Asymmetric Authentication).

    Unless the policy is strict, the issuer or the called endpoint is also accepted (RFC 7523 3; OpenID Connect Core 9).
    """
    assert isinstance(context.server, Server)
    sent = _read_assertion(request).claims.get("aud")
    audiences = sent if isinstance(sent, list) else [sent]
    if any(name in audiences for name in accepted_audiences(request, context.server)):
        return None
    return refusals.ASSERTION_AUD_WRONG(received=sent, expected=context.server.token_endpoint)


def accepted_audiences(request: TokenRequest, server: Server) -> tuple[str, ...]:
    """Returns the values of `aud` that the policy accepts, the token endpoint first.

    A FHIR base isn't accepted, even if it is the issuer: an access token is for the FHIR server, an assertion isn't.
    """
    if server.policy.assertion_audience == "token-endpoint":
        return (server.token_endpoint,)
    issuer = None if server.issuer in server.fhir_bases else server.issuer
    return tuple([url for url in (server.token_endpoint, issuer, request.url) if url])


@check(requires=("now",), after=(assertion_is_a_jwt,))
def assertion_expires_soon_enough(request: TokenRequest, context: TokenContext) -> Refusal | None:
    exp, now = _read_assertion(request).claims.get("exp"), _get_time(context)
    if not isinstance(exp, int | float) or isinstance(exp, bool):
        return refusals.ASSERTION_EXP_MISSING(received=exp)
    facts = {"received": exp, "now": now, "ahead": int(exp) - now, "late": now - int(exp)}
    if unit := numeric_dates.find_unit(exp):
        return refusals.ASSERTION_EXP_MILLISECONDS(**facts, unit=unit, **_correct_exp(exp, unit, now))
    if exp > now + LIFETIME + LEEWAY and context.smart:
        return refusals.ASSERTION_EXP_TOO_LONG(**facts)
    return refusals.ASSERTION_EXPIRED(**facts) if exp < now - LEEWAY else None


def _correct_exp(exp: float, unit: str, now: int) -> dict[str, object]:
    """expected: the time in seconds; another one if that would be refused too, and then `divided` is false."""
    seconds = numeric_dates.convert_to_seconds(exp)
    divided = now < seconds <= now + LIFETIME
    expected = seconds if divided else now + USUAL_LIFETIME
    return {"expected": expected, "divided": divided, "divisor": numeric_dates.UNITS[unit]}


@check(requires=("now",), after=(assertion_is_a_jwt,))
def assertion_is_not_used_before_nbf(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """nbf is optional, but enforced if it is sent (RFC 7523 3, 5)."""
    nbf, now = _read_assertion(request).claims.get("nbf"), _get_time(context)
    if nbf is None or (isinstance(nbf, int | float) and not isinstance(nbf, bool) and nbf <= now + LEEWAY):
        return None
    return refusals.ASSERTION_NBF_FUTURE(received=nbf, now=now, unit=numeric_dates.find_unit(nbf))


@check(requires=("now",), after=(assertion_expires_soon_enough, assertion_is_not_used_before_nbf))
def assertion_was_issued_recently_if_it_says_when(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """iat is optional, but a number if it is sent (RFC 7519 4.1.6). The policy limits it and nbf as Epic's guide does."""
    claims, now = _read_assertion(request).claims, _get_time(context)
    for name in ("iat", "nbf"):
        sent = claims.get(name)
        reason = "" if sent is None else _find_fault_of_issue_time(sent, claims["exp"], now, _is_limited(context))
        if reason:
            return refusals.ASSERTION_ISSUE_TIME_WRONG(received=sent, claim=name, reason=reason, now=now, exp=claims["exp"])
    return None


def _find_fault_of_issue_time(sent: Any, exp: float, now: int, limited: bool) -> str:
    if not isinstance(sent, int | float) or isinstance(sent, bool):
        return "type"
    if not limited:
        return ""
    return numeric_dates.find_unit(sent) or "future" if sent > now + LEEWAY else "early" if exp - sent > LIFETIME else ""


def _is_limited(context: TokenContext) -> bool:
    return (context.server or UNKNOWN_SERVER).policy.assertion_limits


@check(requires=("server",), after=(assertion_is_a_jwt,))
def jti_is_short_enough(request: TokenRequest, context: TokenContext) -> Refusal | None:
    jti = _read_assertion(request).claims.get("jti")
    if not _is_limited(context) or not isinstance(jti, str) or len(jti) <= JTI_CHARACTERS:
        return None
    return refusals.ASSERTION_JTI_TOO_LONG(received=len(jti), limit=JTI_CHARACTERS)


@check(after=(assertion_is_a_jwt,))
def assertion_has_a_new_jti(request: TokenRequest, context: TokenContext) -> Refusal | None:
    jti = _read_assertion(request).claims.get("jti")
    if not isinstance(jti, str) or not jti:
        return refusals.ASSERTION_JTI_MISSING(received=jose.format_member(jti) or None)
    return refusals.ASSERTION_JTI_REUSED(received=jti) if jti in context.seen_jti else None


@check(requires=("jwks",), after=(assertion_is_a_jwt, client_is_registered))
def keys_can_be_fetched(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client = context.client if isinstance(context.client, Client) else None
    if isinstance(context.jwks, dict) and isinstance(context.jwks.get("keys"), list):
        return None
    facts = {"fault": context.jwks_fault} if context.jwks_fault else {}
    return refusals.JWKS_UNREACHABLE(received=client.jwks_uri if client else None, **facts)


@check(requires=("jwks",), after=(algorithm_is_allowed_by_smart, kid_is_sent, keys_can_be_fetched))
def key_is_published(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Exactly one key must have this id and type, and jku must be the registered URL if it is sent (SMART 2.2, 5.2.2.1)."""
    header = _read_assertion(request).header
    jku = header.get("jku")
    registered = context.client.jwks_uri if isinstance(context.client, Client) else None
    if _find_key(header, context) is not None and jku in (None, registered):
        return None
    facts = {"jku": jku, "expected": registered} if jku not in (None, registered) else {}
    keys = _registered_keys(context)
    published = [key["kid"] for key in keys if jose.has_id(key)]
    if len(published) < len(keys):
        facts["unnamed"] = True
    return refusals.ASSERTION_KID_UNKNOWN(received=jose.format_member(header.get("kid")), published=published, **facts)


@check(requires=("jwks",), after=(key_is_published,))
def key_is_public(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A key set may come from a URL that wasn't checked when the app was registered."""
    key = _find_key(_read_assertion(request).header, context)
    private = jose.private_members(key or {})
    kid = _read_assertion(request).header.get("kid")
    return refusals.ASSERTION_KEY_PRIVATE(received=kid, members=list(private)) if private else None


@check(requires=("jwks",), after=(key_is_published,))
def key_is_for_signatures(request: TokenRequest, context: TokenContext) -> Refusal | None:
    header = _read_assertion(request).header
    reason = jose.find_unsuitable_member(_find_key(header, context) or {}, header.get("alg"))
    return refusals.ASSERTION_KEY_UNSUITED(received=reason, kid=header.get("kid")) if reason else None


@check(requires=("jwks",), after=(key_is_published, key_is_for_signatures))
def key_is_strong(request: TokenRequest, context: TokenContext) -> Refusal | None:
    header = _read_assertion(request).header
    key = _find_key(header, context) or {}
    weakness = jose.find_weakness(key) or ("" if not key or jose.is_whole(key) else "its members are not those of a public key")
    return refusals.ASSERTION_KEY_WEAK(received=weakness, kid=header.get("kid")) if weakness else None


SOUND_KEY = (key_is_published, key_is_public, key_is_for_signatures, key_is_strong)


@check(requires=("jwks",), after=(*SOUND_KEY, crit_lists_no_unknown_header))
def signature_is_valid(request: TokenRequest, context: TokenContext) -> Refusal | None:
    header = _read_assertion(request).header
    key = _find_key(header, context)
    text = request.parameters.get("client_assertion") or ""
    if key is not None and jose.verify(text, key, _allowed_algorithms(context)):
        return None
    return refusals.ASSERTION_SIGNATURE_INVALID(received=header.get("kid"))


def _registered_keys(context: TokenContext) -> list[dict[str, Any]]:
    keys = context.jwks.get("keys") if isinstance(context.jwks, dict) else None
    return [key for key in keys or () if isinstance(key, dict)]


def _find_key(header: dict[str, Any], context: TokenContext) -> dict[str, Any] | None:
    """Returns the only key with this id and type; None if there is no such key or more than one."""
    kid, algorithm = header.get("kid"), header.get("alg")
    named = [key for key in _registered_keys(context) if jose.has_id(key) and key["kid"] == kid]
    matching = [key for key in named if jose.fits_algorithm(key, algorithm)]
    return matching[0] if len(matching) == 1 else None


def is_proven(examination: Examination) -> bool:
    """Whether the assertion is valid for this client. If so, it can't be used again, even if the request is refused."""
    passed = {run.name for run in examination.checked if run.outcome == "passed"}
    return all(assertion_check.name in passed for assertion_check in ASSERTION)


ASSERTION: tuple[TokenCheck, ...] = (
    client_assertion_type_is_right,
    assertion_is_a_jwt,
    algorithm_is_allowed_by_smart,
    crit_lists_no_unknown_header,
    kid_is_sent,
    iss_of_the_assertion_equals_its_sub,
    iss_of_the_assertion_is_the_client_id,
    audience_is_the_token_endpoint,
    assertion_expires_soon_enough,
    assertion_is_not_used_before_nbf,
    assertion_was_issued_recently_if_it_says_when,
    jti_is_short_enough,
    assertion_has_a_new_jti,
    keys_can_be_fetched,
    *SOUND_KEY,
    signature_is_valid,
)
"""Checks of every request with a client_assertion, for any grant."""
