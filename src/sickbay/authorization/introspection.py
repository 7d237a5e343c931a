"""Introspection (RFC 7662; SMART 2.2, Token Introspection): who may ask, and what is said of a token."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import access, client_assertion, client_authentication, id_token, token
from sickbay.authorization.client_authentication import TokenCheck, client_is_registered
from sickbay.authorization.contexts import AccessContext, SubjectContext, TokenContext
from sickbay.authorization.models import AccessToken, Client, TokenFamily, User
from sickbay.authorization.refusals import token_lookup as refusals
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.kernel.checks import UNKNOWN, Refusal, check
from sickbay.kernel.compiled_checks import examine
from sickbay.protocol import scopes


def by_token(request: TokenRequest) -> bool:
    """Whether the caller shows an access token; otherwise it must be a client with a secret or a key."""
    return request.headers.get("authorization", "")[:6].lower() == "bearer"


@check()
def token_is_named(request: TokenRequest, known: TokenContext) -> Refusal | None:
    if request.parameters.get("token"):
        return None
    return refusals.TOKEN_PARAMETER_MISSING(received=None, expected="token")


@check(requires=("client",), after=(client_is_registered,))
def client_is_confidential(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """A public client proves nothing, and who proves nothing is told nothing (RFC 7662 2.1)."""
    if not isinstance(known.client, Client) or known.client.client != "public":
        return None
    facts = {"grant_type": None, "received": None, "registered": "a secret or a key"}
    return refusals.CLIENT_AUTH_MISSING.with_facts(facts)


@check()
def caller_holds_a_good_token(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """As at the FHIR server, but for base and scope: what it may look up depends on its scope."""
    assert isinstance(known, SubjectContext)
    read = AccessRequest(request.method, "", "", headers=request.headers)
    seen = AccessContext(now=known.now, server=known.server, client=known.client, token=known.caller, user=known.user)
    return examine(access.HOLDER, read, seen).decisive()


BY_TOKEN: tuple[TokenCheck, ...] = (*token.FORM_CHECKS, caller_holds_a_good_token, token_is_named)
BY_CLIENT: tuple[TokenCheck, ...] = (
    *token.FORM_CHECKS,
    *client_authentication.CHECKS,
    client_is_confidential,
    token_is_named,
)


def checks(request: TokenRequest) -> tuple[TokenCheck, ...]:
    if by_token(request):
        return BY_TOKEN
    return (*BY_CLIENT, *client_assertion.ASSERTION) if request.parameters.get("client_assertion") else BY_CLIENT


def status(refusal: Refusal) -> int:
    """Who is not known is answered 401 here, whichever way it spoke (RFC 7662 2.3)."""
    return 401 if refusal.error in ("invalid_client", "invalid_token", "") else refusal.status


def active(known: SubjectContext, owner: Client | None, person: User | None) -> bool:
    """Whether the token would be taken now, and whether this caller may know it. owner, person: the token's."""
    one = known.subject
    if not isinstance(one, AccessToken | TokenFamily) or owner is None or known.now is UNKNOWN or (one.user and person is None):
        return False
    if one.revoked or (one.expires_at or 0) <= int(known.now) or not _may_know(known, one):
        return False
    if isinstance(one, AccessToken):
        return True
    return one.mode != "none" and known.generation == one.generation and not known.session_ended


def _may_know(known: SubjectContext, one: AccessToken | TokenFamily) -> bool:
    """A confidential client and a holder of a system/ scope know of every token; others of their own app's."""
    caller = known.caller
    if not isinstance(caller, AccessToken):
        return True
    system = any(scope.level == "system" for scope in scopes.resources(caller.scope))
    return system or caller.client_id == one.client_id


def answer(known: SubjectContext, family: TokenFamily | None, person: User | None, issuer: str) -> dict[str, Any]:
    """What is said of an active token. family: the grant it is of, None where there is none of it."""
    one = known.subject
    assert isinstance(one, AccessToken | TokenFamily)
    said: dict[str, Any] = {
        "active": True,
        "scope": one.scope,
        "client_id": one.client_id,
        "exp": one.expires_at,
        "aud": one.base,
        "token_type": "Bearer" if isinstance(one, AccessToken) else None,
        "iat": one.issued_at if isinstance(one, AccessToken) else one.rotated_at,
        "iss": issuer,
        "patient": one.patient,
        "encounter": one.encounter,
    }
    context = family.context if family else {}
    said |= {name: context.get(name) for name in token.CONTEXT if one.patient or name != "need_patient_banner"}
    granted = family.scope if family else one.scope
    if person is not None and id_token.is_due(granted):
        claims = id_token.claims(issuer=issuer, client_id=one.client_id, user=person, base=one.base, scope=granted, now=0)
        said |= {name: claims.get(name) for name in ("sub", "fhirUser")}
    return {name: value for name, value in said.items() if value is not None}
