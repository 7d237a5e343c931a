"""Revocation (RFC 7009): an app gives back a token of its own."""

from __future__ import annotations

from sickbay.authorization import backend, client_authentication, token
from sickbay.authorization.client_authentication import TokenCheck, client_is_registered
from sickbay.authorization.introspection import token_is_named
from sickbay.authorization.known import SubjectKnown, TokenKnown
from sickbay.authorization.refusals import token_lookup as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client, Family, Server, Token
from sickbay.kernel.refusal import Refusal, check


@check(needs=("client", "subject"), after=(client_is_registered, token_is_named))
def token_is_of_this_client(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    """One that is nobody's is as good as revoked; somebody else's is not this client's to revoke (RFC 7009 2.1)."""
    assert isinstance(known, SubjectKnown)
    subject, client = known.subject, known.client
    if not isinstance(subject, Token | Family) or not isinstance(client, Client):
        return None
    if subject.client_id == client.client_id:
        return None
    kind = "access token" if isinstance(subject, Token) else "refresh token"
    return refusals.REFRESH_CLIENT_MISMATCH(received=client.client_id, kind=kind)


@check(needs=("subject",), after=(token_is_of_this_client,))
def token_is_of_a_kind_that_is_revoked(request: TokenRequest, known: TokenKnown) -> Refusal | None:
    """A hospital may let access tokens run out (RFC 7009 2.2.1)."""
    assert isinstance(known, SubjectKnown)
    revokes = not isinstance(known.server, Server) or known.server.policy.revokes_access
    if revokes or not isinstance(known.subject, Token):
        return None
    facts = {"received": "an access token", "expected": "a refresh token"}
    return refusals.REVOKE_ACCESS_TOKEN.with_facts(facts)


CHECKS: tuple[TokenCheck, ...] = (
    *token.FORM_CHECKS,
    *client_authentication.CHECKS,
    token_is_named,
    token_is_of_this_client,
    token_is_of_a_kind_that_is_revoked,
)


def checks(request: TokenRequest) -> tuple[TokenCheck, ...]:
    return (*CHECKS, *backend.ASSERTION) if request.parameters.get("client_assertion") else CHECKS
