"""Rules about logout requests from an app (OpenID Connect RP-Initiated Logout)."""

from msgspec import structs

from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts

_PAGE = "https://openid.net/specs/openid-connect-rpinitiated-1_0.html"
LOGOUT = Spec("OpenID Connect RP-Initiated Logout 1.0, 2", f"{_PAGE}#RPLogout")
AFTER = Spec("OpenID Connect RP-Initiated Logout 1.0, 3", f"{_PAGE}#RedirectionAfterLogout")


def _without_hint(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """Sends `client_id` instead of the ID token, so that the server asks the user."""
    changes = [("id_token_hint", None), ("client_id", request.client_id)]
    return structs.replace(request, parameters=request.parameters.replace(changes))


HINT_INVALID = Rule(
    id="logout-hint-invalid",
    parameter="id_token_hint",
    title="`id_token_hint` isn't an ID token of this server",
    why="The token must be signed by `{issuer}`. Its issuer is `{said}`. An expired one is accepted.",
    fix="Send the `id_token` of the token response unchanged. If you no longer have it, send "
    "`client_id`, and the server will ask the user.",
    spec=LOGOUT,
    repair=_without_hint,
)


def _without_client(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """Leaves out `client_id`, and the ID token as well if it names no app."""
    changes = [("client_id", None)] if facts["expected"] else [("client_id", None), ("id_token_hint", None)]
    return structs.replace(request, parameters=request.parameters.replace(changes))


def _is_unknown(facts: Facts) -> Facts | None:
    return facts if facts.get("unknown") else None


CLIENT_UNKNOWN = Rule(
    id="logout-client-unknown",
    explains="logout-client-mismatch",
    recognises=_is_unknown,
    parameter="client_id",
    title="`client_id` of the logout request isn't registered here: `{received}`",
    why="The server looks up the app by `client_id`, or by the ID token, to decide where the user may go after signing out.",
    fix="Send the `client_id` of an app that is registered here. If you have none, leave it out: the "
    "server asks the user and shows its own page.",
    spec=LOGOUT,
    repair=_without_client,
)


CLIENT_MISMATCH = Rule(
    id="logout-client-mismatch",
    parameter="client_id",
    title="`client_id` doesn't match the app of the ID token",
    why="`client_id` is `{received}`, but `id_token_hint` was issued to `{expected}`.",
    fix="Leave out `client_id`. If your library always sends it, send the one that the ID token was issued to.",
    spec=LOGOUT,
    repair=_without_client,
)


def _send_registered_uri(request: LogoutRequest, facts: Facts) -> LogoutRequest:
    """Sends the most similar registered URI; if there is none, the server shows its own page."""
    changes = [("post_logout_redirect_uri", facts.get("expected"))]
    return structs.replace(request, parameters=request.parameters.replace(changes))


def _without_app(facts: Facts) -> Facts | None:
    return None if facts.get("app") else facts


CLIENT_MISSING = Rule(
    id="logout-client-missing",
    explains="logout-redirect-uri-mismatch",
    recognises=_without_app,
    outcome="400, on a page; never redirected",
    differs="It says too that the browser stays: without a client, no address is registered.",
    parameter="post_logout_redirect_uri",
    title="`post_logout_redirect_uri` is sent without `id_token_hint` or `client_id`",
    why="The URI must be registered for the app that asks, and the request doesn't say which app that is.",
    fix="Send the `id_token` of the token response as `id_token_hint`, or send `client_id`. If the user may stay on the "
    "server's own page, leave the URI out.",
    spec=AFTER,
    repair=_send_registered_uri,
)


def _expect_closest(facts: Facts) -> Facts:
    registered = [str(uri) for uri in facts.get("registered") or ()]
    closest = corrections.find_closest_uri(str(facts.get("received") or ""), registered)
    return {**facts, "expected": closest, "hint": f" Registered: {' '.join(registered)}." if registered else ""}


REDIRECT_URI_MISMATCH = Rule(
    id="logout-redirect-uri-mismatch",
    recognises=_expect_closest,
    outcome="400, on a page; never redirected",
    differs="It says too that the browser stays: an unregistered address could be an attacker's.",
    parameter="post_logout_redirect_uri",
    title="`post_logout_redirect_uri` isn't registered: `{received}`",
    why="The server compares it exactly with the registered URIs; otherwise an attacker could send users to any site.",
    fix="Send a `post_logout_redirect_uri` that is registered. If the user may stay on the server's own "
    "page, leave it out.{hint}",
    spec=AFTER,
    repair=_send_registered_uri,
)
