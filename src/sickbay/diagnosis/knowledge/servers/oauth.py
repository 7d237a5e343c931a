"""Error codes of RFC 6749, 6750 and OpenID Connect from a server that isn't known: checklists, the most likely first."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

TOKEN = "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"
AUTHORIZE = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1"
BEARER = "https://www.rfc-editor.org/rfc/rfc6750#section-3.1"

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
                "The client secret is wrong or expired, or it has a space or a line break from copying.",
                "A new secret works.",
                "Create a new client secret and copy its value, not its id.",
            ),
            Cause(
                (
                    "The app authenticates in another way than it is registered for, or sends no secret although it is "
                    "registered as confidential."
                ),
                "The registration says client_secret_post, but the request has an Authorization header, or vice versa.",
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
                "It has expired: codes last a few minutes at most, refresh tokens as long as the session or a setting allows.",
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
            "In RFC 6749, the client is known but not allowed this grant. Some servers also mean a wrong client secret or "
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
                "Separate scopes with spaces, encoded as %20.",
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
                "The server requires PKCE.",
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
)
