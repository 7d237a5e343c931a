"""Keycloak: addresses, realms, CORS, cookies of frames, and identity providers behind it."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://www.keycloak.org/docs/latest/server_admin/"
CLIENT = "Admin console > realm > Clients > the client"

ERRORS = (
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
                "You open Keycloak over http with a public name or address.",
                "The address bar begins with http:// and isn't localhost.",
                "Open it over https, or put a TLS proxy in front of it and set --proxy-headers=xforwarded.",
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
                "The path has a /auth that it shouldn't have, or has no /auth although it needs one.",
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
        id="keycloak-3p-cookies",
        text=(("timeout when waiting for 3rd party check iframe", "3rd party check iframe"),),
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
