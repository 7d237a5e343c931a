"""A recognised error response, and the error codes that the specifications define."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["oauth", "authorization", "bearer", "outcome", "status", "vendor", "message", "no-answer"]
_RANKS: dict[str, int] = {
    "authorization": 0,
    "bearer": 1,
    "oauth": 2,
    "outcome": 3,
    "vendor": 4,
    "status": 5,
    "no-answer": 6,
    "message": 7,
}

REFUSING = frozenset(("login", "forbidden", "expired", "security"))
"""Types of issues in an OperationOutcome that mean a refusal, whatever their severity is (FHIR, IssueType)."""


class ErrorAnswer(NamedTuple):
    """code: the OAuth error code, the HTTP status, the issue type or the vendor's code; "" if there is none."""

    kind: Kind
    code: str
    description: str = ""


def rank_answers(answers: Iterable[ErrorAnswer]) -> tuple[ErrorAnswer, ...]:
    """Each error response once, the most specific first: an OAuth error says more than the HTTP status that came with it."""
    once: dict[tuple[str, str], ErrorAnswer] = {}
    for answer in answers:
        known = once.get(key := (answer.kind, answer.code))
        if known is None or len(known.description) < len(answer.description):
            once[key] = answer
    return tuple(sorted(once.values(), key=lambda answer: (_RANKS[answer.kind], not answer.code)))


FALSY = frozenset(("", "null", "none", "nil", "undefined", "false", "no", "0", "ok", "success", "[]", "{}", "nan"))
"""Values of a member `error` that mean that there was no error."""

TOKEN_CODES = frozenset(
    (
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "unsupported_token_type",
        "invalid_target",
        "authorization_pending",
        "slow_down",
        "expired_token",
    )
)
BEARER_CODES = frozenset(("invalid_token", "insufficient_scope", "invalid_dpop_proof", "insufficient_user_authentication"))
AUTHORIZATION_CODES = frozenset(
    (
        "access_denied",
        "unsupported_response_type",
        "server_error",
        "temporarily_unavailable",
        "interaction_required",
        "login_required",
        "consent_required",
        "account_selection_required",
        "invalid_request_uri",
        "invalid_request_object",
        "request_not_supported",
        "request_uri_not_supported",
        "registration_not_supported",
    )
)
SHARED_CODES = frozenset(
    (
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "invalid_redirect_uri",
        "invalid_client_metadata",
        "invalid_software_statement",
        "unapproved_software_statement",
        "redirect_uri_mismatch",
        "mismatching_redirect_uri",
        "mismatching_state",
        "invalid_audience",
        "invalid_resource",
        "disabled_client",
        "deleted_client",
        "org_internal",
        "admin_policy_enforced",
        "unmet_authentication_requirements",
    )
)
"""Codes of several endpoints and of registration, and a few that vendors send instead."""
CODES = TOKEN_CODES | BEARER_CODES | AUTHORIZATION_CODES | SHARED_CODES


def oauth(code: str, description: str = "", *, redirected: bool = False) -> ErrorAnswer:
    """`redirected`: the error arrived at the redirect URI, so it is from the authorization endpoint."""
    code = code.lower() if code.lower() in CODES else code
    if redirected or code in AUTHORIZATION_CODES:
        return ErrorAnswer("authorization", code, description)
    return ErrorAnswer("bearer" if code in BEARER_CODES else "oauth" if code in CODES else "vendor", code, description)
