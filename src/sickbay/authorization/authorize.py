"""The authorization request (RFC 6749 4.1.1, SMART 2.2): the checks that request, registration and launch decide alone.

The order matters once: until `redirect_uri_is_registered` has passed, an error must not be sent to the redirect URI.
"""

from __future__ import annotations

from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.refusal import Check, Refusal, check


@check()
def state_is_sent(request: AuthorizeRequest, known: AuthorizeKnown) -> Refusal | None:
    if request.parameters.get("state"):
        return None
    return Refusal("state-missing", "invalid_request", {"received": None})


CHECKS: tuple[Check[AuthorizeRequest, AuthorizeKnown], ...] = (state_is_sent,)
