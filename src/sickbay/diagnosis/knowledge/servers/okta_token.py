"""Okta: the token endpoint."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

API = "https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/"
GENERAL = "Okta Admin Console > Applications > the app > General"
SERVER = "Okta Admin Console > Security > API > Authorization Servers > the server"

ERRORS = (
    KnownError(
        id="okta-refresh-token",
        text=(
            (
                "refresh token is invalid",
                "refresh_token' is invalid",
                "invalid_refresh_token",
                "refresh token is invalid or expired",
            ),
        ),
        title="The refresh token is expired, was revoked, or was used already",
        why=(
            "Okta ends refresh tokens after idle time or lifetime of the access policy rule, on revocation, and with rotation "
            "after each use."
        ),
        causes=(
            Cause(
                "It expired or wasn't used for the idle time (7 days by default).",
                "The System Log has app.oauth2.as.token.grant with invalid_refresh_token.",
                "Sign in again; raise the lifetimes in the access policy's rule if needed.",
            ),
            Cause(
                "Rotation is on, and an older token was sent.",
                "Two requests refreshed at the same time.",
                "Store the newest refresh token after each refresh.",
            ),
            Cause(
                "Another client or authorization server issued it.",
                "The token endpoint has another /oauth2/NAME/.",
                "Refresh at the same server with the same client_id.",
            ),
        ),
        where=f"{SERVER} > Access Policies > rule",
        source="https://support.okta.com/help/s/article/okta-refresh-token-invalid-or-expired-error",
        confidence="documented",
    ),
    KnownError(
        id="okta-code-invalid",
        text=(("authorization code is invalid or has expired", "authorization code is invalid or expired"),),
        title="`code`: the authorization code has expired or was used already",
        why="A code can be redeemed once, within a few minutes.",
        causes=(
            Cause(
                "The code was redeemed twice, for example after a reload.",
                "The network tab shows two token requests.",
                "Redeem each code once, and start a new sign-in.",
            ),
            Cause(
                "The token endpoint belongs to another authorization server than the authorize endpoint.",
                "Compare /oauth2/NAME/ in both addresses.",
                "Use the endpoints of one issuer.",
            ),
        ),
        source=API,
        confidence="documented",
    ),
    KnownError(
        id="okta-verifier-length",
        text=(
            ("code_verifier", "code verifier"),
            ("43 characters", "minimum length of 43", "maximum length of 128", "between 43 and 128"),
        ),
        title="`code_verifier` has the wrong length: it has to have 43 to 128 characters",
        why="RFC 7636 allows 43 to 128 characters from A-Z, a-z, 0-9 and - . _ ~.",
        causes=(
            Cause(
                "The verifier is longer than 128 or shorter than 43 characters.",
                "Count its characters.",
                "Create it from 32 random bytes with base64url, which gives 43 characters.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7636#section-4.1",
        confidence="documented",
    ),
    KnownError(
        id="okta-pkce-failed",
        servers=("okta",),
        text=(
            ("okta",),
            ("pkce verification failed", "code_challenge", "code challenge"),
            ("failed", "required", "missing", "invalid"),
        ),
        title="PKCE: `code_verifier` doesn't match, or code_challenge is missing",
        why="If PKCE is required for the app, both requests need it, and the challenge has to be base64url(SHA-256(verifier)).",
        causes=(
            Cause(
                "The verifier isn't the one of this sign-in.",
                "Log it before the redirect and at the token request.",
                "Store the verifier before the redirect, and send the same value.",
            ),
            Cause(
                "The app has PKCE required, but the library doesn't use it.",
                "The authorization request has no code_challenge.",
                "Enable PKCE with S256.",
            ),
        ),
        where=f"{GENERAL} > Proof Key for Code Exchange",
        source=API,
        confidence="documented",
    ),
    KnownError(
        id="okta-client-authentication",
        text=(
            (
                "either the client or the client credentials are invalid",
                "client secret supplied for a confidential client is invalid",
                "no client credentials found",
                "'client_secret' parameter",
                "cannot supply multiple client credentials",
                "client authentication failed. either",
            ),
        ),
        title="Okta could not authenticate the client: client secret wrong or missing, or the app's type doesn't fit",
        why=(
            "An app of type Web is confidential and has to send its secret. A browser app needs the type Single-Page "
            "Application, which has none."
        ),
        causes=(
            Cause(
                "A browser app uses the client ID of a Web app.",
                "The request has only client_id.",
                "Register a Single-Page Application and use its client ID with PKCE.",
            ),
            Cause(
                "The secret is wrong, inactive or of another org.",
                "Compare it on the General tab.",
                "Copy the client secret again, or create a new one.",
            ),
            Cause(
                "The secret is sent twice, in the header and in the body, or by another method than registered.",
                "Look for an Authorization header next to client_secret in the body.",
                "Send it by one method only: Authorization: Basic base64(client_id:client_secret).",
            ),
        ),
        where=f"{GENERAL} > Client Credentials",
        source="https://github.com/okta/okta-auth-js/issues/455",
        confidence="observed",
    ),
    KnownError(
        id="okta-client-assertion",
        text=(
            ("client_assertion",),
            (
                "kid is invalid",
                "is invalid",
                "expired",
                "signature is invalid",
                "claims are invalid",
                "token is invalid",
                "jwt is invalid",
                "audience",
                "'aud' claim",
                "missing",
            ),
        ),
        without=("keycloak", "kc-services", "/realms/"),
        title="`client_assertion` was refused: the key isn't registered, kid is missing, or aud or exp is wrong",
        why=(
            "The server finds the public key by kid among the keys that are registered for the client. aud has to be the "
            "token endpoint or issuer, and exp at most an hour ahead."
        ),
        causes=(
            Cause(
                "The assertion has no kid, or one that isn't registered.",
                "Compare kid in the header with the app's public keys.",
                "Set kid to the key ID of the registered public key.",
            ),
            Cause(
                "It was signed with another private key.",
                "Verify the signature with the registered public key.",
                "Register the public key that belongs to your private key.",
            ),
            Cause(
                "aud isn't the token endpoint that you call.",
                "Compare aud with the URL of the request.",
                "Set aud to the token endpoint's URL.",
            ),
            Cause(
                "exp is past or too far ahead.",
                "Compare it with the current time.",
                "Set exp to a few minutes from now and use a new jti.",
            ),
        ),
        where=f"{GENERAL} > Client Credentials > Public Keys",
        source="https://github.com/okta/okta-sdk-python/issues/289",
        confidence="documented",
    ),
    KnownError(
        id="okta-confidential-only",
        text=(("only confidential clients",),),
        title="This needs a confidential client: the app is registered as public and sends no secret",
        why="Some flows are allowed only to clients that authenticate.",
        causes=(
            Cause(
                "The app is of type Single-Page or Native.",
                "General > Client authentication is None.",
                "Register a Web app, or set Client authentication to Client secret, and send the client secret.",
            ),
        ),
        where=f"{GENERAL} > Client Credentials",
        source="https://github.com/okta/okta-idx-java/issues/440",
        confidence="observed",
    ),
    KnownError(
        id="okta-token-redirect-uri",
        text=(
            ("redirect_uri' does not match", "redirect_uri does not match"),
            ("redirection uri used in", "used in the authorization"),
        ),
        title="`redirect_uri` of the token request differs from the one of the authorization request",
        why="The code is bound to the redirect URI of the authorization request; both are compared exactly.",
        causes=(
            Cause(
                "Another value is sent, for example the issuer or the page's address.",
                "Write down both values.",
                "Send exactly the same redirect_uri in both requests.",
            ),
            Cause(
                "Two parts of the app build the URI differently.",
                "They differ by a slash, port or scheme.",
                "Read the URI from one setting.",
            ),
        ),
        source="https://github.com/okta/okta-aspnet/issues/173",
        confidence="documented",
    ),
    KnownError(
        id="okta-browser-pkce",
        text=(("browser requests to the token endpoint", "proof key for code exchange"), ("must use", "required", "proof key")),
        title="The token request comes from a browser (it has an Origin header) without PKCE, or for an app of type Web",
        why=(
            "Okta answers browsers at the token endpoint only if the code was requested with code_challenge and the app may "
            "be used by browsers."
        ),
        causes=(
            Cause(
                "The app is registered as Web, but runs in the browser.",
                "The app's type on the General tab.",
                (
                    "Create a Single-Page Application in Okta, use its client ID, and send code_challenge and code_verifier "
                    "without a secret."
                ),
            ),
            Cause(
                "PKCE is switched off in the library.",
                "The authorization request has no code_challenge.",
                "Enable PKCE (S256) in the library.",
            ),
            Cause("Postman or a proxy adds an Origin header.", "The request has Origin.", "Remove the Origin header."),
        ),
        where=f"{GENERAL} > Client Credentials",
        source="https://github.com/authts/oidc-client-ts/issues/395",
        confidence="observed",
    ),
)
