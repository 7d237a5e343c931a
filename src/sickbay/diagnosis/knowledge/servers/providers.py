"""Other providers: Ory Hydra, Authelia, Doorkeeper, node oidc-provider, authentik, WSO2 and FIWARE."""

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
                "The URI isn't registered for this client, or differs in http and https, port or slash.",
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
                "The app sends the secret in the body, and client_secret_basic is registered, or vice versa.",
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
            Cause("The scopes are separated by commas.", "Look at scope.", "Separate them with spaces."),
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
        title="`state` or nonce is too short: the server requires at least 8 characters",
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
        why="RFC 6749 requires application/x-www-form-urlencoded.",
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
    KnownError(
        id="provider-no-signing-key",
        text=(
            (
                "invalid key set format",
                "kid must be provided",
                "kid is missing",
                "kid header is missing",
                "missing kid",
                "no kid",
                "failed to verify and decode id_token",
                "jwks is empty",
                "jwks endpoint did not contain any signing keys",
                "did not contain any keys",
                "no keys found in jwks",
                "token has no kid",
                "does not have a kid",
            ),
            ("key", "kid", "id_token"),
        ),
        without=("idx1", "client_assertion"),
        title=(
            "The ID token has no kid or can't be verified, most often because the provider has no signing key and signs with "
            "HS256"
        ),
        why=(
            "Without a signing key, providers such as authentik publish an empty JWKS and sign with the client secret "
            "(HS256). Most apps accept only RS256 with a key from the JWKS."
        ),
        causes=(
            Cause(
                "No signing key is selected in the provider.",
                "Open jwks_uri: keys is empty; alg in the token's header is HS256.",
                (
                    "Select a signing key (certificate) for RS256 in the provider's settings (authentik: Applications > "
                    "Providers > the provider > Signing Key)."
                ),
            ),
            Cause(
                "The app's issuer or JWKS address belongs to another provider.",
                "Compare iss of the token with the configured issuer.",
                "Copy the issuer from the discovery document.",
            ),
        ),
        source="https://github.com/journiv/journiv-app/issues/96",
        confidence="observed",
    ),
    KnownError(
        id="provider-denied-without-code",
        text=(("error=unauthorized&error_description", "error=unauthorized_user"),),
        title="The server denied the login: a rule, policy or role of the server refuses this user",
        why=(
            "unauthorized isn't an OAuth code of the authorization endpoint; Auth0 Rules and Actions and own servers use it "
            "for users who may not use the app."
        ),
        causes=(
            Cause(
                "A Rule, Action or policy denies the user.",
                "The server's log names it; another user succeeds.",
                "Change the rule, or assign the user the role or permission that it requires.",
            ),
            Cause(
                "The user is blocked or not verified.",
                "Look at the user's state.",
                "Unblock the user, or verify the email address.",
            ),
        ),
        source="https://auth0.com/docs/customize/actions",
        confidence="observed",
    ),
)
