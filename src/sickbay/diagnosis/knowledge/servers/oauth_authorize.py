"""Error codes of authorization, device and registration endpoints from a server that is not known: checklists."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

AUTHORIZE = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"
OIDC = "https://openid.net/specs/openid-connect-core-1_0.html#AuthError"

ERRORS = (
    KnownError(
        id="oauth-access-denied",
        codes=("access_denied",),
        title="access_denied: the user or the server refused the authorization",
        why="It came back from the login, so the redirect URI and the client are known to the server.",
        causes=(
            Cause(
                "The user pressed Cancel or didn't consent.",
                "It doesn't happen if you consent.",
                "Start the login again and allow the access.",
            ),
            Cause(
                "The user has no permission for this app: not assigned, no role, or no matching policy.",
                "It works for another user; the server's log names the rule.",
                "Assign the user to the app, or change the policy.",
            ),
            Cause(
                "The app isn't approved, or a requested scope or audience isn't allowed for it.",
                "error_description or the server's log says so.",
                "Register the scopes and the API for the app, and let an administrator consent.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="oauth-login-required",
        codes=("login_required", "interaction_required", "account_selection_required"),
        title="login_required: a silent request (prompt=none) found no session that it may use",
        why=(
            "With prompt=none the server must not show a page. Without a session, or if the browser blocks its "
            "cookie in an "
            "iframe, it answers with this error."
        ),
        causes=(
            Cause(
                "The browser blocks third-party cookies, so that the iframe has no session.",
                "A normal redirect logs in without a password.",
                "Use refresh tokens or a redirect instead of the silent iframe, or serve both from the same site.",
            ),
            Cause(
                "The user isn't logged in, or the session has expired.",
                "A normal redirect shows the login page.",
                "Catch login_required and start an interactive login without prompt=none.",
            ),
        ),
        source=OIDC,
        confidence="documented",
    ),
    KnownError(
        id="oauth-consent-required",
        codes=("consent_required",),
        title="consent_required: the user or an administrator has to consent first",
        why="A silent request (prompt=none) can't show the consent page.",
        causes=(
            Cause(
                "The user hasn't consented to these scopes yet.",
                "An interactive login shows the consent page.",
                "Start an interactive login without prompt=none and consent.",
            ),
            Cause(
                "The scopes need an administrator's consent.",
                "The page asks for approval.",
                "Let an administrator consent for the organization.",
            ),
        ),
        source=OIDC,
        confidence="documented",
    ),
    KnownError(
        id="oauth-unsupported-response-type",
        codes=("unsupported_response_type",),
        title="unsupported_response_type: the server or the client's registration doesn't allow this response_type",
        why="Most servers allow only code; token and id_token belong to the implicit flow.",
        causes=(
            Cause("The app asks for token or id_token.", "Look at response_type.", "Send response_type=code with PKCE."),
            Cause(
                "The value is misspelled, missing or encoded twice.",
                "response_types_supported lists the allowed values.",
                "Send a value of that list.",
            ),
            Cause(
                "The flow isn't enabled for the client.",
                "Look at its registration.",
                "Enable the authorization code flow for the client.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="oauth-server-error",
        codes=("server_error", "temporarily_unavailable"),
        title="server_error: the authorization server failed",
        why="The server met an unexpected condition. The reason is in its log; unexpected input can be the trigger.",
        causes=(
            Cause(
                "The server has a fault or is overloaded.",
                "It fails for correct requests, too, or now and then.",
                "Try again later, and send the time and the correlation ID to the server's operator.",
            ),
            Cause(
                "It can't handle a value of the request, such as an unknown scope, audience or user.",
                "A minimal request works.",
                "Remove optional parameters one after the other to find it.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="oauth-device-flow",
        codes=("authorization_pending", "slow_down", "expired_token"),
        title=(
            "The device flow isn't finished: the user hasn't confirmed yet, the app polls too fast, or the device code has "
            "expired"
        ),
        why=(
            "authorization_pending is normal while the user logs in. slow_down adds 5 seconds to the interval, and "
            "expired_token ends the attempt."
        ),
        causes=(
            Cause(
                "The user hasn't entered the code yet.",
                "The error is authorization_pending.",
                "Wait for interval seconds and ask again.",
            ),
            Cause("The app polls too often.", "The error is slow_down.", "Add 5 seconds to the interval."),
            Cause("The device code has expired.", "expires_in is over.", "Start a new device authorization."),
        ),
        source="https://www.rfc-editor.org/rfc/rfc8628#section-3.5",
        confidence="documented",
    ),
    KnownError(
        id="oauth-invalid-target",
        codes=("invalid_target",),
        title="invalid_target: the requested resource or audience is unknown, or not allowed for this client",
        why="RFC 8707 lets the app name the API by resource; the server has to know it.",
        causes=(
            Cause(
                "resource isn't exactly the registered URL of the API.",
                "Compare it, slash included.",
                "Send the registered identifier of the API.",
            ),
            Cause(
                "The client isn't allowed to use this API.",
                "Look at the client's registration.",
                "Authorize the client for the API.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc8707#section-2",
        confidence="documented",
    ),
    KnownError(
        id="oauth-client-metadata",
        codes=("invalid_client_metadata", "invalid_redirect_uri"),
        without=("login_error", "logout", "log out", "logged out"),
        title="The registration was refused: a value of the client metadata, most often a redirect URI, isn't allowed",
        why="At dynamic registration the server checks every value against its rules.",
        causes=(
            Cause(
                "A redirect URI is http, has a fragment or a wildcard, or another scheme than the application type allows.",
                "Compare it with the server's rules.",
                "Register an exact https redirect URI, or a loopback address for native apps.",
            ),
            Cause(
                "grant_types, response_types and token_endpoint_auth_method aren't compatible.",
                "code needs authorization_code.",
                "Send values that the discovery document lists.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2",
        confidence="documented",
    ),
)
