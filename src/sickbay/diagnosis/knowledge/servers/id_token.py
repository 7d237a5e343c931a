"""ID tokens and discovery documents that a client library refuses."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="library-id-token-nonce",
        text=(
            (
                'id token "nonce" claim',
                "nonce mismatch",
                "invalid nonce",
                "nonce_mismatch",
                "nonce does not match",
                "nonce doesn't match",
                "missing nonce",
                "invalid claim nonce",
                "invalid claim 'nonce'",
                "nonce claim",
                "nonce is required",
                "nonce claim value mismatch",
                "idx21323",
                "idx21349",
                "validate_id_token_nonce failed",
                "incorrect nonce",
                "did not get the expected nonce",
                "unexpected nonce",
            ),
        ),
        title="nonce in the ID token isn't the one that the library expects",
        why="The app sends a nonce in the authorize request, and the server puts it into the ID token. The library compares it"
        " with the one that the app kept, or expects none at all.",
        causes=(
            Cause(
                "The app sent a nonce but doesn't pass it to the library at the callback.",
                "The authorize URL has nonce, and the callback code doesn't mention it.",
                "Keep the nonce in the session and pass it: expectedNonce (openid-client 6), checks.nonce (5), nonce="
                " (Authlib).",
            ),
            Cause(
                "The session or cookie with the nonce was lost, or a second login replaced it.",
                "It fails sometimes, or the state check fails too.",
                "Start a single login per browser tab, and check that the session cookie arrives at the redirect URI.",
            ),
            Cause(
                "The ID token comes from a refresh or from another login: it has an old nonce or none.",
                "Decode the token and compare its nonce with that of the authorize URL.",
                "Don't check the nonce of ID tokens from a refresh.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
        confidence="documented",
    ),
    KnownError(
        id="library-token-in-the-future",
        text=(
            (
                "issued in the future",
                "used too early",
                "used before issued",
                "token is not yet valid",
                "jwt not active",
                "iat is in the future",
                "issued at time is more than 10 minutes",
                "not yet valid (iat)",
                "not yet valid (nbf)",
                "immaturesignatureerror",
                "idx10222",
                "iaterror",
                "token not yet valid",
                "notbeforeerror",
                "id token issued at",
                "issued too far in the future",
                "max_id_token_iat_offset",
                "validateidtokeniatmaxoffset",
                "'iat' claim timestamp check failed",
                "iat claim timestamp check failed",
                'nbf" claim timestamp check failed',
                "lifetime validation failed. the token is not yet valid",
                "claim iat is in the future",
                "too far in the past or future",
            ),
        ),
        title="The token was issued in the future, as the client's clock sees it: the clocks differ",
        why="The library compares iat or nbf of the token with its own time. If its clock is behind the server's by some"
        " seconds,"
        " the token isn't valid yet.",
        causes=(
            Cause(
                "The clock of the machine that checks the token is behind.",
                "Compare iat of the token (seconds since 1970) with date +%s on the machine.",
                "Set the clock by NTP (containers take it from their host; restart Docker Desktop or WSL after sleep).",
            ),
            Cause(
                "The clocks differ by a few seconds, and the library allows none.",
                "The difference is under 5 seconds.",
                "Set a tolerance of 5 to 60 seconds: clockTolerance (openid-client, jose), leeway (PyJWT, Authlib),"
                " clock_skew_in_seconds (google-auth), ClockSkew (.NET).",
            ),
            Cause(
                "The user's device has a wrong time zone or time.",
                "Only some users are concerned.",
                "Ask the user to switch on automatic time.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
        confidence="documented",
    ),
    KnownError(
        id="library-token-expired",
        text=(
            (
                "jwt expired",
                "id token expired",
                "signature has expired",
                "expiredsignatureerror",
                "idx10223",
                "exp is in the past",
                '"exp" claim timestamp check failed',
                "token used too late",
                "tokenexpirederror",
                "jwt is expired",
                "token has expired",
                "token is expired",
                "id_token expired",
                "expired_token: the token is expired",
                "expiredjwtexception",
                "jwt expired at",
            ),
        ),
        title="The token has expired: its exp is in the past, as the clock of the checker sees it",
        why="Tokens are valid for minutes to an hour. The library or server compares exp with its own time.",
        causes=(
            Cause(
                "The token was stored and used after its lifetime.",
                "Decode it: exp is in the past.",
                "Get a new one with the refresh token before exp, or start a new login.",
            ),
            Cause(
                "The clock of the checking machine is ahead.",
                "The token is only seconds old.",
                "Set the clock by NTP, or set a tolerance of some seconds.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4",
        confidence="documented",
    ),
    KnownError(
        id="library-id-token-audience",
        text=(
            (
                "wrong audience",
                "jwt audience invalid",
                "aud mismatch, expected",
                "audience mismatch",
                'unexpected id token "aud"',
                'unexpected jwt "aud"',
                "audience validation failed",
                "idx10214",
                "expected audience",
                "invalid audience in token",
                "invalid claim aud",
                "invalid claim 'aud'",
                "audience doesn't match",
                "audience does not match",
                "audience claim does not match",
                "invalidaudienceerror",
                "invalid audience in id token",
                "the aud claim is not valid",
                "token's audience",
                "unexpected audience",
                "required audience",
                "validateidtokenaud",
                "aud claim",
            ),
        ),
        without=("invalid audience parameter",),
        captures=(r"wrong audience: ?(?P<audience>[\w:/.-]+)", r"expected audience \W?(?P<expected>[\w:/.-]+)"),
        title="aud: the token was issued for another audience than the one that the checker expects",
        why="The aud of an ID token is the client_id of the app; the aud of an access token is the API. The checker's"
        " configuration names something else.",
        causes=(
            Cause(
                "The client_id in the library's configuration isn't the one that requested the token.",
                "Decode the token and compare aud with the configured client_id.",
                "Configure the client_id that stands in aud, or request the token with the configured client_id.",
            ),
            Cause(
                "An access token was passed where an ID token is expected, or the reverse.",
                "The aud is the address of an API.",
                "Pass the ID token to the app's check, and the access token to the API.",
            ),
            Cause(
                "An API checks the aud, and the token was requested for another API.",
                "The aud is another API's identifier.",
                "Request the token for this API (audience, resource or scope), or set the API's identifier as expected"
                " audience.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
        confidence="documented",
    ),
    KnownError(
        id="library-id-token-missing",
        text=(
            (
                "id_token not present in tokenset",
                "missing (required) id token",
                "missing id_token",
                "missing id token",
                "no id_token in response",
                "id_token is missing",
                "id_token missing",
                "no id token",
                "id token missing",
                "missing_id_token",
                "identity token is missing",
                '"response" body "id_token" property must be',
                "id_token was not returned",
                "no id_token",
                "id_token is not returned",
                "not returning id_token",
                "id_token is not present",
                "doesn't return id_token",
                "not receiving id_token",
            ),
        ),
        title="id_token is missing in the token response: the scope openid was most likely not requested or not granted",
        why="The server returns an ID token only if the granted scope contains openid; SMART apps also need fhirUser or"
        " profile.",
        causes=(
            Cause(
                "openid isn't in the scope of the authorize request, or isn't registered for the app.",
                "The token response's scope has no openid.",
                "Add openid to the scope of the authorize request and to the app's registration.",
            ),
            Cause(
                "It is a refresh or a client_credentials request, which return no ID token on most servers.",
                "grant_type isn't authorization_code.",
                "Keep the ID token of the first login.",
            ),
            Cause(
                "The server speaks only OAuth, not OpenID Connect.",
                "Its discovery document has no id_token_signing_alg_values_supported.",
                "Use the OAuth functions of the library (oauthCallback, type: 'oauth').",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#TokenResponse",
        confidence="documented",
    ),
    KnownError(
        id="library-id-token-unexpected",
        text=(
            (
                "unexpected id token returned",
                "id_token detected in the response, you must use client.callback()",
                "id token detected in the response",
            ),
        ),
        title="The server returned an ID token, but the library was told to speak plain OAuth",
        why="With openid in the scope, the response is an OpenID Connect response, and its ID token has to be checked.",
        causes=(
            Cause(
                "The provider is configured as type oauth, or the code calls the OAuth function.",
                "The stack trace has oauthCallback or processAuthorizationCodeOAuth2Response.",
                "Use the OpenID Connect function: client.callback(), processAuthorizationCodeOpenIDResponse(), or type: 'oidc'"
                " (idToken: true in NextAuth).",
            ),
            Cause(
                "You don't need the ID token.",
                "The app uses only the access token.",
                "Remove openid from the scope.",
            ),
        ),
        source="https://github.com/panva/oauth4webapi/pull/140",
        confidence="documented",
    ),
    KnownError(
        id="library-at-hash",
        text=(
            (
                "at_hash mismatch",
                "at_hash does not match",
                "at_hash missing",
                "invalid at_hash",
                "failed to validate at_hash",
                "at_hash doesn't match",
            ),
        ),
        title="at_hash in the ID token doesn't fit the access token that came with it",
        why="at_hash is the left half of the hash of the access token. The library compares them.",
        causes=(
            Cause(
                "Access token and ID token come from different responses, such as after a refresh.",
                "The ID token is older than the access token.",
                "Check at_hash only with the access token of the same response.",
            ),
            Cause(
                "A gateway replaced the access token.",
                "The server's own response has another access token.",
                "Let the gateway pass the token on unchanged, or switch the check of at_hash off in the library.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken",
        confidence="documented",
    ),
)
