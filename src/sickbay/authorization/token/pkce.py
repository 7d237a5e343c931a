"""The checks of the code verifier at the token endpoint (RFC 7636 4.5, 4.6). `authorize` checks the challenge."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client, Pkce, Server
from sickbay.authorization.refusals import token as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Check, Refusal, Unknown
from sickbay.protocol.pkce import find_mistake, is_match, is_verifier, make_challenge


def find_mode(server: Server | Unknown, client: Client | Unknown | None) -> Pkce:
    """Returns the tenant's policy, or the app's registration, or "required"."""
    if isinstance(server, Server) and server.policy.pkce:
        return server.policy.pkce
    return client.pkce if isinstance(client, Client) else "required"


def _is_pkce_off(context: TokenContext) -> bool:
    return find_mode(context.server, context.client) == "off"


@check(requires=("code",))
def code_verifier_is_sent_if_code_challenge_was(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("code_verifier") or not _registered_challenge(context) or _is_pkce_off(context):
        return None
    return refusals.PKCE_VERIFIER_MISSING(challenge=_registered_challenge(context))


@check(requires=("code",))
def code_verifier_is_sent_only_with_code_challenge(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A verifier without a challenge means that an attacker removed the challenge (RFC 9700 4.8.2)."""
    verifier = request.parameters.get("code_verifier")
    if not verifier or context.code is None or _registered_challenge(context) or _is_pkce_off(context):
        return None
    return refusals.PKCE_VERIFIER_UNEXPECTED(challenge=None)


@check()
def code_verifier_is_well_formed_if_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    verifier = request.parameters.get("code_verifier")
    if not verifier or is_verifier(verifier) or _is_pkce_off(context):
        return None
    invalid = sorted({character for character in verifier if not is_verifier(character * 43)})
    return refusals.PKCE_VERIFIER_MALFORMED(length=len(verifier), foreign=invalid)


@check(requires=("code",), after=(code_verifier_is_sent_if_code_challenge_was, code_verifier_is_well_formed_if_sent))
def code_verifier_matches_code_challenge_if_there_is_one(request: TokenRequest, context: TokenContext) -> Refusal | None:
    verifier, registered = request.parameters.get("code_verifier"), _registered_challenge(context)
    if not verifier or not registered or is_match(verifier, registered) or _is_pkce_off(context):
        return None
    computed = make_challenge(verifier)
    facts: dict[str, Any] = {
        "challenge": registered,
        "computed": computed,
        "slip": find_mistake(verifier, registered),
    }
    if facts["computed"] in context.attempts:
        facts["other_attempt"] = True
    return refusals.PKCE_VERIFIER_MISMATCH.with_facts(facts)


def _registered_challenge(context: TokenContext) -> str | None:
    return context.code.code_challenge if isinstance(context.code, AuthorizationCode) else None


CHECKS: tuple[Check[TokenRequest, TokenContext], ...] = (
    code_verifier_is_sent_if_code_challenge_was,
    code_verifier_is_sent_only_with_code_challenge,
    code_verifier_is_well_formed_if_sent,
    code_verifier_matches_code_challenge_if_there_is_one,
)
