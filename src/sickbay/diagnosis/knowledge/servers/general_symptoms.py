"""Symptoms that many faults have in common: checklists for texts in which nothing more specific is recognised."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases
from sickbay.diagnosis.knowledge.servers.phrases import TOKEN_OBTAINED

RFC6750 = "https://www.rfc-editor.org/rfc/rfc6750#section-3.1"
RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749"

ERRORS = (
    KnownError(
        id="general-token-not-accepted",
        is_general=True,
        text=(
            TOKEN_OBTAINED,
            (
                *status_phrases(401),
                'returns "401"',
                "401 http",
                "401 when",
                "401 on",
                "401)",
                "(401",
                "http status 401",
                "gives 401",
                "me 401",
                "not authorized",
                "unauthorized",
                "invalid token",
                "invalid access token",
                "token is rejected",
                "token rejected",
                "rejects the token",
                "doesn't accept the token",
                "does not accept the token",
                "token is not valid",
                "token validation failed",
            ),
        ),
        title="The token was issued, but the API doesn't accept it: it expects another issuer, audience or kind of token",
        why=(
            "The API checks signature, issuer (iss), audience (aud) and expiry by its own configuration. Most "
            "often one of these differs."
        ),
        causes=(
            Cause(
                "iss or aud of the token isn't what the API is configured for, such as localhost and a container's host name.",
                "Decode the token and compare iss and aud with the API's settings and log.",
                "Use the same issuer URL everywhere, and request the token for this API (audience, resource or scope).",
            ),
            Cause(
                "The header isn't Authorization: Bearer and the access token: an ID token, quotes, or a proxy that removes it.",
                "curl -v shows the header; the API's log says that there is no token.",
                "Send Authorization: Bearer with the value of access_token.",
            ),
            Cause(
                "The app or user isn't authorized at this API or tenant.",
                "Another user or tenant works.",
                "Let the administrator authorize the app and give the permission.",
            ),
            Cause("The token has expired.", "exp is over, or a clock is wrong.", "Get a new access token."),
        ),
        source=RFC6750,
        confidence="inferred",
    ),
    KnownError(
        id="general-token-forbidden",
        is_general=True,
        text=(
            TOKEN_OBTAINED,
            (*status_phrases(403), "403 when", "403 on", "403)", "(403", "gives 403", "me 403", "forbidden", "access denied"),
        ),
        title="403: the token is accepted, but it doesn't allow this request: a scope, role or permission is missing",
        why="401 would mean that the token isn't valid. With 403 the server knows the caller and refuses the request.",
        causes=(
            Cause(
                "The granted scopes don't cover the request.",
                "Compare scope in the token response with what the API's documentation requires.",
                "Register and request the missing scope, and get a new token.",
            ),
            Cause(
                "The user or the app lacks a role or permission.",
                "Another account succeeds; the token has no such role.",
                "Assign the role to the user, or grant the app the permission as an administrator.",
            ),
            Cause(
                "The request concerns data that the token doesn't cover, such as another patient or tenant.",
                "The id in the URL isn't that of the token response.",
                "Use the id from the token response.",
            ),
        ),
        source=RFC6750,
        confidence="inferred",
    ),
    KnownError(
        id="general-state-not-kept",
        is_general=True,
        text=(
            ("state",),
            ("callback", "redirect", "oidc", "oauth", "login", "sso"),
            (
                "state=null",
                "state is null",
                "state null",
                "state undefined",
                "state is undefined",
                "state is empty",
                "local state",
                "no cookie",
                "no set-cookie",
                "not sent by the browser",
                "link may have expired",
                "has expired or is invalid",
                "cookie was not",
                "cookie is not",
                "cookie isn't",
                "cookie missing",
                "missing cookie",
                "different state",
                "state differs",
                "state are different",
                "states are different",
                "wrong state",
                "bad state",
                "state check",
                "state validation",
                "state verification",
                "invalid state",
                "state cookie",
                "state in session",
                "state from session",
                "session is empty",
                "session lost",
                "session is lost",
                "session state is",
                "expected state",
                "will not be shared",
            ),
        ),
        without=("statement", "react state", "united states"),
        title="state: the app doesn't find the value of its login when the user comes back: cookie or session is missing",
        why="The app stores state before the redirect, in a cookie or session, and compares it at the callback.",
        causes=(
            Cause(
                "Start and callback have another scheme, host or port, so the browser doesn't send the cookie.",
                "Compare the address at the start with the redirect URI: localhost and 127.0.0.1, http and https.",
                "Open the app at exactly the scheme, host and port of its redirect URI.",
            ),
            Cause(
                "The app didn't store the state, or didn't send it in the authorization request.",
                "The response that starts the login has no Set-Cookie, or its URL has no state.",
                "Store the state in the session and add the same state to the authorization URL.",
            ),
            Cause(
                "The cookie is blocked: SameSite=Strict, Secure on http, or an iframe.",
                "The request to the callback has no Cookie header.",
                "Set SameSite=Lax, or SameSite=None; Secure for iframes, and trust the proxy for https.",
            ),
            Cause(
                "The callback URL was opened twice, or another instance handles it.",
                "A new login works.",
                "Start the login again; share the session store.",
            ),
        ),
        source=f"{RFC6749}#section-10.12",
        confidence="inferred",
    ),
    KnownError(
        id="general-password-grant",
        text=(
            (
                "grant_type=password",
                '"grant_type": "password"',
                '"grant_type":"password"',
                "grant_type: password",
                "grant_type': 'password'",
                "password grant",
                "resource owner password",
                "ropc",
                "username and password",
            ),
            ("invalid_grant", "invalid credentials", "bad credentials", "invalid_credentials", "invalid user"),
        ),
        title="invalid_grant: with the password grant, the user name or password isn't accepted",
        why=(
            "There is no code in this grant. The server says invalid_grant if it can't authenticate the user with "
            "the values sent."
        ),
        causes=(
            Cause(
                "The user name or password is wrong, in another tenant or store, or special characters weren't "
                "percent-encoded.",
                "The same user can't log in at the server's login page.",
                "Check the user in this environment, and send username and password as form fields, percent-encoded.",
            ),
            Cause(
                "The parameter names differ: the server expects username.",
                "The body has email or user.",
                "Send the fields username and password.",
            ),
            Cause(
                "The account is locked, not verified, needs a new password or a second factor.",
                "The server's log or user page.",
                "Complete the account's required actions, or use the authorization code flow.",
            ),
        ),
        source=f"{RFC6749}#section-4.3",
        confidence="inferred",
    ),
    KnownError(
        id="general-scopes-dropped",
        is_general=True,
        text=(
            ("scope",),
            ("request", "ask for", "asked for"),
            (
                "accept all requested",
                "not all scopes",
                "not all of the scopes",
                "not all the scopes",
                "all requested scopes",
                "fewer scopes",
                "less scopes",
                "scopes are dropped",
                "scope is dropped",
                "scopes dropped",
                "scopes are stripped",
                "scopes get stripped",
                "scopes are ignored",
                "scope is ignored",
                "scopes are trimmed",
                "only returns",
                "only some of the scopes",
                "subset of the scopes",
                "scopes back",
                "full set of scopes",
                "full suite of scopes",
                "scopes returned",
                "returned scopes",
                "scopes i get",
                "scopes we get",
                "scopes that i get",
                "different scope",
                "scopes not granted",
                "scope not granted",
                "doesn't include the scope",
                "does not include the scope",
                "refuses to return",
            ),
        ),
        title="scope: the server granted fewer scopes than requested, and requests that need the others are refused",
        why=(
            "The granted scopes are those that were requested, that the server supports, and that app and user are "
            "allowed to have."
        ),
        causes=(
            Cause(
                "The missing scopes aren't registered for the app, or weren't approved.",
                "Compare the app's registration with the scope of the token response.",
                "Register the missing scopes for the app, and request a new token.",
            ),
            Cause(
                "This version of the server doesn't support them.",
                "scopes_supported in .well-known/smart-configuration lacks them.",
                "Request only scopes from scopes_supported, in their notation (.read or .rs).",
            ),
            Cause(
                "The user's account lacks the permission, or the user deselected them at the consent.",
                "Another account gets more.",
                "Give the account the permission, and consent again.",
            ),
        ),
        source=f"{RFC6749}#section-3.3",
        confidence="inferred",
    ),
)
