"""Auth0: checklists for bare error codes, and symptoms."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://auth0.com/docs/"
APP = "Auth0 Dashboard > Applications > the application > Settings"
API = "Auth0 Dashboard > Applications > APIs > the API"

ERRORS = (
    KnownError(
        id="auth0-invalid-client",
        servers=("auth0",),
        codes=("invalid_client", "unauthorized_client"),
        title="Auth0 could not authenticate the application, or it isn't allowed to use this grant or API",
        why="unauthorized_client also covers unregistered callback URLs and grants that aren't enabled.",
        causes=(
            Cause(
                "The client_id belongs to another tenant or environment.",
                "Compare domain and client ID with the Settings page.",
                "Use domain, client ID and secret of one application.",
            ),
            Cause(
                "The secret is wrong, or the authentication method differs from the registered one.",
                "The tenant log names the reason.",
                "Copy the secret again and set the authentication method to the one that is sent.",
            ),
            Cause("The grant type isn't enabled.", "Advanced Settings > Grant Types.", "Enable the grant type."),
            Cause("The callback URL isn't registered.", "The message says mismatch.", "Add it to Allowed Callback URLs."),
        ),
        where=f"{APP}; Monitoring > Logs",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-invalid-grant",
        servers=("auth0",),
        codes=("invalid_grant",),
        title="invalid_grant from Auth0: code or refresh token no longer valid, or the password is wrong",
        why=(
            "The description says which: Invalid authorization code, Unknown or invalid refresh token, Wrong email or "
            "password, Failed to verify code verifier."
        ),
        causes=(
            Cause(
                "The code was used already or has expired.",
                "The network tab shows two requests to /oauth/token.",
                "Start a new login and redeem the code once.",
            ),
            Cause(
                "redirect_uri or code_verifier differs from the authorization request.",
                "Compare both requests.",
                "Send the same values.",
            ),
            Cause(
                "The refresh token was rotated, revoked or has expired.",
                "The tenant log has ferrt or fertft.",
                "Store the newest refresh token, or log in again.",
            ),
            Cause("Email or password is wrong.", "The description says so.", "Reset the user's password."),
        ),
        where="Auth0 Dashboard > Monitoring > Logs",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-access-denied",
        servers=("auth0",),
        codes=("access_denied",),
        title="Auth0 denied access: audience unknown, application not authorized for the API, or a Rule or Action refused",
        why="The description says which; the tenant log has the details.",
        causes=(
            Cause(
                "audience isn't the Identifier of an API.",
                "The description says Service not found or not enabled.",
                "Send the API's Identifier as audience, character by character.",
            ),
            Cause(
                "The application isn't authorized for the API.",
                "The API's tab Machine to Machine Applications.",
                "Authorize the application and select the scopes.",
            ),
            Cause(
                "A Rule or Action denies the login, or the user cancelled.",
                "The description has its text.",
                "Change the Rule or Action, or try again.",
            ),
            Cause("The client secret is wrong.", "The description is Unauthorized.", "Copy the client secret again."),
        ),
        where="Auth0 Dashboard > Monitoring > Logs",
        source="https://support.auth0.com/center/s/article/troubleshooting-the-access-denied-error",
        confidence="documented",
    ),
    KnownError(
        id="auth0-invalid-request",
        servers=("auth0",),
        codes=("invalid_request",),
        title="Auth0 refused the form of the request: a parameter is missing or invalid",
        why="The description names it, for example Missing required parameter: code.",
        causes=(
            Cause("A required parameter is missing.", "Read the description.", "Send the parameter that it names."),
            Cause(
                "The callback was opened without code, because the login before failed.",
                "The address has error= instead of code=.",
                "Read error and error_description in the callback first.",
            ),
            Cause(
                "The body isn't sent as its Content-Type says.",
                "Compare both.",
                "Send a form with application/x-www-form-urlencoded.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-token-refused",
        servers=("auth0",),
        codes=("invalid_token", "401"),
        title="The API refused the token: audience, issuer, signature algorithm or expiry isn't what it expects",
        why=(
            "A JWT for an API exists only if audience was sent; its iss ends with a slash, and it is signed with RS256 by "
            "default."
        ),
        causes=(
            Cause(
                "The token isn't a JWT for this API.",
                "jwt.io can't decode it, or aud isn't the API's Identifier.",
                "Send audience=the API's Identifier in the authorization request.",
            ),
            Cause("The configured issuer lacks the trailing slash.", "Compare with iss.", "Set the issuer to https://DOMAIN/."),
            Cause(
                "The API checks HS256, and the token is RS256, or vice versa.",
                "Look at alg in the header.",
                "Set the API's algorithm to RS256 and use the tenant's JWKS.",
            ),
            Cause("An ID token was sent.", "aud is the client ID.", "Send the access token."),
        ),
        where=f"{API} > Settings",
        source="https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens",
        confidence="documented",
    ),
    KnownError(
        id="auth0-insufficient-scope",
        servers=("auth0",),
        codes=("insufficient_scope", "403"),
        title="The access token lacks a scope or permission that the API requires",
        why="Scopes come from the request and the API's permissions; with RBAC the user also needs the permission by a role.",
        causes=(
            Cause(
                "The scope wasn't requested.",
                "Look at scope in the decoded token.",
                "Request the scope together with the API's audience.",
            ),
            Cause(
                "RBAC is on and the user has no role with the permission.",
                "permissions in the token is empty.",
                "Assign a role with the permission, and enable Add Permissions in the Access Token.",
            ),
            Cause("The scope isn't defined at the API.", "Look at its tab Permissions.", "Add the permission to the API."),
        ),
        where=f"{API} > Permissions",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-invalid-scope",
        servers=("auth0",),
        codes=("invalid_scope",),
        title="`scope`: a requested scope isn't allowed for this application or API",
        why="The API's permissions and the client grant decide which scopes an application may request.",
        causes=(
            Cause(
                "The scope isn't defined at the API or not granted to the application.",
                "Look at Permissions and Machine to Machine Applications.",
                "Add the scope to the API and to the grant, or remove it from the request.",
            ),
        ),
        where=f"{API} > Permissions",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-no-refresh-token",
        servers=("auth0",),
        text=(
            ("auth0",),
            (
                "no refresh token",
                "no refresh_token",
                "refresh token is not returned",
                "not getting refresh",
                "refresh_token is missing",
                "without refresh token",
                "not return refresh",
                "refreshtoken is undefined",
                "refresh token is undefined",
                "refresh token undefined",
            ),
        ),
        title="No refresh token: the scope offline_access is missing, or the API doesn't allow offline access",
        why="Auth0 issues one only with offline_access, if the API allows it and the application has the grant Refresh Token.",
        causes=(
            Cause(
                "offline_access isn't requested.", "Look at scope in the authorization request.", "Add offline_access to scope."
            ),
            Cause("The API doesn't allow it.", "API > Settings > Allow Offline Access is off.", "Enable Allow Offline Access."),
            Cause("The application lacks the grant.", "Advanced Settings > Grant Types.", "Enable Refresh Token."),
        ),
        where=f"{API} > Settings > Allow Offline Access",
        source="https://auth0.com/docs/secure/tokens/refresh-tokens/get-refresh-tokens",
        confidence="documented",
    ),
    KnownError(
        id="auth0-cors",
        servers=("auth0",),
        text=(
            ("auth0",),
            ("access-control-allow-origin", "cors policy", "cross-origin", "cors error"),
        ),
        without=("redirected from", "/authorize?"),
        title=(
            "CORS: the page's origin isn't in the application's Allowed Web Origins, or the endpoint isn't meant for browsers"
        ),
        why=(
            "Auth0 sends CORS headers to origins of Allowed Web Origins, Allowed Origins (CORS) and the callback URLs. The "
            "Management API and /oauth/token of confidential applications are for servers."
        ),
        causes=(
            Cause(
                "The origin isn't registered.",
                "Compare scheme, host and port with the lists.",
                "Add the origin to Allowed Web Origins.",
            ),
            Cause(
                "The application's type isn't Single Page Application.",
                "Look at Application Type.",
                "Set it to Single Page Application with the authentication method None.",
            ),
        ),
        where=f"{APP} > Application URIs > Allowed Web Origins",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-logout-mismatch",
        text=(
            ("returnto",),
            (
                "not in the list of allowed logout",
                "querystring parameter is not defined as a valid",
                "not defined as a valid url",
                "allowed logout urls",
            ),
        ),
        title="The returnTo URL isn't in Allowed Logout URLs",
        why="Auth0 redirects after logout only to registered URLs.",
        causes=(
            Cause(
                "The URL isn't registered, or differs by a slash.",
                "Compare returnTo with the list.",
                "Add exactly this URL to Allowed Logout URLs.",
            ),
        ),
        where=f"{APP} > Application URIs > Allowed Logout URLs",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="auth0-wrong-connection",
        text=(
            ("connection", "strategy"),
            (
                "the connection was not found",
                "connection is not enabled",
                "no connections enabled",
                "the connection is not enabled",
                "the connection was disabled",
            ),
        ),
        title="The connection isn't enabled for this application",
        why="Each database, social or enterprise connection has to be enabled per application.",
        causes=(
            Cause(
                "The connection isn't enabled, or its name is misspelled.",
                "Look at the application's tab Connections.",
                "Enable the connection for this application.",
            ),
            Cause(
                "The password grant needs a default directory.",
                "grant_type is password.",
                "Set Tenant Settings > Default Directory to the name of the database connection.",
            ),
        ),
        where="Auth0 Dashboard > Applications > the application > Connections",
        source=DOCS,
        confidence="documented",
    ),
)
