"""Error codes of RFC 6749, 6750 and OpenID Connect from a server that isn't known: checklists, the most likely first."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

TOKEN = "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"
AUTHORIZE = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"
BEARER = "https://www.rfc-editor.org/rfc/rfc6750#section-3.1"
OIDC = "https://openid.net/specs/openid-connect-core-1_0.html#AuthError"

ERRORS = (
    KnownError(
        id="oauth-invalid-client",
        codes=("invalid_client",),
        title="invalid_client: the token endpoint could not authenticate the client",
        why="The server doesn't know this client_id, or the proof that came with it isn't the one it expects.",
        causes=(
            Cause(
                "The client_id belongs to another environment, or the registration isn't active yet.",
                "Compare it with the server's console, sandbox and production separately.",
                "Send the client_id of the environment that the token endpoint belongs to.",
            ),
            Cause(
                "The client secret is wrong or expired, or it has a blank or a line break from copying.",
                "A new secret works.",
                "Create a new client secret and copy its value, not its id.",
            ),
            Cause(
                (
                    "The app authenticates in another way than it is registered for, or sends no secret although it is "
                    "registered as confidential."
                ),
                "The registration says client_secret_post, but the request has an Authorization header, or the reverse.",
                "Use the registered method: the header Basic base64(client_id:client_secret), or client_secret in the body.",
            ),
            Cause(
                "The assertion's key isn't registered, or its kid, aud or exp is wrong.",
                "Decode it: aud has to be the token endpoint, kid in the registered JWKS.",
                "Register the public key, and sign a new assertion with its kid.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-invalid-grant",
        codes=("invalid_grant",),
        title=(
            "invalid_grant: the code, the refresh token or the password isn't valid, no longer valid, or was issued for other "
            "values"
        ),
        why=(
            "The server answers this for codes and refresh tokens that are expired, revoked or used already, and if the token "
            "request doesn't fit the authorization request."
        ),
        causes=(
            Cause(
                "The code or refresh token was used already, for example because a handler runs twice.",
                "The network tab or the log shows two token requests with the same value.",
                "Redeem each code once, store the newest refresh token, and start a new login.",
            ),
            Cause(
                "It has expired: codes live a minute or a few, refresh tokens as long as the session or a setting.",
                "Compare the time of the login with that of the request.",
                "Redeem the code immediately; if a refresh token has expired, log in again.",
            ),
            Cause(
                "redirect_uri isn't exactly the one of the authorization request.",
                "Compare both, slash included.",
                "Send the same redirect_uri in both requests.",
            ),
            Cause(
                "code_verifier doesn't match, or another client asks.",
                "Compare with the stored verifier, and client_id with the first request.",
                "Send the code_verifier that was stored before the redirect.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-unsupported-grant-type",
        codes=("unsupported_grant_type",),
        title="unsupported_grant_type: the server can't read grant_type, or doesn't support it",
        why="Most often the body isn't a form: a server that finds no grant_type gives the same answer.",
        causes=(
            Cause(
                "The body is JSON or multipart, or Content-Type is wrong or missing.",
                "Content-Type isn't application/x-www-form-urlencoded, or the body begins with {.",
                "Send grant_type=…&… as application/x-www-form-urlencoded (URLSearchParams, qs, --data-urlencode).",
            ),
            Cause(
                "The parameters are in the query, or the body was lost in a redirect.",
                "The request body is empty.",
                "POST them in the body, to the final https address.",
            ),
            Cause(
                "The value is misspelled or has quotes or a line break.",
                "Look at grant_type.",
                "Send authorization_code, refresh_token or client_credentials.",
            ),
            Cause(
                "The server doesn't offer this grant.",
                "grant_types_supported in the discovery document lacks it.",
                "Use a grant that is listed there.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-unauthorized-client",
        codes=("unauthorized_client",),
        title="unauthorized_client: the client isn't allowed to use this grant type or flow, or wasn't authenticated",
        why=(
            "By RFC 6749 the client is known, but not allowed this grant. Some servers also mean a wrong client secret or "
            "redirect URI."
        ),
        causes=(
            Cause(
                "The grant type isn't enabled for the client.",
                "Look at the client's allowed grant types.",
                "Enable the grant type for this client, or use an allowed one.",
            ),
            Cause(
                "The client secret is missing or wrong, or a public client is registered as confidential.",
                "The request has only client_id.",
                "Send the client secret, or register the client as public.",
            ),
            Cause(
                "The client_id isn't registered, or not activated, in this environment.",
                "Compare it with the console.",
                "Use the client_id of this environment.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-invalid-scope",
        codes=("invalid_scope",),
        title="invalid_scope: a requested scope is unknown, malformed, or not allowed for this client",
        why="Many servers refuse the whole request if one scope isn't registered for the client.",
        causes=(
            Cause(
                "A scope isn't registered for the client.",
                "Compare scope with the client's registration and with scopes_supported.",
                "Register the scope for the client, or remove it from the request.",
            ),
            Cause(
                "The scope is written for another version: patient/*.read is SMART v1, patient/*.rs is v2.",
                "scopes_supported or capabilities shows which one the server has.",
                "Request the scopes in the server's spelling.",
            ),
            Cause(
                "The scopes are separated by commas or plus signs that were encoded (%2B).",
                "Decode the URL once.",
                "Separate scopes by blanks, encoded as %20.",
            ),
            Cause(
                (
                    "The scope doesn't fit the grant: openid or offline_access with client_credentials, or more than was "
                    "granted with a refresh token."
                ),
                "Look at grant_type.",
                "Request only scopes that this grant allows.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-invalid-request",
        codes=("invalid_request",),
        title="invalid_request: a parameter is missing, has an invalid value, or is sent twice",
        why="error_description often names it. If the body isn't a form, every parameter counts as missing.",
        causes=(
            Cause(
                "The body isn't application/x-www-form-urlencoded.",
                "Content-Type is application/json, or the parameters are in the query.",
                "POST the parameters in a form body.",
            ),
            Cause(
                "A required parameter is missing: redirect_uri, code, or response_type.",
                "Compare the request with the server's documentation.",
                "Send the missing parameter.",
            ),
            Cause(
                "The server demands PKCE.",
                "The request has no code_challenge.",
                "Send code_challenge with code_challenge_method=S256.",
            ),
            Cause(
                "The redirect URI isn't registered, or the client authenticates in two ways at once.",
                "Look for client_secret next to an Authorization header.",
                "Register the redirect URI, and send the secret in one place.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
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
        id="oauth-invalid-token",
        codes=("invalid_token",),
        title="invalid_token: the access token is expired, revoked, malformed, or meant for another server",
        why="The resource server checks the token's signature or asks the issuer, and compares issuer, audience and times.",
        causes=(
            Cause(
                "The token has expired or was revoked.",
                "Compare exp, or expires_in with its age.",
                "Get a new access token with the refresh token, or log in again.",
            ),
            Cause(
                "The token is for another audience or from another issuer or environment.",
                "Decode it and compare aud and iss with the API.",
                "Request the token for this API: its audience, resource or aud, at the server that it trusts.",
            ),
            Cause(
                "The header isn't Bearer ACCESS_TOKEN.",
                "It has quotes, Bearer twice, undefined, or an ID token or refresh token.",
                "Send Authorization: Bearer with only the access token.",
            ),
        ),
        source=BEARER,
        confidence="documented",
    ),
    KnownError(
        id="oauth-insufficient-scope",
        codes=("insufficient_scope",),
        title="insufficient_scope: the token is valid, but lacks a scope for this request",
        why="Only granted scopes count; the member scope of the token response shows them.",
        causes=(
            Cause(
                "The scope wasn't requested.",
                "Compare scope of the token response with the one that the endpoint needs (WWW-Authenticate may name it).",
                "Request the scope and log in again, since a refresh doesn't add scopes.",
            ),
            Cause(
                "It was requested but not granted, because it isn't registered for the client or wasn't approved.",
                "It is missing in the token response.",
                "Register the scope for the client, and approve it.",
            ),
            Cause(
                "An older token without the scope is still in use.",
                "A new login helps.",
                "Delete the stored token and log in again.",
            ),
        ),
        source=BEARER,
        confidence="documented",
    ),
    KnownError(
        id="oauth-login-required",
        codes=("login_required", "interaction_required", "account_selection_required"),
        title="login_required: a silent request (prompt=none) found no session that it may use",
        why=(
            "With prompt=none the server must not show a page. Without a session, or if the browser blocks its cookie in an "
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
        title="The registration was refused: a value of the client metadata, most often a redirect URI, isn't allowed",
        why="At dynamic registration the server checks every value against its rules.",
        causes=(
            Cause(
                "A redirect URI is http, has a fragment or a wildcard, or another scheme than the application type allows.",
                "Compare it with the server's rules.",
                "Register an exact https redirect URI, or a loopback address for native apps.",
            ),
            Cause(
                "grant_types, response_types and token_endpoint_auth_method don't fit together.",
                "code needs authorization_code.",
                "Send values that the discovery document lists.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2",
        confidence="documented",
    ),
)
