"""The client_credentials grant (SMART 2.2, Backend Services)."""

from __future__ import annotations

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import backend_scopes
from sickbay.authorization.token.client_authentication import TokenCheck, client_is_registered
from sickbay.kernel.checks import Refusal

TOKEN_LIFETIME = 300
"""Maximum lifetime of an access token without a user, in seconds (SMART 2.2, Backend Services)."""


@check(requires=("client",), after=(client_is_registered,))
def assertion_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A public client can't authenticate, so it gets no token of its own. The other clients are checked by
    `credentials_are_sent_if_the_client_has_any`.
    """
    client, methods = context.client, request.presented.methods
    if not isinstance(client, Client) or client.client != "public" or methods:
        return None
    return refusals.ASSERTION_MISSING(received=None)


def determine_lifetime(client: Client) -> int:
    return min(client.token_lifetime or TOKEN_LIFETIME, TOKEN_LIFETIME)


CHECKS: tuple[TokenCheck, ...] = (assertion_is_sent, *backend_scopes.CHECKS)
