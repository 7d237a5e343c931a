"""Other providers: Ory Hydra, Authelia, Doorkeeper, Django OAuth Toolkit, node oidc-provider, WSO2, ForgeRock and more."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="hydra-redirect-uri",
        text=(
            (
                "pre-registered redirect url",
                "pre-registered 'redirect_uris'",
                "exactly whitelisted the redirect_uri",
                "pre-registered redirect",
            ),
        ),
        title="`redirect_uri` isn't one of the redirect URIs that are registered for the client",
        why="Hydra and Authelia compare it exactly, with scheme, port and path. A fragment (#) isn't allowed.",
        causes=(
            Cause(
                "The URI isn't registered for this client, or differs by http and https, port or slash.",
                "Compare redirect_uri in the address bar with redirect_uris of the client.",
                "Add exactly the URI that the app sends to redirect_uris.",
            ),
            Cause(
                "The app builds another URI than you think, for example 127.0.0.1 or http behind a proxy.",
                "The address bar shows it.",
                "Set the app's public URL.",
            ),
        ),
        where="hydra update oauth2-client --redirect-uri; Authelia: identity_providers.oidc.clients.redirect_uris",
        source="https://github.com/ory/hydra/issues/1245",
        confidence="documented",
    ),
    KnownError(
        id="hydra-client-authentication",
        text=(
            (
                "client authentication failed (e.g., unknown client",
                "client authentication failed (e.g. unknown client",
                "client authentication failed due to unknown client",
            ),
        ),
        title="The client could not be authenticated: unknown client_id, wrong secret, or another method than registered",
        why=(
            "Each client has one token_endpoint_auth_method, by default client_secret_basic. The right secret by the wrong "
            "method fails, too."
        ),
        causes=(
            Cause(
                "The app sends the secret in the body, and client_secret_basic is registered, or the reverse.",
                "Compare token_endpoint_auth_method with the request.",
                "Register client_secret_post, or send Authorization: Basic base64(client_id:client_secret).",
            ),
            Cause(
                "The secret is wrong, too short, or isn't percent-encoded before base64.",
                "It has special characters.",
                "Set a new secret, and percent-encode both values.",
            ),
            Cause("The client_id is unknown at this server.", "List the clients.", "Register the client."),
            Cause(
                "A public client (method none) sends a secret, or needs PKCE.",
                "Look at the method.",
                "Send only client_id and code_verifier.",
            ),
        ),
        source="https://github.com/ory/hydra/issues/2140",
        confidence="documented",
    ),
    KnownError(
        id="hydra-auth-method",
        text=(
            ("client authentication method", "'token_endpoint_auth_method'", "wrong authentication method used"),
            ("but method", "requested", "does not", "supports", "!=", "not allowed", "not supported"),
        ),
        title="The client authenticates by another method than it is registered for: client_secret_basic or client_secret_post",
        why="The server compares the method of the request with token_endpoint_auth_method of the registration.",
        causes=(
            Cause(
                "The app sends the secret in the body, and client_secret_basic is registered.",
                "The request has client_secret in the body.",
                "Send Authorization: Basic base64(client_id:client_secret), or register client_secret_post.",
            ),
            Cause(
                "The app sends Basic, and client_secret_post or none is registered.",
                "The request has an Authorization header.",
                "Register client_secret_basic, or set the library's token_endpoint_auth_method to the registered one.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication",
        confidence="documented",
    ),
    KnownError(
        id="hydra-scope",
        text=(
            (
                "is not allowed to request scope",
                "not allowed to request scope",
                "requested scope is invalid, unknown, or malformed",
            ),
        ),
        title="`scope`: the client may not request this scope, or it is unknown",
        why=(
            "The registration lists the scopes of the client. Doorkeeper also has the server's own default_scopes and "
            "optional_scopes."
        ),
        causes=(
            Cause(
                "The scope isn't registered for the client.",
                "Compare with the client's scope.",
                "Add the scope to the client, or remove it from the request.",
            ),
            Cause("The scopes are separated by commas.", "Look at scope.", "Separate them by blanks."),
        ),
        source="https://www.ory.sh/docs/hydra/guides/openid",
        confidence="documented",
    ),
    KnownError(
        id="hydra-state-short",
        text=(
            (
                "insufficient entropy",
                "request parameter 'state' must be at least",
                "at least be 8 characters",
                "must be at least '8'",
                "at least 8 characters long to ensure",
            ),
            ("state", "nonce"),
        ),
        title="`state` or nonce is too short: the server demands at least 8 characters",
        why="A short value could be guessed.",
        causes=(
            Cause(
                "The app sends a short or constant state.",
                "Look at state in the request.",
                "Create state from at least 16 random bytes for each login.",
            ),
        ),
        source="https://www.ory.sh/docs/hydra/",
        confidence="documented",
    ),
    KnownError(
        id="oauth-generic-invalid-grant",
        text=(
            (
                "authorization grant is invalid, expired, revoked",
                "authorization grant (e.g., authorization code",
                "invalid, expired, revoked, does not match the redirection",
                "provided authorization grant",
            ),
        ),
        title="The code or refresh token has expired, was used already, or belongs to another client, or redirect_uri differs",
        why="Doorkeeper, Hydra, Laravel Passport and others send this sentence of RFC 6749 for every such reason.",
        causes=(
            Cause(
                "The code or the rotated refresh token was used already, for example because a handler runs twice.",
                "The server's log shows an earlier request with it.",
                "Redeem each code once, and store the newest refresh token; start a new login.",
            ),
            Cause(
                "redirect_uri isn't exactly that of the authorization request.",
                "Compare both requests.",
                "Send the same redirect_uri.",
            ),
            Cause("It has expired, after 10 minutes or less.", "Compare the times.", "Redeem the code at once."),
            Cause(
                "It was issued to another client, or the password is wrong.", "Compare client_id.", "Send the same client_id."
            ),
        ),
        source="https://github.com/doorkeeper-gem/doorkeeper/issues/887",
        confidence="documented",
    ),
    KnownError(
        id="oauth-code-used",
        text=(
            (
                "authorization code has already been used",
                "authorization code already used",
                "code has already been redeemed",
                "auth_code_not_found",
                "code was already redeemed",
                "authorization code is invalid or has been",
                "invalid authorization code",
                "code doesn't exist or has expired",
                "authorization code expired",
                "authorization code has expired",
                "authorization code is expired",
                "invalid code",
            ),
        ),
        without=("openiddict", "identityserver", "iisexpress"),
        title="`code`: the authorization code has expired, was used already, or was changed on the way",
        why="A code can be redeemed once, within seconds or minutes. A second use often revokes the tokens of the first.",
        causes=(
            Cause(
                "The app redeems the code twice: reload, React StrictMode, retry, or two handlers.",
                "The network tab or the log shows two token requests with the same code.",
                "Redeem each code once, remove it from the address bar, and start a new login.",
            ),
            Cause(
                "The code was encoded twice or cut.",
                "Compare it with the redirect: %2F or + have changed.",
                "Decode the code once from the redirect, and encode it once in the form.",
            ),
            Cause("Too much time has passed.", "Compare the times.", "Redeem the code immediately."),
            Cause(
                "client_id, or the server, isn't that of the authorization request.",
                "Compare both requests.",
                "Send both requests to the same server with the same client_id.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2",
        confidence="documented",
    ),
    KnownError(
        id="dot-hashed-secret",
        text=(
            ("pbkdf2_sha256$", "/o/token", "django-oauth-toolkit", "oauth2_provider", "drf-social-oauth2", "drf_social"),
            ("invalid_client", "invalid client"),
        ),
        title=(
            "Django OAuth Toolkit hashes the client secret when it is saved: the hashed value, copied from the admin page, "
            "doesn't work"
        ),
        why="Since version 2.0 the admin page shows pbkdf2_sha256$… after saving; the plain secret is visible only before.",
        causes=(
            Cause(
                "The hashed secret was sent.",
                "It begins with pbkdf2_sha256$.",
                "Create a new secret, copy the plain value before saving, and send that one.",
            ),
            Cause(
                "PKCE is required since version 2.0, and the app sends none.",
                "The authorization request has no code_challenge.",
                "Send code_challenge and code_verifier, or set PKCE_REQUIRED = False.",
            ),
            Cause(
                "The header isn't named Authorization, or its value isn't Basic base64(client_id:client_secret).",
                "Look at the header's name.",
                "Send Authorization: Basic with the plain secret.",
            ),
        ),
        source="https://github.com/django-oauth/django-oauth-toolkit/issues/1193",
        confidence="documented",
    ),
    KnownError(
        id="dot-grant-type",
        text=(("/o/token", "django-oauth-toolkit", "oauth2_provider", "oauthlib.oauth2"), ("unauthorized_client",)),
        title="unauthorized_client: the application's Authorization grant type isn't the one of the request",
        why="In Django OAuth Toolkit each application has exactly one grant type (refresh_token is allowed with it).",
        causes=(
            Cause(
                "The grant type of the application differs from grant_type.",
                "Look at Authorization grant type in the admin.",
                "Set the application's grant type to the one that the app sends, or register a second application.",
            ),
        ),
        where="Django admin > Django OAuth Toolkit > Applications",
        source="https://django-oauth-toolkit.readthedocs.io/",
        confidence="documented",
    ),
    KnownError(
        id="dot-unsupported-grant",
        text=(
            ("/o/token", "/auth/token", "oauth2_provider", "django-oauth-toolkit", "django", "drf"),
            ("unsupported_grant_type",),
        ),
        title="unsupported_grant_type: the body isn't a form, so that the server doesn't see grant_type",
        why=(
            "Django reads parameters only from application/x-www-form-urlencoded. JSON, or a form whose Content-Type was "
            "lost, counts as empty."
        ),
        causes=(
            Cause(
                "The body is JSON.",
                "Look at Content-Type and the body.",
                "Send the body as application/x-www-form-urlencoded (axios: URLSearchParams or qs).",
            ),
            Cause(
                "JSON is wanted.",
                "It is your own server.",
                "Set OAUTH2_BACKEND_CLASS to oauth2_provider.oauth2_backends.JSONOAuthLibCore.",
            ),
            Cause("The application has another grant type.", "The body is a form.", "Set the application's grant type."),
        ),
        source="https://github.com/django-oauth/django-oauth-toolkit/issues/1624",
        confidence="documented",
    ),
    KnownError(
        id="oidc-provider-redirect-uri",
        text=(("redirect_uri did not match", "redirect_uri did not match any"),),
        title="`redirect_uri` isn't one of the client's registered redirect_uris",
        why="node oidc-provider and Logto compare the strings exactly.",
        causes=(
            Cause(
                "The URI isn't registered, or differs by a slash, port or scheme.",
                "Compare redirect_uri in the address bar with the registration.",
                "Add exactly this URI to redirect_uris; a machine-to-machine app has none, so register a web app.",
            ),
        ),
        source="https://github.com/logto-io/logto/issues/3815",
        confidence="documented",
    ),
    KnownError(
        id="oidc-provider-form",
        text=(
            (
                "only application/x-www-form-urlencoded",
                "must be application/x-www-form-urlencoded",
                "expected application/x-www-form-urlencoded",
                "unsupported content type",
                "content-type must be application/x-www-form-urlencoded",
            ),
        ),
        without=("fhir+json",),
        title="Content-Type: the token endpoint accepts only a form, not JSON",
        why="RFC 6749 demands application/x-www-form-urlencoded.",
        causes=(
            Cause(
                "The client sends JSON.",
                "Content-Type is application/json, or the body begins with {.",
                "Send the parameters as application/x-www-form-urlencoded (URLSearchParams, --data-urlencode).",
            ),
        ),
        source="https://github.com/panva/node-oidc-provider/issues/589",
        confidence="documented",
    ),
    KnownError(
        id="oidc-provider-grant",
        text=(
            (
                "grant type is restricted",
                "requested grant type is",
                "grant type is unauthorized for this client",
                "does not have permission to use the requested grant",
                "not authorized to use the requested grant",
                "not authorized to use grant",
                "grant type is not allowed for this client",
                "unauthorized grant",
                "requested authorization grant",
            ),
            ("client", "grant"),
        ),
        title="The grant type isn't allowed for this client",
        why="The registration's grant_types lists what the client may use; without it only authorization_code is allowed.",
        causes=(
            Cause(
                "The grant isn't in grant_types.",
                "Look at the registration; the member is grant_types, not grant_type.",
                "Add the grant type to grant_types of the client.",
            ),
            Cause("Another client's id is used.", "Compare client_id.", "Use the client that is registered for this grant."),
        ),
        source="https://github.com/panva/openid-client/issues/106",
        confidence="documented",
    ),
    KnownError(
        id="wso2-client-not-found",
        text=(("valid oauth client could not be found", "client credentials are invalid"),),
        title="The client_id isn't registered at this server, or the client secret is wrong",
        why="WSO2 looks up the consumer key in the tenant of the address.",
        causes=(
            Cause(
                "The consumer key belongs to another environment or was deleted.",
                "Compare it with Production Keys or Sandbox Keys of the application.",
                "Copy consumer key and secret again from the keys page that belongs to this token endpoint.",
            ),
            Cause(
                "The Basic header is wrong: base64 of something else, or with a line break.",
                "Decode it: it has to be client_id:client_secret.",
                "Send Authorization: Basic base64(client_id:client_secret).",
            ),
        ),
        where="WSO2 Developer Portal > Applications > Production Keys",
        source="https://github.com/wso2/product-is/issues/22336",
        confidence="documented",
    ),
    KnownError(
        id="wso2-gateway",
        text=(
            (
                "900901",
                "900902",
                "900900",
                "900908",
                "900910",
                "unclassified authentication failure",
                "missing credentials</",
                "access failure for api",
            ),
        ),
        title=(
            "The gateway refused the token: missing, invalid or expired, not subscribed, or the key manager doesn't know its "
            "issuer"
        ),
        why=(
            "900902 is a missing header, 900901 an invalid token, 900908 a missing subscription, 900910 a missing scope, and "
            "900900 a failure while checking."
        ),
        causes=(
            Cause(
                "The token has expired, or comes from another environment (900901).",
                "Compare its exp and issuer.",
                "Get a new access token from this environment.",
            ),
            Cause("The header is missing (900902).", "Look at the request.", "Send Authorization: Bearer TOKEN."),
            Cause(
                "The application isn't subscribed to the API, or lacks the scope.",
                "The code is 900908 or 900910.",
                "Subscribe the application, or request the scope.",
            ),
            Cause(
                "The key manager of the issuer can't be reached or read its JWKS (900900).",
                "The gateway's log names it.",
                "Correct issuer and JWKS URL of the key manager.",
            ),
        ),
        source="https://apim.docs.wso2.com/en/latest/troubleshooting/error-handling/",
        confidence="documented",
    ),
    KnownError(
        id="redirect-uri-mismatch",
        text=(
            (
                "redirect_uri_mismatch",
                "mismatching_redirect_uri",
                "mismatching redirect uri",
                "redirection uri provided does not match",
                "redirect uri error",
                "mismatching redirection uri",
                "redirect_uri must match the registered",
                "invalid redirect_uri",
                "invalid redirect uri",
                "redirect_uri is invalid",
                "redirect uri is not valid",
                "redirect_uri is not valid",
                "redirect uri is invalid",
                "unregistered redirect",
                "redirect_uri is not registered",
                "invalid_redirect_uri",
                "redirect uri mismatch",
                "redirect uri does not match",
                "redirect_uri does not match",
            ),
        ),
        without=("aadsts", "/realms/", "login_error", "keycloak"),
        captures=(r"[?&\s\"]redirect_uri=\"?(?P<redirect_uri>[^\s&\",]+)",),
        title="`redirect_uri` isn't the registered callback URL: {redirect_uri}",
        why="The server compares the URI of the request with the registered ones, most often character by character.",
        causes=(
            Cause(
                "The URI isn't registered, or differs by http and https, host, port, path or trailing slash.",
                "Compare redirect_uri in the address bar with the registration.",
                "Register exactly the redirect URI that the app sends, or send the registered one.",
            ),
            Cause(
                "The app runs behind a proxy and sends http:// or an internal host.",
                "The address bar shows it.",
                "Set the app's public URL, and trust X-Forwarded-Proto.",
            ),
            Cause(
                "The URI is broken: encoded twice, with a blank, a line break, or a fragment.",
                "Decode it once.",
                "Percent-encode the URI once.",
            ),
            Cause("The token request sends another redirect URI.", "Compare both requests.", "Send the same value in both."),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3",
        confidence="documented",
    ),
    KnownError(
        id="fiware-token-not-authorized",
        text=(
            (
                "user access-token not authorized",
                "user token not authorized",
                "auth-token not found in request header",
                "invalid token: access token is invalid",
            ),
        ),
        title="The PEP proxy refused the access token: expired, of the wrong kind, or the user has no role in the application",
        why="Wilma asks Keyrock whether the token is valid and whether the user's roles permit the request.",
        causes=(
            Cause(
                "The refresh token was sent instead of the access token, or it has expired.",
                "Compare it with access_token of the response.",
                "Send a new access token as X-Auth-Token or Authorization: Bearer.",
            ),
            Cause(
                "The user has no role with a permission for this path in the application.",
                "Look at the application's roles in Keyrock.",
                "Give the user a role with the permission.",
            ),
            Cause(
                "The proxy's app_id or its credentials belong to another application.",
                "Compare its configuration.",
                "Copy the PEP proxy's credentials from this application in Keyrock.",
            ),
        ),
        source="https://github.com/ging/fiware-pep-proxy/issues/9",
        confidence="observed",
    ),
)
