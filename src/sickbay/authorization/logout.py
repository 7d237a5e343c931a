"""Signing a person out at the wish of an app (OpenID Connect RP-Initiated Logout 1.0): whose wish, and where to afterwards.

Nobody is led to an address that the app did not register, character by character; whatever is wrong is said on a page.
"""

from __future__ import annotations

from typing import Any

from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.refusals import logout as refusals
from sickbay.authorization.requests import LogoutRequest
from sickbay.kernel.checks import Check, Refusal, check
from sickbay.protocol import client_uris, jose


def hinted(request: LogoutRequest) -> dict[str, Any]:
    """The claims of the id_token_hint; of one that is not proven the checks refuse the request."""
    read = jose.peek(request.parameters.get("id_token_hint") or "")
    return read.claims if read else {}


def audience(request: LogoutRequest) -> str | None:
    """The app for which the id_token_hint was made, as it says."""
    found = hinted(request).get("aud")
    return found if isinstance(found, str) else None


@check()
def parameters_are_sent_once(request: LogoutRequest, known: LogoutContext) -> Refusal | None:
    repeated = request.parameters.repeated()
    facts = {"names": list(repeated), "received": list(repeated), "expected": "each parameter once"}
    return refusals.DUPLICATE_PARAMETER.with_facts(facts) if repeated else None


@check(requires=("server", "keys"))
def hint_is_an_id_token_of_ours(request: LogoutRequest, known: LogoutContext) -> Refusal | None:
    """It may have expired: who was signed in long ago may sign out (RP-Initiated Logout 1.0, 4)."""
    sent, server = request.parameters.get("id_token_hint"), known.server
    if not sent:
        return None
    claims = hinted(request)
    issuer = server.issuer if isinstance(server, Server) else ""
    signed = any(jose.verify(sent, key, ("RS256",)) for key in _keys(known))
    if signed and claims.get("iss") == issuer:
        return None
    return refusals.LOGOUT_HINT_INVALID(issuer=issuer, said=claims.get("iss"))


def _keys(known: LogoutContext) -> list[dict[str, Any]]:
    return list(known.keys.get("keys", ())) if isinstance(known.keys, dict) else []


@check(requires=("client",))
def hint_is_of_this_client(request: LogoutRequest, known: LogoutContext) -> Refusal | None:
    said, made_for = request.parameters.get("client_id"), hinted(request).get("aud")
    if known.client is not None and (said is None or made_for in (None, said)):
        return None
    if request.client_id is None:
        return None
    other = None if made_for == request.client_id else made_for
    facts = {"received": request.client_id, "expected": other, "unknown": known.client is None}
    return refusals.LOGOUT_CLIENT_MISMATCH.with_facts(facts)


@check(requires=("client",))
def address_is_registered(request: LogoutRequest, known: LogoutContext) -> Refusal | None:
    sent, client = request.parameters.get("post_logout_redirect_uri"), known.client
    registered = client.post_logout_redirect_uris if isinstance(client, Client) else ()
    if sent is None or (sent in registered and client_uris.is_safe(sent)):
        return None
    facts = {"received": sent, "registered": registered, "app": request.client_id}
    return refusals.LOGOUT_REDIRECT_URI_MISMATCH.with_facts(facts)


CHECKS: tuple[Check[LogoutRequest, LogoutContext], ...] = (
    parameters_are_sent_once,
    hint_is_an_id_token_of_ours,
    hint_is_of_this_client,
    address_is_registered,
)


def asks_first(request: LogoutRequest, subject: str | None) -> bool:
    """Whether the person is asked: unless the app proves by its id_token that it means who is signed in."""
    return subject is None or hinted(request).get("sub") != subject
