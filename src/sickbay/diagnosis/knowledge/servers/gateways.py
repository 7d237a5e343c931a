"""Gateways and frameworks in front of an API: Envoy, Istio, oauth2-proxy, Django REST framework, Laravel and Spring."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ENVOY = "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter"
PROXY = "https://oauth2-proxy.github.io/oauth2-proxy/"

ERRORS = (
    KnownError(
        id="envoy-jwt-missing",
        text=(("jwt is missing",),),
        title="The request has no token where Envoy or Istio looks for it: the Authorization header with Bearer is missing",
        why="By default the filter reads the Authorization header; another header or a cookie has to be configured.",
        causes=(
            Cause(
                "The header is missing, misspelled or removed on the way.",
                "Log the request at the gateway.",
                "Send Authorization: Bearer ACCESS_TOKEN.",
            ),
            Cause(
                "It is a CORS preflight (OPTIONS), which never has a token.",
                "The method is OPTIONS.",
                "Exclude OPTIONS from the JWT rule, or handle CORS before it.",
            ),
            Cause(
                "The token is in a cookie or another header.",
                "Compare it with fromHeaders of the rule.",
                "Configure the place in the rule.",
            ),
        ),
        source=ENVOY,
        confidence="documented",
    ),
    KnownError(
        id="envoy-rbac",
        text=(("rbac: access denied",),),
        title="Envoy's RBAC or Istio's AuthorizationPolicy denied the request, although the token may be valid",
        why="The policy compares the principal (iss/sub), claims, paths and sources with its rules.",
        causes=(
            Cause(
                "No ALLOW rule matches: requestPrincipals, a claim or the path differ.",
                "Decode the token and compare iss, sub and the claims with the policy.",
                'Correct the AuthorizationPolicy, for example requestPrincipals: ["ISSUER/*"].',
            ),
            Cause(
                "There was no token, and the rule needs a principal.",
                "The request has no Authorization header.",
                "Send the access token.",
            ),
        ),
        source="https://istio.io/latest/docs/reference/config/security/authorization-policy/",
        confidence="documented",
    ),
    KnownError(
        id="oauth2-proxy-email",
        text=(
            ("email in id_token", "email not verified", "email is not verified", "email address is not verified"),
            ("verified",),
        ),
        title="The proxy refuses the user, because email_verified in the ID token is false",
        why="oauth2-proxy accepts only verified email addresses unless told otherwise.",
        causes=(
            Cause(
                "The provider says email_verified: false.",
                "Decode the ID token.",
                (
                    "Verify the user's email in the provider (Keycloak: Users > the user > Email verified), or set "
                    "--insecure-oidc-allow-unverified-email=true."
                ),
            ),
        ),
        source=PROXY,
        confidence="documented",
    ),
    KnownError(
        id="oauth2-proxy-account",
        text=(
            ("permission denied: invalid account", "invalid account", "unauthorized: invalid authentication via oauth2"),
            ("permission denied", "unauthorized"),
        ),
        title="The login succeeded, but the proxy doesn't allow this user: email domain, email list or group doesn't match",
        why="oauth2-proxy checks --email-domain, --authenticated-emails-file and --allowed-group after the login.",
        causes=(
            Cause(
                "The email's domain isn't allowed, or the token has no email.",
                "The proxy's log shows the user; decode the ID token.",
                "Set --email-domain, request the scope email, or allow the user.",
            ),
            Cause(
                "A required group is missing in the token.",
                "groups isn't in the ID token.",
                "Add a groups mapper at the provider and request its scope.",
            ),
        ),
        source=PROXY,
        confidence="documented",
    ),
    KnownError(
        id="drf-no-credentials",
        text=(("authentication credentials were not provided",),),
        title=(
            "The request has no credentials that the API understands: the Authorization header is missing or has another scheme"
        ),
        why=(
            "Django REST framework says this if none of its authentication classes found anything; a wrong token gives "
            "another message."
        ),
        causes=(
            Cause(
                "The header is missing, or its scheme is wrong (Token instead of Bearer).",
                "Log the request.",
                "Send Authorization: Bearer ACCESS_TOKEN.",
            ),
            Cause(
                "The API has no OAuth class.",
                "Look at DEFAULT_AUTHENTICATION_CLASSES.",
                "Add oauth2_provider.contrib.rest_framework.OAuth2Authentication.",
            ),
            Cause("The web server removes the header.", "Apache with mod_wsgi.", "Set WSGIPassAuthorization On."),
        ),
        source="https://www.django-rest-framework.org/api-guide/authentication/",
        confidence="documented",
    ),
    KnownError(
        id="league-denied",
        text=(("resource owner or authorization server denied the request",),),
        title="The API refused the access token: missing, expired, revoked, or signed with another key",
        why="The PHP library league/oauth2-server, as in Laravel Passport, says this with 401; hint names the reason.",
        causes=(
            Cause(
                "The header is missing or isn't Bearer.",
                "hint says Missing Authorization header.",
                "Send Authorization: Bearer ACCESS_TOKEN.",
            ),
            Cause("The token has expired or was revoked.", "hint says so.", "Get a new access token."),
            Cause(
                "The API has other keys than the token endpoint.",
                "hint says Access token could not be verified.",
                "Use the same oauth-public.key on both.",
            ),
            Cause("It isn't a JWT.", "hint says must have two dots.", "Send access_token exactly as received."),
        ),
        source="https://oauth2.thephpleague.com/",
        confidence="documented",
    ),
    KnownError(
        id="league-user-credentials",
        text=(
            (
                "user credentials were incorrect",
                "wrong email or password",
                "invalid_user_password",
                "resource owner credentials are invalid",
                "username/password couple is invalid",
                "invalid_username_or_password",
                "username or password is incorrect",
            ),
        ),
        without=("service not found", "service not enabled"),
        title="The user name or the password is wrong",
        why="The password grant and login APIs give one message for an unknown user and a wrong password.",
        causes=(
            Cause(
                "The password is wrong, or the user doesn't exist in this environment or connection.",
                "Log in with the same user at the server's own page.",
                "Check the user name, and reset the password.",
            ),
            Cause(
                "Special characters weren't percent-encoded in the form.",
                "It works with a simple password.",
                "Send the form with URLSearchParams or --data-urlencode.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.3",
        confidence="documented",
    ),
    KnownError(
        id="refresh-token-refused",
        text=(
            (
                "cannot decrypt the refresh token",
                "the refresh token is invalid",
                "token has been revoked",
                "refresh token is invalid or has",
                "invalid or expired refresh token",
            ),
            ("token",),
        ),
        without=("the refresh token is invalid or expired",),
        title=(
            "The refresh token was refused: used already, revoked, expired, of another client, or encrypted with another key"
        ),
        why="Most servers rotate refresh tokens, so that each works once.",
        causes=(
            Cause(
                "It was used already or has expired.",
                "A refresh succeeded before with it.",
                "Store the newest refresh token, or log in again.",
            ),
            Cause(
                "It was issued to another client, or the server's key has changed (APP_KEY in Laravel).",
                "All tokens fail.",
                "Send the same client_id, and keep the server's keys.",
            ),
        ),
        source="https://oauth2.thephpleague.com/",
        confidence="documented",
    ),
    KnownError(
        id="token-encrypted",
        text=(
            (
                "found 5 parts",
                " jwe ",
                "jwe token",
                "encrypted token",
                "encrypted id token",
                "encrypted jwt",
                "a256gcm",
            ),
            ("expected 3", "unsupported", "not supported", "decrypt", "cannot", "unable", "invalid", "failed", "encrypted"),
        ),
        without=("jwebtoken", "auth0", "token_endpoint", "_values_supported"),
        title="The token is encrypted (JWE, five parts), and the app expects a signed JWT with three parts",
        why="The provider encrypts tokens for this client because an encryption key is set in its registration.",
        causes=(
            Cause(
                "An encryption key or algorithm is set for the client.",
                "The token has four dots, and its header has enc.",
                (
                    "Remove the encryption key from the provider's client settings (authentik: Provider > "
                    "Encryption Key), or "
                    "give the app the key."
                ),
            ),
            Cause(
                "The server encrypts access tokens for itself (Auth0 without audience, OpenIddict).",
                "It is the access token.",
                "Request a token for your API, or switch off the encryption.",
            ),
        ),
        source="https://github.com/dani-garcia/vaultwarden/issues/6230",
        confidence="observed",
    ),
    KnownError(
        id="discovery-not-metadata",
        text=(
            (
                "not a conform authorization server metadata",
                "invalid discovery document",
                "invalid issuer or discovery",
                "discovery failed",
                "failed to discover",
                "could not discover",
                "unable to load openid configuration",
                "openid configuration could not",
                "error fetching openid configuration",
                "oidc discovery failed",
                "unable to fetch openid",
                "expected 200 ok, got: 404 not found",
            ),
        ),
        without=("does not match", "doesn't match"),
        title=(
            "The discovery document couldn't be used: the configured issuer is wrong, or its host can't be "
            "reached from the "
            "app's server"
        ),
        why="The app reads ISSUER/.well-known/openid-configuration; anything else than its JSON fails.",
        causes=(
            Cause(
                "The issuer lacks the path of realm, tenant or application, or has too much.",
                "Open ISSUER/.well-known/openid-configuration in a browser.",
                "Set the issuer to the address whose discovery document exists; Keycloak: https://HOST/realms/NAME.",
            ),
            Cause(
                "The app's server or container can't reach or trust it.",
                "curl from there fails.",
                "Use an address that it reaches, and install the certificate authority.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig",
        confidence="documented",
    ),
    KnownError(
        id="server-log-only",
        text=(
            ("consult the server log", "unknown_error", "check the server logs", "see server logs"),
            ("server log", "unknown_error"),
        ),
        title="The server failed and says nothing more: the reason is only in the server's log",
        why=(
            "Keycloak answers unknown_error for an exception, for example a database or identity provider that failed, a "
            "mapper, or unexpected input."
        ),
        causes=(
            Cause(
                "An exception in the server.",
                "The server's log at the time of the request has a stack trace.",
                "Read the server's log, if needed at debug level, and correct what it names.",
            ),
            Cause(
                "A value of the request triggers it.",
                "A request with curl and the minimum of parameters works.",
                "Compare both requests, for example redirect URI, scope and client authentication.",
            ),
        ),
        source="https://github.com/Timshel/vaultwarden/issues/72",
        confidence="observed",
    ),
    KnownError(
        id="ping-request-denied",
        text=(
            ("request denied: unsupported", "unsupported authentication method", "unsupported client authentication"),
            ("unsupported",),
        ),
        without=("e.g., unknown client", "e.g. unknown client", "due to unknown client", "no client authentication included"),
        title="The client authenticates by another method than it is registered for",
        why="PingOne, WSO2 and others compare the method of the request with the registration.",
        causes=(
            Cause(
                "The app sends the secret in the body, and Basic is registered, or vice versa.",
                "Compare the request with Token Endpoint Authentication Method of the application.",
                (
                    "Set the application's token endpoint authentication method to the one that the app sends: "
                    "client_secret_basic, client_secret_post or none with PKCE."
                ),
            ),
            Cause(
                "No client credentials arrive.",
                "There is neither header nor parameter.",
                "Send Authorization: Basic base64(client_id:client_secret).",
            ),
        ),
        source="https://docs.pingidentity.com/pingone/applications/",
        confidence="documented",
    ),
    KnownError(
        id="logout-redirect",
        text=(
            (
                "post_logout_redirect_uri",
                "loggedout=true",
                "logout does not work",
                "logout doesn't work",
                "logout fails",
                "logout error",
                "error on logout",
                "logout is not working",
                "on logout",
                "after logout",
                "when logging out",
                "post logout redirect",
                "postlogoutredirecturi",
                "logout redirect uri",
                "id_token_hint",
            ),
            ("invalid", "missing", "not valid", "not registered", "must be", "not allowed", "error"),
            ("redirect", "id_token_hint"),
        ),
        title="`post_logout_redirect_uri` isn't registered, or id_token_hint is missing in the logout request",
        why=("Servers redirect after logout only to registered URIs, and need id_token_hint or client_id to know the client."),
        causes=(
            Cause(
                "The URI isn't registered as a logout redirect URI.",
                "Compare it with the client's list, slash included.",
                (
                    "Register exactly this URI as a post logout redirect URI (Keycloak: Valid post logout redirect URIs; "
                    "Okta: Sign-out redirect URIs)."
                ),
            ),
            Cause(
                "The request has no id_token_hint.",
                "Look at the address.",
                "Send id_token_hint with the ID token, or client_id.",
            ),
            Cause(
                "An old parameter is used: redirect_uri with Keycloak 18 and later.",
                "The address has redirect_uri=.",
                "Send post_logout_redirect_uri.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-rpinitiated-1_0.html",
        confidence="documented",
    ),
)
