"""Checks of code_challenge and its method (RFC 7636 4.3): required, enforced if sent, or ignored, as tenant and app decide."""

from __future__ import annotations

import re

from sickbay.authorization.authorize.parameters import pkce_mode
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import Refusal

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
REFUSALS = frozenset(
    kind.name
    for kind in (
        refusals.PKCE_MISSING,
        refusals.PKCE_PLAIN,
        refusals.PKCE_METHOD_MISSING,
        refusals.PKCE_METHOD_INVALID,
        refusals.PKCE_METHOD_WITHOUT_CHALLENGE,
        refusals.PKCE_CHALLENGE_MALFORMED,
    )
)


def is_challenge(text: str) -> bool:
    """Whether the text could be an S256 challenge: 43 characters of base64url without padding (4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def asks_for_code(request: AuthorizeRequest) -> bool:
    return "code" in (request.parameters.get("response_type") or "code").split()


def _read_challenge(request: AuthorizeRequest) -> tuple[str | None, str | None]:
    return request.parameters.get("code_challenge"), request.parameters.get("code_challenge_method")


@check()
def code_challenge_is_sent_if_required(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if any(_read_challenge(request)) or not asks_for_code(request) or pkce_mode(context) != "required":
        return None
    return refusals.PKCE_MISSING(received=None, required=True)


@check()
def code_challenge_and_its_method_are_sent_together(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    challenge, method = _read_challenge(request)
    if method and not challenge:
        return refusals.PKCE_METHOD_WITHOUT_CHALLENGE(received=None, method=method)
    if challenge and not method:
        return refusals.PKCE_METHOD_MISSING(received=None, expected="S256")
    return None


@check()
def code_challenge_method_is_s256_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    method = _read_challenge(request)[1]
    if method in (None, "S256"):
        return None
    kind = refusals.PKCE_PLAIN if method == "plain" else refusals.PKCE_METHOD_INVALID
    return kind(received=method, expected="S256")


@check()
def code_challenge_is_a_base64url_sha256_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    challenge = _read_challenge(request)[0]
    if challenge is None or is_challenge(challenge):
        return None
    facts = {"received": challenge, "length": len(challenge), "note": "43 characters, base64url"}
    return refusals.PKCE_CHALLENGE_MALFORMED.with_facts(facts)
