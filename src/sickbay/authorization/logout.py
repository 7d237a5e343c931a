"""Logout started by an app (OpenID Connect RP-Initiated Logout 1.0): who may request it, and where the browser goes next.

The browser is only sent to a URL that the app registered, compared character by character. Errors are shown on a page.
"""

from __future__ import annotations

from typing import Any

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import logout as refusals
from sickbay.authorization.requests import LogoutRequest
from sickbay.kernel.checks import Check, Refusal
from sickbay.protocol import jose, urls


def read_hint(request: LogoutRequest) -> dict[str, Any]:
    """Returns the claims of the id_token_hint, unverified; the checks refuse the request if it isn't genuine."""
    jwt = jose.decode_unverified(request.parameters.get("id_token_hint") or "")
    return jwt.claims if jwt else {}


def read_audience(request: LogoutRequest) -> str | None:
    """Returns the app that the id_token_hint names as its audience."""
    aud = read_hint(request).get("aud")
    return aud if isinstance(aud, str) else None


@check()
def parameters_are_sent_once(request: LogoutRequest, context: LogoutContext) -> Refusal | None:
    repeated = request.parameters.list_repeated_names()
    facts = {"names": list(repeated), "received": list(repeated), "expected": "each parameter once"}
    return refusals.DUPLICATE_PARAMETER.with_facts(facts) if repeated else None


@check(requires=("server", "keys"))
def id_token_hint_is_from_this_server_if_sent(request: LogoutRequest, context: LogoutContext) -> Refusal | None:
    """The hint may have expired: a user who signed in long ago may sign out (RP-Initiated Logout 1.0, 4)."""
    sent, server = request.parameters.get("id_token_hint"), context.server
    if not sent:
        return None
    claims = read_hint(request)
    issuer = server.issuer if isinstance(server, Server) else ""
    signed = any(jose.verify(sent, key, ("RS256",)) for key in _known_keys(context))
    if signed and claims.get("iss") == issuer:
        return None
    return refusals.LOGOUT_HINT_INVALID(issuer=issuer, said=claims.get("iss"))


def _known_keys(context: LogoutContext) -> list[dict[str, Any]]:
    return list(context.keys.get("keys", ())) if isinstance(context.keys, dict) else []


@check(requires=("client",))
def client_id_is_registered_and_fits_id_token_hint_if_sent(request: LogoutRequest, context: LogoutContext) -> Refusal | None:
    client_id, audience = request.parameters.get("client_id"), read_hint(request).get("aud")
    if context.client is not None and (client_id is None or audience in (None, client_id)):
        return None
    if request.client_id is None:
        return None
    other = None if audience == request.client_id else audience
    facts = {"received": request.client_id, "expected": other, "unknown": context.client is None}
    return refusals.LOGOUT_CLIENT_MISMATCH.with_facts(facts)


@check(requires=("client",))
def post_logout_redirect_uri_is_registered_if_sent(request: LogoutRequest, context: LogoutContext) -> Refusal | None:
    sent, client = request.parameters.get("post_logout_redirect_uri"), context.client
    registered = client.post_logout_redirect_uris if isinstance(client, Client) else ()
    if sent is None or (sent in registered and urls.is_safe(sent)):
        return None
    facts = {"received": sent, "registered": registered, "app": request.client_id}
    return refusals.LOGOUT_REDIRECT_URI_MISMATCH.with_facts(facts)


CHECKS: tuple[Check[LogoutRequest, LogoutContext], ...] = (
    parameters_are_sent_once,
    id_token_hint_is_from_this_server_if_sent,
    client_id_is_registered_and_fits_id_token_hint_if_sent,
    post_logout_redirect_uri_is_registered_if_sent,
)


def needs_confirmation(request: LogoutRequest, subject: str | None) -> bool:
    """Whether to ask the user first: unless the app's id_token names the signed-in user."""
    return subject is None or read_hint(request).get("sub") != subject
