"""Rules of signing out at the wish of an app."""

from dataclasses import replace

from sickbay.authorization.requests import LogoutRequest
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
    why="It must be one that {expected} signed; this one says it is from {received}. One that has expired is fine.",
    fix="Send the id_token of the token response as it came, or leave it out and send client_id: then the person is asked.",
    spec=LOGOUT,
    repair=_without_hint,
)


def _without_client(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    if not facts["expected"]:
        return request
    return replace(request, parameters=request.parameters.replaced([("client_id", None)]))


CLIENT_MISMATCH = Rule(
    id="logout-client-mismatch",
    stage="logout",
    explains="logout-client-mismatch",
    severity="error",
    outcome="400, a page",
    parameter="client_id",
    title="The app that asks to sign out is not known here, or not the one of the id_token",
    why="client_id is {received}; the id_token_hint was made for {expected}. Its addresses are not known then.",
    fix="Send the client_id that the id_token was made for, or the id_token_hint alone.",
    spec=LOGOUT,
    repair=_without_client,
)


def _nearest(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    registered = facts["registered"]
    if len(registered) != 1:
        return request
    return replace(request, parameters=request.parameters.replaced([("post_logout_redirect_uri", registered[0])]))


REDIRECT_URI_MISMATCH = Rule(
    id="logout-redirect-uri-mismatch",
    stage="logout",
    explains="logout-redirect-uri-mismatch",
    severity="error",
    outcome="400, a page; never redirected",
    parameter="post_logout_redirect_uri",
    title="{received} is not registered as an address to go to after signing out",
    why="It is compared character by character with what the app registered; else people could be led anywhere.",
    fix="Say who asks, by id_token_hint or client_id, and send one of its post_logout_redirect_uris as it is registered.",
    spec=AFTER,
    repair=_nearest,
)

RULES = (HINT_INVALID, CLIENT_MISMATCH, REDIRECT_URI_MISMATCH)
