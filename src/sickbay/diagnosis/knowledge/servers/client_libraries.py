"""NextAuth, Spring Security's client, openid-client and others: errors of configuration and of the call order."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="nextauth-secret",
        text=(
            (
                "no_secret",
                "missingsecret",
                "please define a `secret`",
                "must define a `secret`",
                "jwt_session_error",
                "jwedecryptionfailed",
                "decryption operation failed",
                "jwtsessionerror",
                "no matching decryption secret",
            ),
        ),
        title="The secret of NextAuth is missing or has changed, so cookies can't be decrypted",
        why="NEXTAUTH_SECRET (AUTH_SECRET) encrypts the session and login cookies. Cookies of another secret can't be read.",
        causes=(
            Cause(
                "NEXTAUTH_SECRET isn't set in this environment.",
                "The log has NO_SECRET or MissingSecret.",
                "Set NEXTAUTH_SECRET (AUTH_SECRET) to a fixed random value, for example from openssl rand -base64 32.",
            ),
            Cause(
                "The browser still has a cookie of another secret or of another app on localhost.",
                "It works in a private window.",
                "Delete the app's cookies, and use the same secret in all instances.",
            ),
        ),
        source="https://next-auth.js.org/errors",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-untrusted-host",
        text=(("untrustedhost", "host must be trusted"),),
        title="Auth.js doesn't trust the host name of the request",
        why="Behind a proxy or outside Vercel, Auth.js takes the host from headers only if it is told to.",
        causes=(
            Cause(
                "AUTH_TRUST_HOST isn't set.",
                "The log has UntrustedHost with the URL.",
                "Set AUTH_TRUST_HOST=true (or trustHost: true), and AUTH_URL to the public address.",
            ),
        ),
        source="https://errors.authjs.dev#untrustedhost",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-sign-in-error",
        text=(("signin_oauth_error", "error=oauthsignin", "signinoautherror"),),
        title="NextAuth couldn't build the authorize URL: the provider's metadata can't be read",
        why="At sign-in, NextAuth fetches wellKnown of the provider. The error text after SIGNIN_OAUTH_ERROR has the reason.",
        causes=(
            Cause(
                "The wellKnown or issuer address is wrong: 404 or a page.",
                "The message says 'expected 200 OK, got: 404' or 'Unexpected token <'.",
                "Correct wellKnown so that it returns JSON in the browser.",
            ),
            Cause(
                "The server can't reach it: timeout, ECONNREFUSED in a container, or an untrusted certificate.",
                "The message says so; curl from the container fails.",
                "Use an address that the container reaches; raise httpOptions.timeout to 10000.",
            ),
            Cause(
                "An environment variable of the provider is missing.",
                "client_id is required or undefined in the message.",
                "Set clientId, clientSecret and issuer.",
            ),
        ),
        source="https://next-auth.js.org/errors",
        confidence="documented",
    ),
    KnownError(
        id="nextauth-callback-error",
        text=(("oauth_callback_error", "error=oauthcallback", "error=callback", "callbackrouteerror", "oauthcallbackerror"),),
        title="NextAuth got an error at the callback: the token request failed or the ID token was refused",
        why="The text after OAUTH_CALLBACK_ERROR has the reason. Without it, the provider most often refused the code or the"
        " client.",
        causes=(
            Cause(
                "invalid_client: the clientSecret is wrong, or the server wants another authentication method.",
                "The message has invalid_client or 401.",
                "Compare clientSecret, and set client: { token_endpoint_auth_method: 'client_secret_post' } if it is"
                " registered so.",
            ),
            Cause(
                "The ID token is signed with another algorithm or has another issuer.",
                "The message says 'unexpected JWT alg' or 'unexpected iss'.",
                "Set client: { id_token_signed_response_alg } and issuer as the server has them.",
            ),
            Cause(
                "The cookies of the login are missing.",
                "The message says 'checks.state argument is missing' or 'State cookie was missing'.",
                "Open the app at the host of NEXTAUTH_URL, and use https in both or in none.",
            ),
        ),
        source="https://next-auth.js.org/errors",
        confidence="documented",
    ),
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
        id="library-code-exchanged-twice",
        text=(
            (
                "strictmode",
                "strict mode",
                "useeffect",
                "called twice",
                "runs twice",
                "executed twice",
                "twice",
                "two requests",
                "second request",
                "double request",
                "two times",
                "fires twice",
            ),
            ("code", "callback", "token request", "/token", "exchange"),
            (
                "invalid_grant",
                "code not valid",
                "code is invalid",
                "code invalid",
                "already used",
                "already been used",
                "expired",
                "already granted",
                "used already",
                "fails",
            ),
        ),
        title="code: the same authorization code is exchanged twice, and the second request gets invalid_grant",
        why="A code is valid once. React's StrictMode runs effects twice while developing, and reloads and prefetching repeat"
        " the"
        " callback.",
        causes=(
            Cause(
                "The effect or callback runs twice.",
                "The Network tab shows two requests to the token endpoint with the same code.",
                "Guard the exchange by a ref or a module variable, or remove code from the URL before the exchange, so that it"
                " runs once.",
            ),
            Cause(
                "Both the library's provider and your code exchange the code.",
                "One of the two requests succeeds.",
                "Leave the exchange to one of them.",
            ),
            Cause(
                "The browser or a proxy repeats or prefetches the callback.",
                "The second request comes without your code running.",
                "Answer the callback with a redirect right after the exchange.",
            ),
        ),
        source="https://github.com/soofstad/react-oauth2-pkce/issues/50",
        confidence="observed",
    ),
    KnownError(
        id="library-json-token-request",
        text=(
            (
                "application/json",
                "json.stringify",
                "json body",
                "as json",
                '"grant_type":',
                '"grant_type"=',
                "{ grant_type",
                "bodyparser.json",
                "addjsonbody",
            ),
            (
                "missing grant",
                "invalid 'content-type'",
                "grant_type is missing",
                "grant_type is required",
                "grant type is missing",
                "unsupported_grant_type",
                "no grant_type",
                "must contain the following parameter: 'grant_type'",
                "missing form parameter: grant_type",
                "unsupported content type",
                "invalid content-type",
                "missing parameter: grant_type",
                "missing required parameter: grant_type",
                "unsupported_media_type",
                "parameter grant_type is missing",
                '"grant_type" missing',
                "required parameter 'grant_type'",
            ),
        ),
        title="grant_type didn't arrive because the token request has a JSON body: the token endpoint reads only a form",
        why="RFC 6749 defines application/x-www-form-urlencoded for the token request. A JSON body is ignored, so that"
        " grant_type"
        " seems to be missing.",
        causes=(
            Cause(
                "The body is JSON, or an object that the HTTP library serialises as JSON.",
                "The request in the Network tab shows Request Payload instead of Form Data.",
                "Send Content-Type: application/x-www-form-urlencoded with a form body: new URLSearchParams({…}), or data= in"
                " Python requests, or --data-urlencode in curl.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3",
        confidence="documented",
    ),
    KnownError(
        id="oauthlib-token-expired",
        text=(("token_expired", "oauth2: token expired and refresh token is not set"),),
        title="The access token has expired, and the library has no refresh token or isn't told to refresh",
        why="The library keeps expires_at and refuses a request after it.",
        causes=(
            Cause(
                "Automatic refresh isn't configured.",
                "The token has a refresh_token.",
                "Pass auto_refresh_url, auto_refresh_kwargs and token_updater to OAuth2Session; in Go, use config.TokenSource.",
            ),
            Cause(
                "The server returned no refresh token.",
                "The stored token has none.",
                "Request offline_access (Google: access_type=offline) and log in again.",
            ),
        ),
        source="https://requests-oauthlib.readthedocs.io/en/latest/oauth2_workflow.html",
        confidence="documented",
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
    KnownError(
        id="library-authorization-header-lost",
        text=(
            (
                "authorization header",
                "authorization' header",
                "bearer header",
                "bearer token",
                "'authorization: bearer'",
                "no bearer token",
            ),
            (
                "stripped",
                "stripping",
                "strip",
                "not passed",
                "removed by",
                "not come through",
                "not coming through",
                "doesn't receive",
                "wont receive",
                "won't receive",
                "not received",
                "not being sent",
                "not forwarded",
                "is lost",
                "header found. either",
                "does not reach",
                "missing on the server",
                "is removed",
                "no bearer token found in request",
            ),
        ),
        title="The Authorization header doesn't reach the server: a proxy, the web server or a redirect removes it",
        why="Apache with CGI or PHP, some gateways, and HTTP clients after a redirect to another host drop Authorization.",
        causes=(
            Cause(
                "Apache or the PHP setup drops the header.",
                "A script that prints all headers on the server doesn't show it.",
                "Set CGIPassAuth On, or RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}].",
            ),
            Cause(
                "nginx or a gateway overwrites it.",
                "Its configuration has proxy_set_header Authorization.",
                "Remove that line, or pass $http_authorization on.",
            ),
            Cause(
                "The request was redirected (http to https, or to another host), and the client dropped the header.",
                "curl -v shows a 301 or 302.",
                "Call the final https URL directly.",
            ),
        ),
        source="https://github.com/bshaffer/oauth2-server-php/issues/602",
        confidence="observed",
    ),
)
