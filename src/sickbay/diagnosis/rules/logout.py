"""Rules of signing out at the wish of an app."""

from dataclasses import replace

from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis import repairs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts

_PAGE = "https://openid.net/specs/openid-connect-rpinitiated-1_0.html"
LOGOUT = Spec("OpenID Connect RP-Initiated Logout 1.0, 2", f"{_PAGE}#RPLogout")
AFTER = Spec("OpenID Connect RP-Initiated Logout 1.0, 3", f"{_PAGE}#RedirectionAfterLogout")


def _without_hint(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """The app can say who it is in its place; then the person is asked."""
    changes = [("id_token_hint", None), ("client_id", request.client_id)]
    return replace(request, parameters=request.parameters.replaced(changes))


HINT_INVALID = Rule(
    id="logout-hint-invalid",
    stage="logout",
    explains="logout-hint-invalid",
    severity="error",
    outcome="400, a page",
    parameter="id_token_hint",
    title="The id_token_hint is no id_token of this server",
    why="It must be one that {issuer} signed; this one says it is from {said}. One that has expired is fine.",
    fix="Send the id_token of the token response as it came, or leave it out and send client_id: then the person is asked.",
    spec=LOGOUT,
    repair=_without_hint,
)


def _without_client(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """The id_token says by itself for whom it was made; where it says nothing else, nobody is left to ask for."""
    changes = [("client_id", None)] if facts["expected"] else [("client_id", None), ("id_token_hint", None)]
    return replace(request, parameters=request.parameters.replaced(changes))


def _is_unknown(facts: Facts) -> Facts | None:
    return facts if facts.get("unknown") else None


CLIENT_UNKNOWN = Rule(
    id="logout-client-unknown",
    stage="logout",
    explains="logout-client-mismatch",
    recognises=_is_unknown,
    severity="error",
    outcome="400, a page",
    parameter="client_id",
    title="No app is registered here as {received}, which asks to sign out",
    why="By its client_id, or as the one of the id_token, an app is known, and with it where it may lead people afterwards.",
    fix="Send the client_id of an app of this server, or its id_token alone; with neither the person is asked, and stays here.",
    spec=LOGOUT,
    repair=_without_client,
)

CLIENT_MISMATCH = Rule(
    id="logout-client-mismatch",
    stage="logout",
    explains="logout-client-mismatch",
    severity="error",
    outcome="400, a page",
    parameter="client_id",
    title="The app that asks to sign out is not the one of the id_token",
    why="client_id is {received}; the id_token_hint was made for {expected}.",
    fix="Send the client_id that the id_token was made for, or the id_token_hint alone.",
    spec=LOGOUT,
    repair=_without_client,
)


def _nearest(facts: Facts) -> Facts:
    registered = [str(one) for one in facts.get("registered") or ()]
    found = repairs.closest(str(facts.get("received") or ""), registered)
    asks = "" if facts.get("app") else " Say who asks, too: by id_token_hint or client_id."
    return {**facts, "expected": found, "hint": f" Registered: {' '.join(registered)}." if registered else asks}


def _registered(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """The registered one that resembles it most; where there is none, a page of this server ends the sign-out."""
    changes = [("post_logout_redirect_uri", facts["expected"])] + ([] if facts["expected"] else [("state", None)])
    return replace(request, parameters=request.parameters.replaced(changes))


REDIRECT_URI_MISMATCH = Rule(
    id="logout-redirect-uri-mismatch",
    stage="logout",
    explains="logout-redirect-uri-mismatch",
    recognises=_nearest,
    severity="error",
    outcome="400, a page; never redirected",
    parameter="post_logout_redirect_uri",
    title="{received} is not registered as an address to go to after signing out",
    why="It is compared character by character with what the app registered; else people could be led anywhere.",
    fix="Send one of the app's post_logout_redirect_uris as it is registered, or register this one; else leave it out.{hint}",
    spec=AFTER,
    repair=_registered,
)

RULES = (HINT_INVALID, CLIENT_UNKNOWN, CLIENT_MISMATCH, REDIRECT_URI_MISMATCH)
