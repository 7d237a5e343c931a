"""PKCE at the token endpoint (RFC 7636 4.5, 4.6; SMART 2.2): checks of the verifier. `authorize` checks the challenge."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client, Pkce, Server
from sickbay.authorization.refusals import token as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Check, Refusal, Unknown, check
from sickbay.protocol import pkce


def mode(server: Server | Unknown, client: Client | Unknown | None) -> Pkce:
    """Returns the tenant's policy, or the app's registration, or "required"."""
    if isinstance(server, Server) and server.policy.pkce:
        return server.policy.pkce
    return client.pkce if isinstance(client, Client) else "required"


def _is_off(known: TokenContext) -> bool:
    return mode(known.server, known.client) == "off"


@check(requires=("code",))
def verifier_is_sent(request: TokenRequest, known: TokenContext) -> Refusal | None:
    if _is_off(known) or not _registered(known) or request.parameters.get("code_verifier"):
        return None
    return refusals.PKCE_VERIFIER_MISSING(challenge=_registered(known))


@check(requires=("code",))
def verifier_is_expected(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """A verifier without a challenge means that an attacker removed the challenge (RFC 9700 4.8.2)."""
    verifier = request.parameters.get("code_verifier")
    if _is_off(known) or not verifier or known.code is None or _registered(known):
        return None
    return refusals.PKCE_VERIFIER_UNEXPECTED(challenge=None)


@check()
def verifier_is_well_formed(request: TokenRequest, known: TokenContext) -> Refusal | None:
    verifier = request.parameters.get("code_verifier")
    if _is_off(known) or not verifier or pkce.is_verifier(verifier):
        return None
    invalid = sorted({character for character in verifier if not pkce.is_verifier(character * 43)})
    return refusals.PKCE_VERIFIER_MALFORMED(length=len(verifier), foreign=invalid)


@check(requires=("code",), after=(verifier_is_sent, verifier_is_well_formed))
def verifier_fits_the_challenge(request: TokenRequest, known: TokenContext) -> Refusal | None:
    verifier, challenge = request.parameters.get("code_verifier"), _registered(known)
    if _is_off(known) or not verifier or not challenge or pkce.matches(verifier, challenge):
        return None
    facts: dict[str, Any] = {
        "challenge": challenge,
        "computed": pkce.challenge(verifier),
        "slip": pkce.slip(verifier, challenge),
    }
    if facts["computed"] in known.attempts:
        facts["other_attempt"] = True
    return refusals.PKCE_VERIFIER_MISMATCH.with_facts(facts)


def _registered(known: TokenContext) -> str | None:
    return known.code.code_challenge if isinstance(known.code, AuthorizationCode) else None


CHECKS: tuple[Check[TokenRequest, TokenContext], ...] = (
    verifier_is_sent,
    verifier_is_expected,
    verifier_is_well_formed,
    verifier_fits_the_challenge,
)
