"""NextAuth, Spring Security's client, openid-client and others: errors of configuration and of the call order."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="spring-login-invalid-credentials",
        text=(("login with oauth 2.0",), ("invalid credentials",)),
        title="Spring's login page says 'Invalid credentials' because the OAuth login failed; the log at DEBUG has the reason",
        why="Spring shows this text for every failed OAuth login. The most frequent reasons are a lost session"
        " (authorization_request_not_found) and a refused token request.",
        causes=(
            Cause(
                "The session is lost between localhost and 127.0.0.1, or by two apps with the same JSESSIONID cookie.",
                "The log says authorization_request_not_found; the first URL and the redirect URI have different hosts.",
                "Open the client as http://127.0.0.1:port and the server as http://localhost, as in the redirect URI, and"
                " rename"
                " one session cookie.",
            ),
            Cause(
                "The token request is refused.",
                "The log says invalid_token_response or invalid_client.",
                "Compare client-secret and client-authentication-method with the registration.",
            ),
            Cause(
                "openid isn't in the scope, or the user info can't be read.",
                "The log says invalid_user_info_response.",
                "Add openid to the scope, or configure user-info-uri and user-name-attribute.",
            ),
        ),
        source="https://github.com/spring-projects/spring-security/issues/18063",
        confidence="observed",
    ),
    KnownError(
        id="spring-client-registration",
        text=(
            (
                "invalid client registration with id",
                "client registration not found",
                "could not find clientregistration with id",
                "invalid authorization grant type",
                "clientregistration with id",
                "clientauthorizationrequiredexception",
                "client_authorization_required",
            ),
        ),
        captures=(r"id:? '?(?P<client_id>[\w-]+)'?",),
        title="Spring finds no usable client registration, or no authorized client, for the name that was used",
        why="The name in the URL /oauth2/authorization/{name} or in the code must be a key below"
        " spring.security.oauth2.client.registration, and the user must have authorized it.",
        causes=(
            Cause(
                "The registration's name differs, or its properties weren't loaded (profile, indentation).",
                "The message names the id; compare it with application.yml.",
                "Use the same id in both places.",
            ),
            Cause(
                "A background job uses a registration that needs a user.",
                "The exception is ClientAuthorizationRequiredException.",
                "Use authorization-grant-type: client_credentials with AuthorizedClientServiceOAuth2AuthorizedClientManager.",
            ),
        ),
        source="https://docs.spring.io/spring-security/reference/servlet/oauth2/client/core.html",
        confidence="documented",
    ),
    KnownError(
        id="openid-client-secret-missing",
        text=(
            (
                "authentication method requires a client_secret",
                "requires a clientid option",
                "client_id is required",
                "clientid is required",
                "oauth2strategy requires",
                "missing required parameter: client_secret",
                "client_secret must be",
                "missing client_id",
                "client id is required",
            ),
        ),
        without=("authorization header for confidential apps",),
        title="client_id or client_secret is undefined in the app's configuration",
        why="The library checks its options before any request. Mostly an environment variable isn't set or has another name.",
        causes=(
            Cause(
                "The environment variable is missing in this process or build.",
                "Print whether it is set (not its value).",
                "Set the variable and restart; in browsers, use the prefix that the build tool requires (VITE_, NEXT_PUBLIC_).",
            ),
            Cause(
                "The app is a public client and has no secret.",
                "The registration shows no secret.",
                "Set token_endpoint_auth_method to none.",
            ),
        ),
        source="https://github.com/panva/openid-client",
        confidence="inferred",
    ),
    KnownError(
        id="oidc-client-settings-mismatch",
        text=(
            (
                "client_id mismatch on settings",
                "authority mismatch on settings vs. signin state",
                "subject from userinfo does not match",
                "sub from user_info does not match",
            ),
        ),
        title="The settings at the callback aren't those of the login",
        why="oidc-client compares client_id and authority of the callback with those that it stored at the login.",
        causes=(
            Cause(
                "Two configurations with different client_id or authority share the callback page.",
                "The message names which of them differs.",
                "Create both UserManagers from the same settings.",
            ),
            Cause(
                "A login of an older version of the app is still in storage.",
                "It works in a private window.",
                "Clear the site's storage.",
            ),
        ),
        source="https://github.com/authts/oidc-client-ts",
        confidence="documented",
    ),
    KnownError(
        id="oidc-client-no-end-session",
        text=(("no end session endpoint", "no end_session_endpoint", "end_session_endpoint must be configured"),),
        title="The server's metadata has no end_session_endpoint, so the library can't log out there",
        why="Logout at the server (RP-initiated logout) is optional in OpenID Connect. Auth0, Cognito and many EHRs don't"
        " announce it.",
        causes=(
            Cause(
                "The server offers no logout of that kind.",
                "The discovery document has no end_session_endpoint.",
                "Remove the user locally (removeUser), and configure metadataSeed.end_session_endpoint if the server has its"
                " own"
                " logout URL.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-rpinitiated-1_0.html",
        confidence="documented",
    ),
    KnownError(
        id="library-endpoint-not-configured",
        text=(
            (
                "must be configured on the issuer",
                "token_endpoint must be",
                "authorization_endpoint must be configured",
                "as.token_endpoint",
                '"as.authorization_endpoint"',
                "unsupported protocol scheme",
                "invalid url, scheme is missing",
                "failed to parse url",
                "only absolute urls are supported",
                "missingschema",
                "no scheme supplied",
                "no connection adapters were found",
            ),
        ),
        title="An endpoint's URL is empty or has no scheme",
        why="The library has no complete URL for the endpoint: it isn't in the metadata, or a variable is empty.",
        causes=(
            Cause(
                "The environment variable or setting with the URL is empty or lacks https://.",
                "Print the URL before the call.",
                "Set the full URL with https://.",
            ),
            Cause(
                "The endpoint isn't in the discovery document.",
                "Open the document and look for the name.",
                "Configure the endpoint by hand from the vendor's documentation.",
            ),
        ),
        source="https://github.com/panva/openid-client",
        confidence="inferred",
    ),
)
