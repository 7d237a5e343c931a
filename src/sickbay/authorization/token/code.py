"""Checks of the authorization code of a token request (RFC 6749 4.1.3)."""

from __future__ import annotations

import re

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client, Server
from sickbay.authorization.refusals import token as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import client_is_registered
from sickbay.kernel.checks import UNKNOWN, Refusal


@check()
def code_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("code"):
        return None
    return refusals.CODE_MISSING(received=None)


_NO_CODE = re.compile(r"[^\w.~+/=-]")
"""Matches a character that never occurs in this server's codes, and rarely in those of other servers."""
_CODE = re.compile(r"[\w.~+/=-]+", re.A)


def bare_code(sent: str) -> str:
    """Returns the text after `code=` (or all of it), without leading and trailing characters that no code has."""
    bare = _CODE.search(sent.rpartition("code=")[2])
    return bare.group() if bare else ""


@check(requires=("code",), after=(code_is_sent,))
def code_is_known(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if context.code is not None:
        return None
    code = request.parameters.get("code") or ""
    invalid = _NO_CODE.search(code)
    return refusals.CODE_UNKNOWN.with_facts({"length": len(code)} | ({"odd": invalid.group()} if invalid else {}))


@check(requires=("code",), after=(code_is_known,))
def code_was_not_used_before(request: TokenRequest, context: TokenContext) -> Refusal | None:
    used_at = _get_code(context).used_at
    if used_at is None:
        return None
    seconds = None if context.now is UNKNOWN else int(context.now) - used_at
    return refusals.CODE_REUSED(seconds=seconds)


@check(requires=("code", "now"), after=(code_was_not_used_before,))
def code_has_not_expired(request: TokenRequest, context: TokenContext) -> Refusal | None:
    code, now = _get_code(context), context.now
    assert now is not UNKNOWN
    age = int(now) - code.issued_at
    if age <= code.lifetime:
        return None
    return refusals.CODE_EXPIRED(age=age, lifetime=code.lifetime, late=age - code.lifetime)


@check(requires=("code", "client"), after=(code_is_known, client_is_registered))
def code_was_issued_to_this_client(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client = context.client
    if not isinstance(client, Client) or client.client_id == _get_code(context).client_id:
        return None
    return refusals.CODE_CLIENT_MISMATCH(received=client.client_id)


@check(requires=("code",), after=(code_is_known,))
def redirect_uri_equals_that_of_the_authorization_request(request: TokenRequest, context: TokenContext) -> Refusal | None:
    expected, sent = _get_code(context).redirect_uri, request.parameters.get("redirect_uri")
    if expected is None or sent == expected:
        return None
    kind = refusals.TOKEN_REDIRECT_URI_MISMATCH if sent else refusals.TOKEN_REDIRECT_URI_MISSING
    return kind(received=sent, expected=expected)


@check(requires=("code", "server"), after=(code_is_known,))
def code_was_issued_by_this_server(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """A code must be redeemed at the token endpoint of the tenant that issued it."""
    code, server = _get_code(context), context.server
    bases = server.fhir_bases if isinstance(server, Server) else ()
    if not code.base or code.base in bases or (isinstance(server, Server) and server.serves(code.base)):
        return None
    return refusals.TOKEN_ENDPOINT_WRONG_TENANT(received=request.url, expected=None)


def _get_code(context: TokenContext) -> AuthorizationCode:
    assert isinstance(context.code, AuthorizationCode)
    return context.code
