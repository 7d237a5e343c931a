"""Decides whether a token permits a FHIR request, without looking at any result.

bearer         the access token itself: sent in the right way, known, not expired (RFC 6750)
scope          its scopes permit the request (SMART 2.2, Scopes); step_up says what the app did since an earlier refusal
visibility     which records they make visible, which the storage applies to every result
step_up        what earlier refusals say about a token that still lacks a scope
search         the request can be answered as sent: URL, type, Accept and what a search must contain
content_types  the media type of its body
operations     the operation is supported, and its parameters
writes         the body of a write, its scope, version and conditions
app_state      the state that an app stores for itself, at its own endpoint
"""

from __future__ import annotations

from sickbay.authorization import origin
from sickbay.authorization.access.bearer import (
    AccessCheck,
    client_and_user_of_the_token_exist,
    token_has_not_expired,
    token_is_a_bearer_token,
    token_is_for_this_fhir_base_url,
    token_is_known,
    token_is_not_revoked,
    token_is_only_in_the_header,
    token_is_sent,
    token_was_issued_by_this_server,
)
from sickbay.authorization.access.scope import (
    patient_scopes_have_a_patient,
    scope_covers_all_types_involved,
    scope_covers_the_request,
    scopes_are_not_mixed,
)
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest

WITHOUT_CHECKS = ("capabilities", "preflight", "discovery")
"""Interactions that need no token."""


TOKEN_CHECKS: tuple[AccessCheck, ...] = (
    token_is_sent,
    token_is_only_in_the_header,
    token_is_a_bearer_token,
    token_is_known,
    token_is_not_revoked,
    client_and_user_of_the_token_exist,
    token_has_not_expired,
    token_was_issued_by_this_server,
)
"""Checks that the token itself is valid. They guard what the server tells any holder of a token."""

HOLDING: tuple[AccessCheck, ...] = (
    token_is_sent,
    token_is_a_bearer_token,
    token_is_known,
    token_is_not_revoked,
    client_and_user_of_the_token_exist,
    token_was_issued_by_this_server,
    token_is_for_this_fhir_base_url,
    patient_scopes_have_a_patient,
    scopes_are_not_mixed,
)
"""Checks that depend only on the token, the header it is in, its owner and the base, so they give the same result for every
request that is sent with this header to this base.
"""


def token_holds(base: str, header: str, context: AccessContext) -> bool:
    """Whether all of HOLDING pass for requests to this base with this Authorization header. `context.token` must be issued."""
    request = AccessRequest("GET", base, "", headers={"authorization": header})
    return all(access_check.decide(request, context) is None for access_check in HOLDING)


CHECKS: tuple[AccessCheck, ...] = (
    *TOKEN_CHECKS,
    *origin.ACCESS_CHECKS,
    token_is_for_this_fhir_base_url,
    patient_scopes_have_a_patient,
    scopes_are_not_mixed,
    scope_covers_the_request,
    scope_covers_all_types_involved,
)


def checks_for(request: AccessRequest) -> tuple[AccessCheck, ...]:
    """Returns no checks for public interactions: preflight, metadata and discovery."""
    return () if request.interaction in WITHOUT_CHECKS else CHECKS
