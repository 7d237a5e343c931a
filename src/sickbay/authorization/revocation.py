"""Checks of token revocation (RFC 7009): an app may revoke its own tokens."""

from __future__ import annotations

from sickbay.authorization import token
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import SubjectContext, TokenContext
from sickbay.authorization.introspection import token_to_examine_is_sent
from sickbay.authorization.models import AccessToken, Client, Server, TokenFamily
from sickbay.authorization.refusals import token_lookup as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import client_assertion, client_authentication
from sickbay.authorization.token.client_authentication import TokenCheck, client_is_registered
from sickbay.kernel.checks import Refusal


@check(requires=("client", "subject"), after=(client_is_registered, token_to_examine_is_sent))
def token_was_issued_to_this_client(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """An unknown token counts as revoked; another app's token can't be revoked by this client (RFC 7009 2.1)."""
    assert isinstance(context, SubjectContext)
    subject, client = context.subject, context.client
    if not isinstance(subject, AccessToken | TokenFamily) or not isinstance(client, Client):
        return None
    if subject.client_id == client.client_id:
        return None
    kind = "access token" if isinstance(subject, AccessToken) else "refresh token"
    return refusals.REFRESH_CLIENT_MISMATCH(received=client.client_id, kind=kind)


@check(requires=("subject",), after=(token_was_issued_to_this_client,))
def token_is_of_a_kind_that_can_be_revoked(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A tenant may not support revoking access tokens, which then only expire (RFC 7009 2.2.1)."""
    assert isinstance(context, SubjectContext)
    revokes = not isinstance(context.server, Server) or context.server.policy.revokes_access
    if revokes or not isinstance(context.subject, AccessToken):
        return None
    facts = {"received": "an access token", "expected": "a refresh token"}
    return refusals.REVOKE_ACCESS_TOKEN.with_facts(facts)


CHECKS: tuple[TokenCheck, ...] = (
    *token.FORM_CHECKS,
    *client_authentication.CHECKS,
    token_to_examine_is_sent,
    token_was_issued_to_this_client,
    token_is_of_a_kind_that_can_be_revoked,
)


def checks_for(request: TokenRequest) -> tuple[TokenCheck, ...]:
    return (*CHECKS, *client_assertion.ASSERTION) if request.parameters.get("client_assertion") else CHECKS
