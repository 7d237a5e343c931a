"""Keycloak: the login page, the authorization endpoint, the realm and its addresses, and the adapters."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://www.keycloak.org/docs/latest/server_admin/"
LOGIN = (
    ""
    "https://github.com/keycloak/keycloak/blob/main/services/src/main/java/org/keycloak/protocol/oidc/endpoints/AuthorizationEndpoint.java"
)
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
                "The address bar shows redirect_uri=http%3A, although users open the app by https.",
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
        id="keycloak-https-required",
        text=(("https required", "ssl required", "error=ssl_required"),),
        title="Keycloak refuses plain http from this address: the realm requires HTTPS",
        why=(
            "By default (Require SSL: external) http is accepted only from localhost and private addresses. In Docker the "
            "address that Keycloak sees is often not private."
        ),
        causes=(
            Cause(
                "You open Keycloak by http with a public name or address.",
                "The address bar begins with http:// and isn't localhost.",
                "Open it by https, or put a TLS proxy in front of it and set --proxy-headers=xforwarded.",
            ),
            Cause(
                "It is a development server in Docker.",
                "http://localhost fails too.",
                (
                    "Publish the port as 127.0.0.1:8080:8080, or run kcadm.sh update realms/master -s sslRequired=NONE in the "
                    "container."
                ),
            ),
            Cause(
                "The proxy doesn't say that the client used https.",
                "X-Forwarded-Proto is missing in the request that reaches Keycloak.",
                "Set X-Forwarded-Proto: https in the proxy.",
            ),
        ),
        where="Admin console > Realm settings > General > Require SSL",
        source="https://github.com/keycloak/keycloak/issues/15084",
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
                "Keycloak is opened by http, and the browser drops Secure cookies.",
                "The browser tools show the cookie of the login page as blocked.",
                "Open Keycloak by https; only http://localhost works without it.",
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
        id="keycloak-realm-not-found",
        text=(("realm does not exist", "realm not found", "realm not enabled"),),
        title="The realm in the address doesn't exist",
        why="The name after /realms/ is compared exactly, upper and lower case included.",
        causes=(
            Cause(
                "The realm's name is misspelled.",
                "Open /realms/NAME/.well-known/openid-configuration in a browser.",
                "Copy the realm's name from Realm settings.",
            ),
            Cause(
                "The app points to another Keycloak server, where the realm wasn't imported.",
                "The realm is missing in that server's admin console.",
                "Use the server's address that has the realm.",
            ),
        ),
        where="Admin console > Realm settings",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-path-not-found",
        text=(("resteasy003210", "could not find resource for full path", "unable to find matching target resource method"),),
        title="The address doesn't exist on this Keycloak: the path /auth is most often the reason",
        why=(
            "Since version 17 Keycloak has no /auth in its paths, unless http-relative-path is set. Before, every address "
            "began with /auth."
        ),
        causes=(
            Cause(
                "The app uses /auth/realms/… with a new Keycloak, or leaves it out with an old one.",
                "Open both /realms/NAME/.well-known/openid-configuration and the one with /auth; only one exists.",
                "Take the addresses from the openid-configuration that exists, and set the app's issuer to the issuer in it.",
            ),
            Cause(
                "A path was put together by hand, with // or a missing part.",
                "Compare it with token_endpoint in openid-configuration.",
                "Copy the address from openid-configuration.",
            ),
        ),
        source="https://www.keycloak.org/docs/latest/upgrading/",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-path-404",
        servers=("keycloak",),
        codes=("404",),
        title="404 from Keycloak: the path or the realm doesn't exist",
        why="Since version 17 the paths have no /auth, unless http-relative-path is set.",
        causes=(
            Cause(
                "The app has /auth too much or too little in the path.",
                "Open /realms/NAME/.well-known/openid-configuration with and without /auth.",
                "Set the app's base URL to the one that exists.",
            ),
            Cause(
                "The realm's name is wrong.",
                "The answer says Realm does not exist.",
                "Copy the realm's name, upper and lower case included.",
            ),
        ),
        source="https://www.keycloak.org/docs/latest/upgrading/",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-cors",
        servers=("keycloak",),
        text=(
            ("access-control-allow-origin", "cors policy", "cross-origin request blocked", "cross-origin", "cors error"),
            ("openid-connect/", "login-status-iframe", "keycloak", "/realms/"),
        ),
        without=("redirected from", "openid-connect/auth?"),
        title="CORS: the app's origin isn't in the Web origins of the client",
        why=(
            "Keycloak sends Access-Control-Allow-Origin only to origins that are registered for the client. If the request "
            "fails early, for example because the client is unknown, it sends none at all and the browser hides the real "
            "error."
        ),
        causes=(
            Cause(
                "The origin isn't registered.",
                "Web origins of the client is empty or has a path, a slash or another port.",
                (
                    "Add the origin of the page, for example http://localhost:4200, without path and trailing slash to Web "
                    "origins; + allows those of the redirect URIs."
                ),
            ),
            Cause(
                "The client can't be identified, so that Keycloak has no list to look at.",
                "The same request by curl gives 400 or 401.",
                "Repeat the request with curl and fix that error first.",
            ),
            Cause(
                "The client is confidential and the page sends no secret.",
                "Client authentication is on.",
                "Turn off Client authentication for a browser app.",
            ),
        ),
        where=f"{CLIENT} > Settings > Access settings > Web origins",
        source="https://github.com/mauriciovigolo/keycloak-angular/issues/91",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-identity-provider-login",
        text=(
            (
                "unexpected error when authenticating with identity provider",
                "identity_provider_login_failure",
                "invalid_federated_identity_action",
            ),
        ),
        title="The login at the external identity provider behind Keycloak failed",
        why="Keycloak is the client of that provider. The real error is in Keycloak's server log.",
        causes=(
            Cause(
                "The provider refused Keycloak's client secret or redirect URI.",
                "The server log shows the provider's answer.",
                (
                    "Register Keycloak's address /realms/NAME/broker/ALIAS/endpoint at the provider, and copy the client "
                    "secret again."
                ),
            ),
            Cause(
                "Keycloak can't reach the provider, or doesn't trust its certificate.",
                "The log shows PKIX or a timeout.",
                "Add the certificate to Keycloak's truststore, or open the connection.",
            ),
        ),
        where="Admin console > Identity providers",
        source=DOCS,
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
    KnownError(
        id="keycloak-3p-cookies",
        text=(("timeout when waiting for 3rd party check iframe", "3rd party check iframe", "login-status-iframe"),),
        without=("access-control-allow-origin",),
        title="keycloak-js can't use its iframe: third-party cookies are blocked, or a CSP forbids the frame",
        why=(
            "keycloak-js checks the session in an iframe of Keycloak's host. Browsers block cookies there if the app is on "
            "another site."
        ),
        causes=(
            Cause(
                "The browser blocks third-party cookies.",
                "It works if both hosts are on the same site.",
                "Call init with checkLoginIframe: false, and serve app and Keycloak below the same domain.",
            ),
            Cause(
                "frame-ancestors of the realm doesn't allow the app.",
                "The console shows a CSP message.",
                "Add the app's origin in Realm settings > Security defenses > Content-Security-Policy.",
            ),
        ),
        source="https://www.keycloak.org/securing-apps/javascript-adapter",
        confidence="documented",
    ),
)
