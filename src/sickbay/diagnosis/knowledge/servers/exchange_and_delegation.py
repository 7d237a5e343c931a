"""Token exchange, delegation, scopes that aren't authorized, and callbacks that can't be opened."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

EXCHANGE = "https://www.keycloak.org/securing-apps/token-exchange"

ERRORS = (
    KnownError(
        id="token-exchange-type-refused",
        text=(
            (
                "subject_token_type invalid",
                "requested_token_type unsupported",
                "invalid subject_token_type",
                "unsupported subject_token_type",
                "invalid requested_token_type",
                "unsupported requested_token_type",
            ),
        ),
        title="Token exchange: the server doesn't support this subject_token_type or requested_token_type",
        why="Keycloak exchanges only access tokens of its own realm, and returns an access token unless more is enabled.",
        causes=(
            Cause(
                "The type isn't the one for access tokens.",
                "Read subject_token_type and requested_token_type in the request.",
                "Send `urn:ietf:params:oauth:token-type:access_token` as both, or leave requested_token_type out.",
            ),
            Cause(
                "The client may not get this type, such as a refresh token.",
                "Read the client's Capability config.",
                "Enable Standard token exchange and, if needed, Allow refresh token in it.",
            ),
            Cause(
                "The token comes from another identity provider, whose exchange is a separate feature.",
                "Compare iss of the token with the realm.",
                "Use an access token of this realm, or the JWT authorization grant.",
            ),
        ),
        source=EXCHANGE,
        confidence="documented",
    ),
    KnownError(
        id="requested-scope-not-authorized",
        is_evident=True,
        text=(
            (
                "requested scope not authorized",
                "requested scope is not authorized",
                "scope not authorized",
                "requested scopes are not authorized",
                "not authorized for the requested scope",
                "not authorized to request scope",
                "not authorized to request the scope",
            ),
        ),
        title="scope: the app requests a scope that isn't authorized for it at this server",
        why="The scopes of the request are compared with those that were registered for the app and that the practice allowed.",
        causes=(
            Cause(
                "A scope isn't registered for the app.",
                "Compare each scope in the request with the registration.",
                "Register the scope, or remove it from the request.",
            ),
            Cause(
                "The user/, patient/ or system/ kind doesn't fit the launch or the app type.",
                "Request only openid and launch; add the others one by one.",
                "Use the kind that the app was registered for.",
            ),
            Cause(
                "The organization authorized an older version of the app with fewer scopes.",
                "The sandbox accepts the same request.",
                "Ask the administrator to authorize the app again.",
            ),
        ),
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/314",
        confidence="inferred",
    ),
    KnownError(
        id="google-delegation-refused",
        servers=("google",),
        text=(
            ("createdelegated", "setsubject", "with_subject", "delegated", "impersonat", "domain-wide", "domain wide"),
            ("401", "unauthorized", "unauthorized_client", "403", "error getting access token"),
        ),
        title="sub: the service account may not impersonate this user with these scopes (domain-wide delegation)",
        why="Only a Workspace administrator can allow a service account to act for users, and for exactly the listed scopes.",
        causes=(
            Cause(
                "The client ID of the service account isn't listed in the Admin console, or a scope is missing there.",
                "Without the delegation (createDelegated, subject) a token is returned.",
                "Add the numeric client ID and every requested scope under Domain-wide delegation.",
            ),
            Cause(
                "The user isn't in the Workspace: a gmail.com account can't be impersonated.",
                "Look at the domain of the address.",
                "Use OAuth with the user's consent instead of a service account.",
            ),
            Cause(
                "The change isn't active yet.",
                "It was made in the last 24 hours.",
                "Wait up to 24 hours, and try again.",
            ),
        ),
        where="Google Admin console > Security > API controls > Domain-wide delegation",
        source="https://developers.google.com/identity/protocols/oauth2/service-account#delegatingauthority",
        confidence="documented",
    ),
    KnownError(
        id="callback-scheme-not-opened",
        text=(
            (
                "address is invalid",
                "err_unknown_url_scheme",
                "unknown url scheme",
                "no application is registered as handling this file",
                "scheme does not have a registered handler",
                "cannot open the page because the address",
                "no activity found to handle",
            ),
            ("://callback", "redirect", "oauth", "authorize", "login", "scheme"),
        ),
        title="The browser can't open the redirect URI: its custom scheme isn't registered by the app on this device",
        why="After the login the browser opens a redirect URI such as smartapp://callback. Some app must claim its scheme.",
        causes=(
            Cause(
                "The scheme isn't declared in the app.",
                "iOS: CFBundleURLTypes in Info.plist; Android: an intent filter with this scheme.",
                "Register the scheme of the redirect URI in Info.plist or AndroidManifest.xml.",
            ),
            Cause(
                "The authorization URL itself is incomplete: no client_id or no authorize address.",
                "The browser fails before the login page.",
                "Set the client_id, and check the base URL of the server.",
            ),
            Cause(
                "The app was uninstalled, or another build uses another scheme.",
                "Open the address in the device's browser.",
                "Use one scheme in the registration, the settings and the build.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc8252#section-7.1",
        confidence="documented",
    ),
    KnownError(
        id="redirect-uri-without-answer",
        text=(
            ("redirect_uri", "redirect uri", "redirect url", "callback url"),
            (
                "not exactly match",
                "n't exactly match",
                "n't match exactly",
                "not match exactly",
                "not match the registered",
                "n't match the registered",
                "differs from the registered",
            ),
        ),
        title="redirect_uri: it doesn't match the registered callback, so the server shows its own page and doesn't redirect",
        why="A server must not send an answer to an address that isn't registered. So the app never gets the error.",
        causes=(
            Cause(
                "The redirect URI differs in scheme, host, port, path or trailing slash.",
                "Compare both character by character.",
                "Register exactly the redirect URI that the app sends.",
            ),
            Cause(
                "The client_id is unknown or deactivated, which looks the same.",
                "Look for it in the registration.",
                "Send the client_id of this registration.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1",
        confidence="documented",
        is_general=True,
    ),
)
