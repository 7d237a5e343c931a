"""What is still known of a request after it was corrected, so that it can be examined again without a new lookup."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import structs

from sickbay.authorization import authorize
from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import (
    AccessContext,
    AuthorizeContext,
    LogoutContext,
    SubjectContext,
    TokenContext,
)
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.authorization.token import client_assertion, client_authentication
from sickbay.authorization.token import recheck as token_recheck
from sickbay.diagnosis.corrections import PLACEHOLDER_LAUNCH, PLACEHOLDER_SECRET
from sickbay.diagnosis.evidence import access as read_access
from sickbay.diagnosis.stage import Decided
from sickbay.kernel.checks import UNKNOWN

R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)
T = TypeVar("T", bound=TokenContext)


def recheck_authorize_request(
    refused: Decided[AuthorizeRequest, AuthorizeContext], corrected: AuthorizeRequest
) -> tuple[AuthorizeRequest, AuthorizeContext]:
    context = authorize.context_for(refused.context, refused.request, corrected)
    if corrected.parameters.get("launch") == PLACEHOLDER_LAUNCH:
        context = structs.replace(context, launch=UNKNOWN)  # a placeholder: the app has the value, we don't
    return corrected, context


def recheck_token_request(refused: Decided[TokenRequest, T], corrected: TokenRequest) -> tuple[TokenRequest, T]:
    context: T = token_recheck.context_for(refused.context, refused.request, corrected)
    if refused.examination.has_passed(client_assertion.signature_is_valid):
        context = structs.replace(context, jwks=UNKNOWN)  # verifying the same signature again would take half a millisecond
    if PLACEHOLDER_SECRET in client_authentication.secrets(corrected):
        context = structs.replace(context, secret_known=UNKNOWN)
    return corrected, context


def recheck_token_lookup(
    refused: Decided[TokenRequest, SubjectContext], corrected: TokenRequest
) -> tuple[TokenRequest, SubjectContext]:
    """For introspection and revocation requests."""
    context = token_recheck.context_for(refused.context, refused.request, corrected)
    if corrected.parameters.get("token") != refused.request.parameters.get("token"):
        context = structs.replace(context, subject=UNKNOWN)
    return corrected, context


def recheck_userinfo_request(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    same = bearer.bearer(corrected) == bearer.bearer(refused.request)
    context = refused.context if same else structs.replace(refused.context, token=UNKNOWN, client=UNKNOWN, user=UNKNOWN)
    return corrected, context


def recheck_fhir_request(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    return read_access.reread(refused.context, refused.request, corrected, refused.intended_context)


def recheck_logout_request(
    refused: Decided[LogoutRequest, LogoutContext], corrected: LogoutRequest
) -> tuple[LogoutRequest, LogoutContext]:
    same = corrected.client_id == refused.request.client_id
    return corrected, refused.context if same else structs.replace(refused.context, client=refused.context.hinted)


def recheck_registration(refused: Decided[R_co, K_co], corrected: Any) -> tuple[Any, K_co]:
    """For registrations, whose context doesn't depend on the request."""
    return corrected, refused.context
