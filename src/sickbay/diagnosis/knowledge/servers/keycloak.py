"""Keycloak: the login page and the authorization endpoint."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://www.keycloak.org/docs/latest/server_admin/"
LOGIN = "https://github.com/keycloak/keycloak/tree/main/services/src/main/java/org/keycloak/protocol/oidc/endpoints"
KEYCLOAK = (
    "keycloak",
    "spring",
    "passport",
    "nextauth",
    "authlib",
    "requests-oauthlib",
    "appauth",
    "openid-client",
    "oidc-client-ts",
)
"""Keycloak and libraries whose logs have its messages."""
CLIENT = "Admin console > realm > Clients > the client"

ERRORS = (
    KnownError(
        id="keycloak-redirect-uri-not-registered",
        text=(
            (
                "invalid parameter: redirect_uri",
                "error=invalid_redirect_uri",
                'error="invalid_redirect_uri"',
                "invalid redirect uri",
            ),
            ("redirect_uri", "redirect uri"),
        ),
        without=("urn:cerner",),
        captures=(r"[?&\s\"]redirect_uri=\"?(?P<redirect_uri>[^\s&\",]+)",),
        title="`redirect_uri` isn't one of the redirect URIs that are registered for the client: {redirect_uri}",
        why=(
            "Keycloak compares the value with the client's Valid redirect URIs, scheme, host, port and path included. Behind "
            "a proxy an app often builds http:// instead of https://."
        ),
        causes=(
            Cause(
                "The URI that the app sends isn't in the list.",
                "Compare redirect_uri in the browser's address bar with the list, character by character.",
                "Add exactly {redirect_uri} to Valid redirect URIs of this client.",
            ),
            Cause(
                "The app runs behind a proxy and sends http:// or an internal port.",
                "The address bar shows redirect_uri=http%3A, although users open the app over https.",
                "Let the app trust X-Forwarded-Proto and X-Forwarded-Host, so that it sends the public https address.",
            ),
            Cause(
                "The request uses another client or another realm.",
                "client_id and the realm in the path aren't those whose settings you looked at.",
                "Use the client and the realm in which the URI is registered.",
            ),
        ),
        where=f"{CLIENT} > Settings > Valid redirect URIs",
        source="https://github.com/keycloak/keycloak/issues/10528",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-redirect-uri-http",
        servers=("keycloak",),
        text=(
            ("redirect_uri=http%3a%2f%2f", "redirect_uri=http://"),
            ("missing s", "http instead of https", "not https", "set to http", "instead of https"),
        ),
        title="`redirect_uri` begins with http:// although the app is registered with https://",
        why=(
            "The app builds its address from the request that the proxy forwards, and that one is plain http. Keycloak "
            "compares the redirect URI exactly."
        ),
        causes=(
            Cause(
                "The proxy ends TLS and the app doesn't know it.",
                "The app's log shows http requests, the browser shows https.",
                "Set X-Forwarded-Proto in the proxy and make the app trust it, or configure the app's public URL as https.",
            ),
            Cause(
                "Only the http address is registered, or only the https one.",
                "Compare with Valid redirect URIs.",
                "Register the exact https redirect URI.",
            ),
        ),
        where=f"{CLIENT} > Settings > Valid redirect URIs",
        source="https://github.com/zorn-v/nextcloud-social-login/issues/283",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-client-not-found",
        text=(
            ("client not found", "error=client_not_found", 'error="client_not_found"', "client_disabled", "client disabled"),
            ("keycloak", "we are sorry", "login_error", "/realms/"),
        ),
        title="`client_id` names a client that doesn't exist in this realm, or that is disabled",
        why="Keycloak looks up client_id within the realm of the address. A client of another realm is unknown here.",
        causes=(
            Cause(
                "The client_id is misspelled, or it is the client's UUID or name.",
                "The list of clients has a column Client ID; compare it, upper and lower case included.",
                "Copy the Client ID from the list of clients.",
            ),
            Cause(
                "The address names another realm, for example master.",
                "Look at /realms/NAME/ in the address.",
                "Use the realm in which the client was created.",
            ),
            Cause("The client is disabled.", "The switch Enabled on the client's page is off.", "Enable the client."),
        ),
        where="Admin console > realm > Clients",
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-flow-disabled",
        text=(
            (
                "client is not allowed to initiate",
                "flow is disabled for the client",
                "bearer-only applications are not allowed",
            ),
        ),
        title="The flow is not enabled for this client",
        why=(
            "Each client has a switch per flow: Standard flow for response_type=code, Implicit flow for token and id_token, "
            "and the device grant."
        ),
        causes=(
            Cause(
                "Standard flow is off.",
                "The message says Standard flow is disabled.",
                "Enable Standard flow, and send response_type=code.",
            ),
            Cause(
                "The app asks for response_type=token or id_token.",
                "Look at response_type in the request.",
                "Send response_type=code with PKCE instead of enabling the implicit flow.",
            ),
        ),
        where=f"{CLIENT} > Settings > Capability config",
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-pkce-required",
        text=(
            (
                "missing parameter: code_challenge",
                "invalid parameter: code_challenge",
                "code challenge method is not matching",
                "missing parameter: code_challenge_method",
            ),
        ),
        title="`code_challenge` is missing or has another method than the client requires",
        why=(
            "If a method is set for the client, Keycloak refuses requests without a matching code_challenge and "
            "code_challenge_method."
        ),
        causes=(
            Cause(
                "The app doesn't use PKCE.",
                "The authorization request has no code_challenge.",
                "Send code_challenge and code_challenge_method=S256, and the same code_verifier to the token endpoint.",
            ),
            Cause(
                "The app can't do PKCE.",
                "The library has no setting for it.",
                "Clear the PKCE method of a confidential client.",
            ),
        ),
        where=f"{CLIENT} > Advanced > Proof Key for Code Exchange Code Challenge Method",
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-cookie-not-found",
        text=(("cookie not found", "login cookie not found", "cookie_not_found", "error=expired_code", "page has expired"),),
        title="Keycloak's login cookie is missing: the login can't be continued",
        why=(
            "The login page sets AUTH_SESSION_ID and KC_RESTART. The cookie is gone if it was blocked, if it expired, or if "
            "the host changed. Since version 25 these cookies are Secure and need https except on localhost."
        ),
        causes=(
            Cause(
                "Keycloak is opened over http, and the browser drops Secure cookies.",
                "The browser tools show the cookie of the login page as blocked.",
                "Open Keycloak over https; only http://localhost works without it.",
            ),
            Cause(
                "The login page was open for too long, was bookmarked, or another tab finished the login.",
                "It works if you start again from the app.",
                "Start the login again from the app, in the same tab, and raise Login timeout if users need longer.",
            ),
            Cause(
                "The page runs in an iframe, and third-party cookies are blocked.",
                "It works in a top-level window.",
                "Open the login in a top-level window.",
            ),
            Cause(
                "Keycloak is reached by two host names.",
                "The host in the address changes during the login.",
                "Set hostname to the public address and use it everywhere.",
            ),
        ),
        source="https://www.keycloak.org/docs/latest/upgrading/",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-login-password",
        text=(
            (
                "invalid username or password",
                "error=user_not_found",
                "error=invalid_user_credentials",
                'error="user_not_found"',
                'error="invalid_user_credentials"',
            ),
            ("keycloak", "login_error", "/realms/"),
        ),
        title="The user name or the password is wrong, or the user belongs to another realm",
        why="Keycloak gives the same message for both, so that an attacker can't find out which users exist.",
        causes=(
            Cause(
                "The user doesn't exist in the realm of the address.",
                "The server log has error=user_not_found.",
                "Create the user in this realm, or use the right realm.",
            ),
            Cause(
                "The password is wrong, or no password is set.",
                "The log has invalid_user_credentials.",
                "Set a new password with Temporary off.",
            ),
        ),
        where="Admin console > Users > the user > Credentials",
        source=DOCS,
        confidence="documented",
    ),
)
