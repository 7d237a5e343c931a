"""Logins that fail at the redirect because the state, the session or the cookie of the request is gone, by library."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

SAME_HOST = Cause(
    "The login starts at another host than it returns to, such as localhost and 127.0.0.1, or http and https.",
    "Compare the address bar at the start with the redirect URI.",
    "Open the app at exactly the scheme, host and port of the redirect URI.",
)
COOKIE_BLOCKED = Cause(
    "The session cookie isn't sent: SameSite=Strict, Secure on http, or an iframe.",
    "The request to the redirect URI has no Cookie header.",
    "Set the cookie with SameSite=Lax, or SameSite=None; Secure for iframes.",
)
USED_TWICE = Cause(
    "The redirect URL was opened twice: reload, back button, bookmark, or two tabs.",
    "A new login works.",
    "Start the login again, and remove the parameters from the URL afterwards.",
)
OTHER_PROCESS = Cause(
    "The processes don't share sessions, or the secret key changes at each start.",
    "It fails sometimes, with several workers or after a restart.",
    "Set a fixed secret key and a shared session store.",
)
PROXY = Cause(
    "Behind a proxy, the app believes that it is on http and sets no Secure cookie.",
    "The response that starts the login has no Set-Cookie.",
    "Trust the proxy: app.set('trust proxy', 1) in Express, and X-Forwarded-Proto: https.",
)
LOST = (
    "The app stores the state of each login in its session, and compares it at the redirect. It isn't there any more, or"
    " belongs to another attempt."
)

ERRORS = (
    KnownError(
        id="authlib-mismatching-state",
        text=(("mismatching_state", "state not equal in request and response", "mismatchingstateerror"),),
        title="state in the redirect isn't the one in the session: the session cookie was lost or changed",
        why=LOST,
        causes=(SAME_HOST, COOKIE_BLOCKED, OTHER_PROCESS, USED_TWICE),
        source="https://github.com/authlib/authlib/issues/376",
        confidence="observed",
    ),
    KnownError(
        id="oidc-client-no-matching-state",
        text=(("no matching state found in storage", "no matching state found"),),
        title="state: the browser's storage has no login with the state of this redirect",
        why="oidc-client keeps the state in the storage of one origin and removes it when the login is complete. It isn't"
        " there:"
        " the callback ran twice, or at another origin.",
        causes=(
            Cause(
                "The callback runs twice: React StrictMode, both the library's provider and your code, or a reload of the URL.",
                "The user is logged in although the error appears; the URL still has code and state.",
                "Call signinRedirectCallback only once, and remove code and state from the URL afterwards"
                " (history.replaceState, onSigninCallback).",
            ),
            SAME_HOST,
            Cause(
                "The UserManager of the callback has another stateStore than that of the login.",
                "One has localStorage, the other the default.",
                "Use the same settings in both places.",
            ),
            Cause(
                "The router decodes or replaces the URL (hash routing) before the library reads it.",
                "The redirect URI contains /#/.",
                "Use a redirect URI without a fragment.",
            ),
        ),
        source="https://github.com/authts/react-oidc-context/issues/445",
        confidence="observed",
    ),
    KnownError(
        id="oidc-client-no-state-in-response",
        text=(("no state in response",),),
        title="state is missing in the URL that the callback read",
        why="The library was called on a URL that isn't a redirect from the authorization server, or something removed the"
        " parameters.",
        causes=(
            Cause(
                "The callback is called on every page, also without a login.",
                "The URL has neither code nor error.",
                "Call it only if the URL has code and state (hasAuthParams).",
            ),
            Cause(
                "response_mode and the URL don't agree: the parameters are in the fragment, and the library reads the query.",
                "The URL has #code= or #state=.",
                "Set response_mode to query in the settings, or read the fragment.",
            ),
            Cause(
                "The router or a redirect removed the query.",
                "The Network tab shows the redirect with the parameters.",
                "Let the callback run before the router.",
            ),
        ),
        source="https://github.com/bjerkio/oidc-react/issues/1015",
        confidence="observed",
    ),
    KnownError(
        id="openid-client-state",
        text=(
            (
                "state mismatch, expected",
                "checks.state argument is missing",
                "state missing from the response",
                "could not find a state in the session",
                "did not find expected authorization request details in session",
                'unexpected "state" response parameter value',
                "unable to verify authorization request state",
                "failed to verify request state",
                "error: state mismatch",
                "checks.code_verifier",
                "checks.nonce argument is missing",
            ),
        ),
        title="state of the login isn't in the session when the user comes back",
        why=LOST,
        causes=(
            Cause(
                "The session cookie doesn't survive the redirect: saveUninitialized is false, Secure on http, or"
                " SameSite=Strict.",
                "The request to the redirect URI has no session cookie, or a new one is set.",
                "Use express-session before passport; cookie SameSite=Lax, Secure only on https.",
            ),
            PROXY,
            SAME_HOST,
            USED_TWICE,
        ),
        source="https://github.com/panva/openid-client/issues/86",
        confidence="documented",
    ),
    KnownError(
        id="angular-oidc-incorrect-state",
        text=(
            (
                "authorizedcallback incorrect state",
                "authcallback incorrect state",
                "validatestatefromhashcallback failed",
                "could not find matching config for state",
                "token(s) validation failed, resetting",
                "authorizedcallback, token(s) invalid",
            ),
        ),
        title="state in the redirect isn't the one that angular-auth-oidc-client stored",
        why="The library compares the state of the URL with the one in sessionStorage. 'state: undefined' means that the URL's"
        " parameters weren't read; an empty local_state means that the storage has none.",
        causes=(
            Cause(
                "Angular's router encoded or replaced the URL (hash routing) before the library read it.",
                "The log says state: undefined.",
                "Use path routing with a redirect URI without #, and call checkAuth once before the router navigates.",
            ),
            Cause(
                "The callback is processed twice: checkAuth is called again, or a guard starts a new login in between.",
                "The log says local_state: with nothing after it.",
                "Call checkAuth only once, and exclude the redirect URI from the guard.",
            ),
            SAME_HOST,
        ),
        source="https://github.com/damienbod/angular-auth-oidc-client/issues/195",
        confidence="observed",
    ),
    KnownError(
        id="spring-authorization-request-not-found",
        text=(("authorization_request_not_found",),),
        title="state: Spring Security finds no authorization request in the session for this redirect",
        why="Spring keeps the request in the HTTP session (JSESSIONID). At the redirect, the session is another one.",
        causes=(
            SAME_HOST,
            Cause(
                "App and authorization server run on the same host with different ports, and overwrite each other's"
                " JSESSIONID.",
                "Both are on localhost.",
                "Rename the cookie of one: server.servlet.session.cookie.name=CLIENTSESSION.",
            ),
            Cause(
                "Several instances without shared sessions.",
                "It fails sometimes, behind a load balancer.",
                "Use sticky sessions or Spring Session.",
            ),
            USED_TWICE,
        ),
        source="https://github.com/spring-projects/spring-security/issues/5946",
        confidence="observed",
    ),
    KnownError(
        id="appauth-state-null",
        text=(("state returned in authorization response (null)", "returned in authorization response (null)"),),
        title="state is missing in the redirect: the authorization server didn't return it",
        why="AppAuth always sends a state and expects it back unchanged, as RFC 6749 requires.",
        causes=(
            Cause(
                "The authorization server doesn't echo state, or only in successful responses.",
                "The redirect URL in the log has no state parameter.",
                "Let the server return state unchanged in every redirect, errors too.",
            ),
            Cause(
                "A page or proxy in between built its own redirect and dropped the parameter.",
                "The server's own response still has state.",
                "Pass all query parameters on.",
            ),
        ),
        source="https://github.com/hadiidbouk/AppAuthWebView-Android/issues/10",
        confidence="inferred",
    ),
    KnownError(
        id="library-state-lost",
        text=(
            (
                "state mismatch",
                "state_mismatch",
                "state param mismatch",
                "state parameter mismatch",
                "state does not match",
                "does not match state from request",
                "state doesn't match",
                "states do not match",
                "invalid state parameter",
                "invalid state.",
                "invalid state response",
                "error: invalid state",
                "invalid oauth state",
                "invalid_state",
                "invalidstateexception",
                "state not valid",
                "state is not valid",
                "state not found",
                "csrf_detected",
                "csrf detected",
                "oauth state was missing",
                "state was missing",
                "csrf token mismatch",
                "unable to find a valid csrf",
                "could not restore state",
                "missing state parameter",
                "state parameter is missing",
                "missing or invalid state",
                "invalid or missing state",
                "state verification failed",
                "state validation failed",
                "(state and request_uri) dont match",
            ),
        ),
        without=("mismatching_state", "token invalid state"),
        title="state in the redirect isn't the one that the app stored: the session or cookie of the login is gone",
        why=LOST,
        causes=(SAME_HOST, COOKIE_BLOCKED, OTHER_PROCESS, USED_TWICE),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-10.12",
        confidence="inferred",
    ),
    KnownError(
        id="library-session-middleware-missing",
        text=(
            (
                "sessionmiddleware must be installed",
                "requires session support",
                "session is unavailable because no secret key was set",
                "use of flash requires session",
            ),
        ),
        title="The app has no session, and the library needs it to keep state between the login and the redirect",
        why="The state of the login is stored in the session of the web framework.",
        causes=(
            Cause(
                "The session middleware or its secret key isn't configured, or comes after the library.",
                "The stack trace ends in request.session.",
                "Add the session middleware with a fixed secret before the OAuth routes (Starlette: SessionMiddleware; Express:"
                " express-session; Flask: app.secret_key).",
            ),
        ),
        source="https://docs.authlib.org/en/latest/client/starlette.html",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-state-cookie",
        text=(
            (
                "state cookie was missing",
                "code_verifier cookie was missing",
                "pkcecodeverifier value could not be parsed",
                "pkcecodeverifier cookie was missing",
                "state value could not be parsed",
                "nonce cookie was missing",
                "invalidcheck",
                "oauth_callback_handler_error",
                "missing state cookie from login request",
                "state cookie not found",
            ),
        ),
        title="state: the login cookie of the app was missing or unreadable when the user came back",
        why="The library keeps state and code_verifier in encrypted cookies for 15 minutes. The callback came without them, or"
        " they were encrypted with another secret.",
        causes=(
            SAME_HOST,
            Cause(
                "NEXTAUTH_URL (AUTH_URL) or the proxy makes the app use http and https cookie names at different times.",
                "Only one of the cookies' names begins with __Secure-.",
                "Set NEXTAUTH_URL to the public https address, and AUTH_TRUST_HOST=true behind a proxy.",
            ),
            Cause(
                "The secret differs between instances or deployments.",
                "The message says 'could not be parsed', or the log has JWT_SESSION_ERROR.",
                "Set the same NEXTAUTH_SECRET (AUTH_SECRET) everywhere.",
            ),
            USED_TWICE,
        ),
        source="https://github.com/nextauthjs/next-auth/issues/7480",
        confidence="observed",
    ),
)
