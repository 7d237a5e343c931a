"""Login plugins of web applications (WordPress, Moodle, Home Assistant and others), and apps that hide the reason."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

WORDPRESS = "https://github.com/oidc-wp/openid-connect-generic/issues/"

ERRORS = (
    KnownError(
        id="plugin-github-not-oidc",
        text=(
            ("github.com/login/oauth", "github as an idp", "github as idp", "idp type : github"),
            ("invalid-token", "invalid token", "id_token", "openid", "oidc"),
            ("invalid", "missing", "error", "fail"),
        ),
        without=("passport", "omniauth"),
        title=("GitHub's login for users isn't OpenID Connect: its token response has no id_token, so an OpenID plugin fails"),
        why="GitHub OAuth apps return only an opaque access token. User data come from https://api.github.com/user.",
        causes=(
            Cause(
                "The plugin expects an ID token that GitHub doesn't issue.",
                "The token response has access_token, scope and token_type only.",
                "Use a plugin with GitHub support (OAuth 2.0), or a server in between such as Keycloak, Dex or Auth0.",
            ),
            Cause(
                "The token response isn't JSON.",
                "It is a form: access_token=…&scope=….",
                "Send the Accept header application/json to the token endpoint.",
            ),
        ),
        source=WORDPRESS + "657",
        confidence="documented",
    ),
    KnownError(
        id="wordpress-oidc-token-response",
        text=(("invalid token response", "invalid-token-response"),),
        title=(
            "The token response has no id_token, so the plugin can't log in the user: most often the scope openid is missing"
        ),
        why=(
            "OpenID Connect servers issue an ID token only if openid is requested. Without it they answer as plain OAuth 2.0."
        ),
        causes=(
            Cause(
                "openid isn't in the scope.",
                "Look at scope in the authorization URL.",
                "Add openid to the plugin's scopes, such as openid profile email.",
            ),
            Cause(
                "The token endpoint answered with an error or with HTML.",
                "The plugin's log shows the response.",
                "Correct what error names: secret, redirect URI or endpoint.",
            ),
            Cause(
                "The server isn't an OpenID Connect provider.",
                "It has no .well-known/openid-configuration.",
                "Use a plugin for plain OAuth 2.0.",
            ),
        ),
        source=WORDPRESS + "92",
        confidence="observed",
    ),
    KnownError(
        id="wordpress-oidc-request-failed",
        text=(
            (
                "request for authentication token failed",
                "request_authentication_token",
                "request for userinfo failed",
                "request_userinfo",
                "request for refresh token failed",
            ),
        ),
        title="The plugin's own request to the token or user info endpoint failed before there was an answer",
        why=(
            "WordPress itself calls these endpoints. http_request_failed gives the reason: a wrong URL, DNS, TLS or "
            "a blocked host."
        ),
        causes=(
            Cause(
                "The endpoint URL in the settings is wrong.",
                "Compare it with token_endpoint of the discovery document.",
                "Copy token_endpoint and userinfo_endpoint from the discovery document.",
            ),
            Cause(
                "The server doesn't reach the host, or doesn't trust its certificate.",
                "curl on the web server fails.",
                "Correct DNS, firewall or certificate; for an internal host, allow internal requests in the settings.",
            ),
        ),
        source=WORDPRESS + "33",
        confidence="observed",
    ),
    KnownError(
        id="moodle-oidc",
        text=(
            (
                "process_json_response",
                "errorauthgeneral",
                "auth/oidc/classes",
                "auth_oidc",
                "moodle_exception",
                "curlsecurityblocked",
                "the url is blocked",
            ),
            ("moodle", "oidc", "auth", "token"),
        ),
        without=("data_schema",),
        title="Moodle's OpenID plugin got no usable token response, or doesn't know the state of the callback",
        why=(
            "Moodle calls the token endpoint with its own curl, which blocks local and private hosts, and it stores "
            "state for a short time."
        ),
        causes=(
            Cause(
                "Moodle blocks the host of the token endpoint: The URL is blocked.",
                "The host is localhost or private.",
                "Allow it under Site administration → Security → HTTP security (cURL blocked hosts and allowed ports).",
            ),
            Cause(
                "The token endpoint refused the request: client secret, redirect URI or client authentication.",
                "Switch on debugging in the plugin: it logs the response.",
                "Correct what error in the response names; register MOODLE/auth/oidc/ with the slash.",
            ),
            Cause(
                "state isn't known: the login took too long, or was started twice.",
                "A new login works.",
                "Start the login again at Moodle's login page.",
            ),
        ),
        source="https://docs.moodle.org/en/OpenID_Connect_Authentication",
        confidence="inferred",
    ),
    KnownError(
        id="home-assistant-oidc-code",
        text=(("invalid_auth",), ("data_schema", "flow_id", "auth_oidc")),
        title="Home Assistant asks for a code: the one from the OpenID login page, not a user name",
        why=(
            "The integration can't change Home Assistant's login form. The login starts at /auth/oidc/welcome and "
            "shows a code at the end."
        ),
        causes=(
            Cause(
                "Something else than that code was entered, or the code has expired.",
                "The login wasn't started at /auth/oidc/welcome.",
                "Open /auth/oidc/welcome, log in at the provider, and enter the new code it shows.",
            ),
        ),
        source="https://github.com/christiaangoossens/hass-oidc-auth/issues/15",
        confidence="observed",
    ),
    KnownError(
        id="general-login-button-missing",
        is_general=True,
        text=(
            ("button", "login option", "sign-in option"),
            (
                "does not appear",
                "doesn't appear",
                "not appear",
                "is not shown",
                "isn't shown",
                "not showing",
                "doesn't show",
                "does not show",
                "is missing",
                "not visible",
                "not displayed",
            ),
            ("oidc", "oauth", "openid", "sso"),
        ),
        title="The app doesn't offer the login, so its OpenID settings aren't read, are incomplete, or aren't switched on",
        why=(
            "Apps show the button only if all required settings are there at the start. A misspelled variable is "
            "ignored silently."
        ),
        causes=(
            Cause(
                "A setting is misspelled, for another version, or given to another container.",
                "Print the environment inside the container; compare each name with the version's documentation.",
                "Correct the names of the variables, and restart the app (recreate the container).",
            ),
            Cause(
                "A required setting is missing, or discovery fails at the start.",
                "The log at level DEBUG right after the start.",
                "Set issuer, client_id, client_secret and redirect URL, and make the issuer reachable from the app.",
            ),
        ),
        source="https://github.com/ciur/papermerge/issues/662",
        confidence="inferred",
    ),
    KnownError(
        id="smart-current-user",
        is_general=True,
        text=(
            (
                "current logged in",
                "currently logged in",
                "logged in practitioner",
                "logged in user",
                "logged-in user",
                "logged-in practitioner",
                "current practitioner",
                "current user",
                "which practitioner",
                "who is logged in",
                "user is not available",
                "practitioner information",
                "practitioner id",
            ),
            ("practitioner", "fhir", "smart"),
            ("how ", "not ", "n't", "missing", "null", "undefined", "error"),
        ),
        title=("fhirUser: the user who is logged in is named by the claim fhirUser of the ID token, not by the token response"),
        why=(
            "The token response has patient and encounter. The user comes with the scopes openid and fhirUser, in "
            "older servers profile."
        ),
        causes=(
            Cause(
                "openid and fhirUser aren't requested or granted.",
                "scope of the token response lacks them, or there is no id_token.",
                "Request openid fhirUser, decode the ID token, and read the resource that fhirUser names.",
            ),
            Cause(
                "An older library or server has the claim profile instead.",
                "The ID token has profile and no fhirUser.",
                "Read profile as a fallback, or update the library (client.user.read() in fhirclient).",
            ),
            Cause(
                "The app may not read Practitioner.",
                "The request for it gives 403.",
                "Request user/Practitioner.read as well.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data",
        confidence="documented",
    ),
    KnownError(
        id="general-login-failed",
        is_general=True,
        text=(
            (
                "failed to finish oauth",
                "failed to complete oauth",
                "failed to complete login",
                "problem logging you in",
                "openid login failed",
                "oidc login failed",
                "oauth login failed",
                "sso login failed",
                "login with oauth failed",
                "login with oidc failed",
                "error in openid connect",
                "error in oauth",
                "oauth callback failed",
                "oauth callback error",
                "oidc callback failed",
                "oidc callback error",
                "error in callback",
                "oidc authentication failed",
                "oauth authentication failed",
                "oauth authentication error",
                "sso authentication failed",
                "error login through provider",
                "login through provider",
                "external login failed",
                "error while logging in with",
            ),
        ),
        title=("The app's callback failed after the login at the server; the page hides the reason, which is in the app's log"),
        why=(
            "At the callback the app checks state, redeems the code by a token request, checks the ID token, and "
            "looks up the "
            "user. Any of these can fail."
        ),
        causes=(
            Cause(
                "The token request is refused: client secret, its method, or redirect_uri.",
                "The app's log at debug level, or the server's, shows invalid_client or invalid_grant.",
                "Set the current secret and the redirect URI exactly as registered.",
            ),
            Cause(
                "state or its cookie is missing.",
                "The callback request has no cookie; a new login works.",
                "Use one https host, and trust the proxy.",
            ),
            Cause(
                "The app doesn't reach the server: DNS in the container, certificate, firewall.",
                "curl inside the container fails.",
                "Correct the network or the trusted certificates.",
            ),
            Cause(
                "The ID token or user isn't accepted: issuer, audience, missing e-mail.",
                "The log names the claim.",
                "Correct the issuer, or add the claim.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowSteps",
        confidence="inferred",
    ),
)
