"""Auth0: authorization and token endpoints, APIs and audiences, and its client libraries."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

APP = "Auth0 Dashboard > Applications > the application > Settings"
API = "Auth0 Dashboard > Applications > APIs > the API"

ERRORS = (
    KnownError(
        id="auth0-callback-mismatch",
        text=(("callback url mismatch", "is not in the list of allowed callback urls", "not in the list of allowed callback"),),
        captures=(r"(?:mismatch\.\s*(?:The url )?[\"']?|redirect_uri=)(?P<redirect_uri>https?(?::|%3A)[^\s&\"']+)",),
        title="`redirect_uri` isn't in the application's Allowed Callback URLs: {redirect_uri}",
        why="Auth0 compares the whole URL, path included: http://localhost:3000 doesn't cover http://localhost:3000/callback.",
        causes=(
            Cause(
                "The URL with this path, port or host isn't in the list.",
                "Read redirect_uri in the address bar, and compare it with the list.",
                "Add exactly {redirect_uri} to Allowed Callback URLs.",
            ),
            Cause(
                "The app runs behind a proxy or in a container and sends http:// or 0.0.0.0.",
                "The address bar shows it.",
                "Set the app's public base URL.",
            ),
            Cause(
                "Another application's client_id is used.",
                "Compare it with the settings page that you changed.",
                "Use the client ID of this application.",
            ),
        ),
        where=f"{APP} > Application URIs > Allowed Callback URLs",
        source="https://github.com/auth0-samples/auth0-nodejs-webapp-sample/issues/80",
        confidence="documented",
    ),
    KnownError(
        id="auth0-grant-not-allowed",
        text=(("grant type",), ("not allowed for the client",)),
        captures=(r"Grant type ['\"](?P<value>[^'\"]+)['\"]",),
        title="The grant type {value} isn't enabled for this application",
        why=(
            "Each application has a list of grant types; client_credentials exists only for Machine to Machine and Regular "
            "Web applications."
        ),
        causes=(
            Cause("The grant isn't ticked.", "Look at Grant Types.", "Enable the grant type for this application."),
            Cause(
                "The wrong application's client ID is used.",
                "A Single Page Application can't use client_credentials.",
                "Create a Machine to Machine application for the backend and use its client ID and secret.",
            ),
        ),
        where=f"{APP} > Advanced Settings > Grant Types",
        source="https://auth0.com/docs/get-started/applications/application-grant-types",
        confidence="documented",
    ),
    KnownError(
        id="auth0-audience-unknown",
        text=(("service not enabled within domain", "service not found"),),
        without=("404 not found",),
        captures=(r"(?:Service not (?:enabled within domain|found):?(?: |%20|\+)*)(?P<audience>[^\s\"&}]+)",),
        title="`audience` isn't the identifier of an API of this Auth0 tenant: {audience}",
        why=(
            "Auth0 looks for an API with exactly this identifier. A trailing slash, http instead of https, or a placeholder "
            "makes it unknown."
        ),
        causes=(
            Cause(
                "The value isn't exactly the API's Identifier.",
                "Compare it with the identifier, trailing slash included.",
                "Send the API's Identifier as audience; it isn't the API's name or its URL.",
            ),
            Cause(
                "No such API exists in this tenant.",
                "Look at the list of APIs.",
                "Create an API with this identifier, and authorize the application for it.",
            ),
            Cause(
                "A variable wasn't filled in, such as {API_AUDIENCE}.",
                "The description shows the braces or undefined.",
                "Set the variable.",
            ),
        ),
        where=f"{API} > Settings > Identifier",
        source="https://support.auth0.com/center/s/article/troubleshooting-the-access-denied-error",
        confidence="documented",
    ),
    KnownError(
        id="auth0-client-grant-missing",
        text=(
            ("client is not authorized to access", "client has not been granted scopes", "client_grant"),
            ("not authorized", "not been granted", 'create a "client-grant"'),
        ),
        title="The application isn't authorized for this API or scope: the client grant is missing",
        why="For client_credentials each application has to be authorized for each API, with the scopes it may request.",
        causes=(
            Cause(
                "The application isn't authorized for the API.",
                "Look at the API's tab Machine to Machine Applications (Application Access).",
                "Authorize the application for the API and select the scopes.",
            ),
            Cause(
                "A requested scope isn't selected.", "The message names it.", "Add the scope to the grant, or request fewer."
            ),
        ),
        where=f"{API} > Machine to Machine Applications",
        source="https://auth0.com/docs/get-started/applications/application-access-to-apis-client-grants",
        confidence="documented",
    ),
    KnownError(
        id="auth0-organization-required",
        text=(
            (
                "parameter organization is required",
                "organization is required",
                "parameter organization is not allowed",
                "client requires organization membership",
            ),
        ),
        title="`organization` is required for this application, or the user isn't a member of the organization",
        why="The application's setting Organizations decides whether users sign in with an organization.",
        causes=(
            Cause(
                "The request has no organization.",
                "Look at the authorization request.",
                "Send organization=org_ID in the authorization request, or set the login flow to Prompt for Organization.",
            ),
            Cause(
                "The user isn't a member, or the connection isn't enabled for it.",
                "Look at the organization's members.",
                "Add the user, or enable the connection for the organization.",
            ),
        ),
        where="Auth0 Dashboard > Applications > the application > Organizations",
        source="https://auth0.com/docs/manage-users/organizations",
        confidence="documented",
    ),
    KnownError(
        id="auth0-consent-required",
        text=(
            ("consent required", "consent_required", "consent can't be skipped on localhost", "consent can not be skipped"),
            ("auth0", "localhost", "getaccesstokensilently", "gettokensilently", "skip", "getssodata"),
        ),
        title="consent_required: the user has to consent first, and Auth0 can't skip the consent on localhost",
        why=(
            "A silent request (prompt=none) can't show a page. First-party applications may skip consent, except if a "
            "callback URL is localhost."
        ),
        causes=(
            Cause(
                "The app runs on localhost.",
                "It works with another host name.",
                (
                    "Call getAccessTokenWithPopup or loginWithRedirect once on consent_required, or develop with a host name "
                    "in the hosts file."
                ),
            ),
            Cause(
                "The API doesn't allow skipping consent.",
                "API > Settings > Allow Skipping User Consent is off.",
                "Allow Skipping User Consent for first-party applications.",
            ),
            Cause(
                "New scopes are requested.", "The first login didn't have them.", "Request all scopes at the interactive login."
            ),
        ),
        where=f"{API} > Settings",
        source="https://github.com/auth0/auth0-react/issues/65",
        confidence="documented",
    ),
    KnownError(
        id="auth0-login-required",
        text=(
            ("login required", "login_required"),
            ("auth0", "gettokensilently", "oauth-authorization", "checksession", "getaccesstokensilently", "silent"),
        ),
        title="login_required: silent authentication found no session; most often the browser blocks third-party cookies",
        why=(
            "A silent request in an iframe needs the session cookie of the Auth0 domain. Safari, Brave and others don't send "
            "it there."
        ),
        causes=(
            Cause(
                "Third-party cookies are blocked.",
                "It works in a browser that allows them, or after a redirect.",
                "Use refresh tokens (useRefreshTokens: true, scope offline_access) or a custom domain on your site.",
            ),
            Cause(
                "The user has no session, or it has expired.",
                "A normal login shows the login page.",
                "Catch login_required and call loginWithRedirect.",
            ),
            Cause(
                "The login uses Auth0's developer keys for a social connection.",
                "The connection has no own client ID.",
                "Set your own client ID and secret for the connection.",
            ),
        ),
        source="https://auth0.com/docs/authenticate/login/configure-silent-authentication",
        confidence="documented",
    ),
    KnownError(
        id="auth0-refresh-missing",
        text=(("missing refresh token",),),
        title="The library has no refresh token: offline_access wasn't granted for this audience",
        why="auth0-spa-js stores a refresh token per audience and scope. Without one it can't renew silently.",
        causes=(
            Cause(
                "offline_access isn't requested, or useRefreshTokens was added after the login.",
                "The token response has no refresh_token.",
                "Request the scope offline_access with useRefreshTokens: true, and log in again.",
            ),
            Cause(
                "The API doesn't allow it.",
                "Allow Offline Access is off.",
                "Enable Allow Offline Access for the API, and the grant Refresh Token for the application.",
            ),
            Cause(
                "Another audience or scope is requested than at the login.",
                "Compare both.",
                "Request the same audience and scope, or set useRefreshTokensFallback: true.",
            ),
        ),
        where=f"{API} > Settings > Allow Offline Access",
        source="https://github.com/auth0/auth0-spa-js/blob/main/FAQ.md",
        confidence="documented",
    ),
    KnownError(
        id="auth0-refresh-unknown",
        text=(("unknown or invalid refresh token", "unknown or invalid refresh"),),
        title="The refresh token has expired, was revoked, or was used already",
        why=(
            "With rotation each refresh token works once; reuse revokes the whole family. Idle and absolute lifetimes end it, "
            "too."
        ),
        causes=(
            Cause(
                "Two tabs or requests used the same token.",
                "The tenant log has ferrt (reused).",
                "Refresh in one place, store the newest refresh token, and set a reuse interval of some seconds.",
            ),
            Cause(
                "The lifetime has ended, or the user was signed out or blocked.",
                "Compare the settings with the age.",
                "Catch the error and log in again.",
            ),
            Cause("Another application's client_id is sent.", "Compare with the login.", "Send the same client_id."),
        ),
        where=f"{APP} > Refresh Token Rotation",
        source="https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation",
        confidence="documented",
    ),
    KnownError(
        id="auth0-opaque-access-token",
        servers=("auth0",),
        text=(
            ("auth0",),
            (
                "opaque",
                "a256gcm",
                "not jwt",
                "not a jwt",
                "isn't a jwt",
                "encrypted",
                "jwe",
                "not in jwt format",
                "invalid jwt",
                "very short",
                "jwt malformed",
            ),
            ("access token", "accesstoken", "access_token", "token"),
        ),
        title="The access token isn't a JWT, because `audience` wasn't sent",
        why=(
            "Without audience Auth0 issues an opaque or encrypted token (alg dir, enc A256GCM) that only its own /userinfo "
            "can read."
        ),
        causes=(
            Cause(
                "The authorization request has no audience.",
                "Look for audience= in the address.",
                "Create an API, and send its Identifier as audience in the authorization request.",
            ),
            Cause(
                "The library drops the parameter.",
                "It is in your code, but not in the address bar.",
                "Pass it in authorizationParams: { audience: … }.",
            ),
        ),
        where=f"{API} > Settings > Identifier",
        source="https://auth0.com/docs/secure/tokens/access-tokens",
        confidence="documented",
    ),
    KnownError(
        id="auth0-unauthorized-exchange",
        servers=("auth0", "openid-client", "passport", "nextauth"),
        text=(
            ("access_denied", "tokenerror"),
            (
                "(unauthorized)",
                "tokenerror: unauthorized",
                'description":"unauthorized"',
                'description": "unauthorized"',
                'description: "unauthorized"',
                "description=unauthorized",
            ),
        ),
        without=("service not", "client is not authorized", "not_authorized"),
        title="access_denied with Unauthorized: most often the client secret is wrong, or a Rule or Action denies the login",
        why=(
            "Auth0 answers a failed client authentication at /oauth/token with access_denied and Unauthorized. Rules and "
            "Actions give the same code with their own text."
        ),
        causes=(
            Cause(
                "The client secret isn't the application's: another variable, such as the cookie secret, is sent.",
                "The tenant log has feacft (failed exchange).",
                "Copy the Client Secret of the application again.",
            ),
            Cause(
                "The application is registered with the method None or Basic, and the library sends the secret in the body.",
                "Look at Credentials > Authentication Method.",
                "Set the authentication method to the one that the library uses.",
            ),
            Cause("A Rule or Action denies the user.", "The log names it.", "Change the Rule or Action."),
        ),
        where="Auth0 Dashboard > Applications > the application > Credentials; Monitoring > Logs",
        source="https://github.com/auth0/express-openid-connect/issues/363",
        confidence="observed",
    ),
    KnownError(
        id="auth0-issuer-slash",
        text=(("jwt issuer invalid", 'unexpected "iss" value', "unexpected iss value", "issuer invalid"),),
        title="iss: the configured issuer differs from the token's; for Auth0 most often the trailing slash is missing",
        why="Auth0's iss is https://DOMAIN/ with a slash at the end, and libraries compare the strings exactly.",
        causes=(
            Cause(
                "The configured issuer has no trailing slash.",
                "Decode the token and compare iss with the setting.",
                "Set the issuer to exactly the iss of the token, for example https://DOMAIN/ with the slash.",
            ),
            Cause(
                "A custom domain is used in one place and the auth0.com domain in the other.",
                "The host names differ.",
                "Use the same domain for login and API.",
            ),
            Cause("The setting is undefined.", "The message says expected: undefined.", "Set the variable."),
        ),
        source="https://github.com/auth0-blog/vuejs2-authentication-tutorial/issues/4",
        confidence="observed",
    ),
)
