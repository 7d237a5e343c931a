"""Token introspection (RFC 7662; SMART 2.2, Token Introspection): who may call it, and what it returns."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import access, token
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext, SubjectContext, TokenContext
from sickbay.authorization.models import AccessToken, Client, Server, TokenFamily, User
from sickbay.authorization.refusals import token_lookup as refusals
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.authorization.token import client_assertion, client_authentication, id_token
from sickbay.authorization.token import response as token_response
from sickbay.authorization.token.client_authentication import TokenCheck, client_is_registered
from sickbay.kernel.checks import UNKNOWN, Refusal, examine
from sickbay.protocol import scopes


def is_authenticated_by_token(request: TokenRequest) -> bool:
    """Whether the caller sends an access token; otherwise it must be a client with a secret or a key."""
    return request.headers.get("authorization", "")[:6].lower() == "bearer"


@check()
def token_to_examine_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("token"):
        return None
    return refusals.TOKEN_PARAMETER_MISSING(received=None, expected="token")


@check(requires=("client",), after=(client_is_registered,))
def client_is_confidential(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A public client can't authenticate, so it gets no information (RFC 7662 2.1)."""
    if not isinstance(context.client, Client) or context.client.client != "public":
        return None
    facts = {"grant_type": None, "received": None, "registered": "a secret or a key"}
    return refusals.CLIENT_AUTH_MISSING.with_facts(facts)


@check()
def token_of_the_caller_is_valid(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Checks the token as the FHIR server does, except base and scope: the scope decides what it may look up."""
    assert isinstance(context, SubjectContext)
    header_request = AccessRequest(request.method, "", "", headers=request.headers)
    header_context = AccessContext(
        now=context.now, server=context.server, client=context.client, token=context.caller, user=context.user
    )
    return examine(access.TOKEN_CHECKS, header_request, header_context).decisive()


BY_TOKEN: tuple[TokenCheck, ...] = (*token.FORM_CHECKS, token_of_the_caller_is_valid, token_to_examine_is_sent)
BY_CLIENT: tuple[TokenCheck, ...] = (
    *token.FORM_CHECKS,
    *client_authentication.CHECKS,
    client_is_confidential,
    token_to_examine_is_sent,
)


def checks_for(request: TokenRequest) -> tuple[TokenCheck, ...]:
    if is_authenticated_by_token(request):
        return BY_TOKEN
    return (*BY_CLIENT, *client_assertion.ASSERTION) if request.parameters.get("client_assertion") else BY_CLIENT


def select_status(refusal: Refusal) -> int:
    """Returns 401 for an unauthenticated caller, however it tried to authenticate (RFC 7662 2.3)."""
    return 401 if refusal.error in ("invalid_client", "invalid_token", "") else refusal.status


def is_active(context: SubjectContext, owner: Client | None, person: User | None) -> bool:
    """Whether the token is valid now and this caller may know it. owner, person: the token's client and user."""
    subject = context.subject
    if (
        not isinstance(subject, AccessToken | TokenFamily)
        or owner is None
        or context.now is UNKNOWN
        or (subject.user and person is None)
    ):
        return False
    if subject.revoked or (subject.expires_at or 0) <= int(context.now) or not _may_know(context, subject):
        return False
    if isinstance(subject, AccessToken):
        return True
    return subject.mode != "none" and context.generation == subject.generation and not context.session_ended


def _may_know(context: SubjectContext, subject: AccessToken | TokenFamily) -> bool:
    """Whether the caller may know this token.

    Confidential clients and tokens with a system/ scope may see every token; others only those of their own app. The client of
    a registered resource sees only tokens for it, and its own.
    """
    caller, client = context.caller, context.client
    if not isinstance(caller, AccessToken):
        audiences = list_audiences(context)
        is_own = isinstance(client, Client) and client.client_id == subject.client_id
        return not audiences or subject.base in audiences or is_own
    system = any(scope.level == "system" for scope in scopes.list_resources(caller.scope))
    return system or caller.client_id == subject.client_id


def list_audiences(context: SubjectContext) -> tuple[str, ...]:
    """Returns the registered resources that this client introspects tokens for."""
    server, client = context.server, context.client
    if not isinstance(server, Server) or not isinstance(client, Client):
        return ()
    return tuple([resource.url for resource in server.resources if resource.client_id == client.client_id])


def describe_active_token(
    context: SubjectContext, family: TokenFamily | None, person: User | None, server: Server
) -> dict[str, Any]:
    """Returns the response for an active token. family: the token's refresh grant, None if it has none."""
    subject = context.subject
    assert isinstance(subject, AccessToken | TokenFamily)
    response: dict[str, Any] = {
        "active": True,
        "scope": subject.scope,
        "client_id": subject.client_id,
        "exp": subject.expires_at,
        "aud": subject.base,
        "token_type": "Bearer" if isinstance(subject, AccessToken) else None,
        "iat": subject.issued_at if isinstance(subject, AccessToken) else subject.rotated_at,
        "iss": server.issuer,
        "patient": subject.patient,
        "encounter": subject.encounter,
    }
    launch_context = family.context if family else {}
    response |= {
        name: launch_context.get(name) for name in token_response.CONTEXT if subject.patient or name != "need_patient_banner"
    }
    granted = family.scope if family else subject.scope
    if person is not None and id_token.is_due(granted):
        claims = id_token.make_claims(
            issuer=server.issuer,
            client_id=subject.client_id,
            user=person,
            base=id_token.fhir_base(server, subject.base),
            scope=granted,
            now=0,
        )
        response |= {name: claims.get(name) for name in ("sub", "fhirUser")}
    return {name: value for name, value in response.items() if value is not None}
