"""Silent logins in a hidden iframe that can't work or are set up incompletely."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

KEYCLOAK_JS = "https://www.keycloak.org/securing-apps/javascript-adapter"
SILENT = (
    "check-sso",
    "checksso",
    "silentchecksso",
    "prompt=none",
    "silent sso",
    "silent login",
    "silent renew",
    "hidden iframe",
)

ERRORS = (
    KnownError(
        id="silent-login-cookie-blocked",
        is_evident=True,
        text=(
            SILENT,
            (
                "third-party cookie",
                "third party cookie",
                "different domain",
                "another domain",
                "cross-site",
                "another subdomain",
                "login_required",
                "incognito",
                "safari",
                "firefox",
            ),
            (
                "redirect loop",
                "never settles",
                "never resolves",
                "hangs",
                "loop",
                "stays blank",
                "timeout",
                "timed out",
                "although they have a valid session",
                "although the user is logged in",
                "even though the user is logged in",
            ),
        ),
        title="Silent login: the browser doesn't send the authorization server's cookie in the iframe, so it finds no session",
        why="In an iframe of another site the cookie is a third-party cookie. Safari, Firefox and private windows block it, and"
        " the server answers `login_required` or nothing.",
        causes=(
            Cause(
                "The app and the authorization server are on different sites, and the browser blocks third-party cookies.",
                "The request in the iframe has no Cookie header; it works if they are allowed.",
                "Use a full redirect (onLoad: 'login-required') or refresh tokens instead of the iframe, or serve both under"
                " one domain.",
            ),
            Cause(
                "The app treats `login_required` as a failed login and logs out or starts again.",
                "A request to the logout endpoint follows.",
                "Show a login button if the silent login fails.",
            ),
        ),
        source=KEYCLOAK_JS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-silent-fallback",
        is_evident=True,
        text=(
            ("silentchecksso", "check-sso", "checksso"),
            ("invalid parameter: redirect_uri", "invalid redirect_uri", "invalid redirect uri"),
            ("incognito", "third-party", "third party", "private window", "private mode"),
        ),
        title="`redirect_uri`: without third-party cookies keycloak-js redirects with the address of the page, which isn't"
        " registered",
        why="If the iframe can't work, keycloak-js falls back to a redirect of the whole page, and sends location.href with its"
        " query as `redirect_uri`.",
        causes=(
            Cause(
                "The page's address has a query or path that Valid redirect URIs doesn't cover.",
                "`redirect_uri` in Keycloak's address is the page with its query.",
                "Set silentCheckSsoFallback: false, or pass a fixed redirectUri to init().",
            ),
            Cause(
                "Valid redirect URIs is too narrow for the app.",
                "The fixed address is missing there too.",
                "Add the app's address to Valid redirect URIs.",
            ),
        ),
        source=KEYCLOAK_JS,
        confidence="documented",
    ),
    KnownError(
        id="silent-page-not-found",
        is_evident=True,
        text=(
            ("silent-check-sso.html", "check-sso.html", "silent-refresh.html", "silent-renew.html", "silentrenew.html"),
            ("404", "not found", "cannot get"),
        ),
        title="The page for the silent login doesn't exist at its address (404)",
        why="The library loads this page in a hidden iframe after the redirect. It has to be a static file of the app.",
        causes=(
            Cause(
                "The file isn't in the folder that the app serves as static files.",
                "Open its address in the browser.",
                "Put the file into the public folder (public/ in Next.js, Vite and React, assets in Angular).",
            ),
            Cause(
                "The app is served under a path, or a router answers every address.",
                "The address lacks the base path.",
                "Include the base path in the address, and exclude the file from the router.",
            ),
        ),
        source=KEYCLOAK_JS,
        confidence="documented",
    ),
    KnownError(
        id="nonce-required-for-implicit",
        text=(('the "nonce" parameter is required', "nonce parameter is required", "nonce is required", "missing nonce"),),
        without=("idx21323", "dpop"),
        title="nonce is missing: the server requires it if an ID token comes with the redirect",
        why="With `response_type` id_token or token the server returns the ID token in the URL. The nonce ties it to this login"
        " (OpenID Connect 3.2.2.1).",
        causes=(
            Cause(
                "The library sends no nonce because OpenID Connect is switched off, such as oidc = false in"
                " angular-oauth2-oidc.",
                "The authorization URL has no nonce.",
                "Set oidc = true, or send a random nonce and compare it with the ID token.",
            ),
            Cause(
                "The app uses the implicit flow.",
                "`response_type` is id_token or token.",
                "Send `response_type=code` with PKCE, which needs no nonce.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#ImplicitAuthRequest",
        confidence="documented",
    ),
)
