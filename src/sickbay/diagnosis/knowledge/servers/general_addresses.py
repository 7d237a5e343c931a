"""Redirects to a wrong address, silent renewals that don't run, and forms that a server of one's own doesn't read."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="general-redirect-built-wrong",
        is_general=True,
        text=(
            ("redirect", "callback"),
            (
                "wrong port",
                "wrong host",
                "wrong domain",
                "wrong scheme",
                "wrong protocol",
                "wrong redirect",
                "wrong callback",
                "the port on which",
                "port is missing",
                "missing port",
                "missing the port",
                "without the port",
                "drops the port",
                "loses the port",
                "adds the port",
                "adding the port",
                "port is added",
                "has a port in it",
                "will be with port",
                "substitutes the port",
                "internal port",
                "internal hostname",
                "internal host",
                "internal url",
                "internal address",
                "internal ip",
                "container port",
                "http instead of https",
                "instead of https",
                "always in http",
                "done in http",
                "always http",
                "not https",
                "not in https",
                "rather than https",
                "redirects to http",
                "redirected to http",
                "redirect to http",
                "redirects me to http",
                "redirect uri is http",
                "redirects to localhost",
                "redirected to localhost",
                "redirect to localhost",
                "redirects me to localhost",
                "redirects back to localhost",
                "redirecting to localhost",
                "goes to localhost",
                "points to localhost",
                "to localhost instead",
                "to 0.0.0.0",
                "to 127.0.0.1 instead",
            ),
        ),
        title="redirect_uri is built from the address at which the app sees the request, not from its public address",
        why=(
            "Behind a proxy, ingress or container, the app sees http, an internal host or another port. Unless "
            "it trusts the "
            "proxy's headers or has a configured base URL, it uses these for the redirect."
        ),
        causes=(
            Cause(
                "The proxy doesn't send X-Forwarded-Proto, -Host and -Port, or the app doesn't trust them.",
                "redirect_uri in the browser's address bar has http:// or the internal port.",
                "Let the proxy send X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Port, and let the app "
                "use them (Spring: "
                "server.forward-headers-strategy=framework; Express: trust proxy).",
            ),
            Cause(
                "The public base URL isn't configured, or is still localhost.",
                "Search the configuration for localhost.",
                "Set the app's public URL (such as NEXTAUTH_URL, BASE_URL, ROOT_URL), and register that redirect URI.",
            ),
            Cause(
                "Frontend and backend run on different ports, and the backend starts the login.",
                "The wrong port is the backend's.",
                "Start the login at the frontend's address through its proxy, with the Host header kept.",
            ),
        ),
        source="https://docs.spring.io/spring-security/reference/features/exploits/http.html#http-proxy-server",
        confidence="documented",
    ),
    KnownError(
        id="general-silent-renew",
        is_general=True,
        text=(
            (
                "silent renew",
                "silentrenew",
                "silent refresh",
                "silentrefresh",
                "automaticsilentrenew",
                "silent token",
                "silently refresh",
                "silently renew",
                "token renewal",
                "renew token",
                "renew the token",
                "renew the access token",
                "auto refresh",
                "automatic refresh",
                "automatically refresh",
                "refresh the access token",
                "refreshing the access token",
                "token is not refreshed",
                "token not refreshed",
                "token isn't refreshed",
                "tokens are not refreshed",
                "doesn't refresh the token",
                "does not refresh the token",
                "not refreshing the token",
                "not refreshing token",
            ),
            (
                "not start",
                "not working",
                "doesn't work",
                "does not work",
                "never called",
                "not called",
                "not triggered",
                "isn't triggered",
                "never triggered",
                "never happens",
                "not happen",
                "fail",
                "timed out",
                "timeout",
                "expire",
                "logged out",
                "log in again",
                "login again",
                "not refreshed",
                "not refreshing",
                "isn't refreshed",
                "doesn't refresh",
                "does not refresh",
            ),
        ),
        title=(
            "The access token isn't renewed in time: there is no refresh token, the hidden iframe is blocked, or no timer runs"
        ),
        why=(
            "A single-page app renews with a refresh token, or with a hidden iframe that needs the server's "
            "cookie. Browsers block "
            "such cookies of third parties, and timers stop while a computer sleeps."
        ),
        causes=(
            Cause(
                "There is no refresh token, because offline_access isn't requested or refresh tokens aren't allowed.",
                "The token response has no refresh_token.",
                "Request offline_access, allow the grant refresh_token for the client, and switch on refresh "
                "tokens in the library.",
            ),
            Cause(
                "The iframe renewal is blocked: third-party cookies, X-Frame-Options, or silent_redirect_uri isn't registered.",
                "The console or Network tab shows login_required or a blocked frame.",
                "Use refresh tokens, or register the silent redirect URI and host server and app under one domain.",
            ),
            Cause(
                "The renewal starts too late or not at all: option off, tab asleep, or lifetime shorter than the lead time.",
                "No request is sent before the expiry.",
                "Switch on automatic renewal, check expiry before each request, and renew on 401.",
            ),
        ),
        source="https://github.com/damienbod/angular-auth-oidc-client/issues/1433",
        confidence="inferred",
    ),
    KnownError(
        id="express-body-not-parsed",
        text=(
            ("req.body", "request.body", "$request->getparsedbody", "parsed body"),
            ("undefined", "empty", "is {}", "null"),
            ("grant_type", "token", "oauth", "login", "callback", "code"),
        ),
        title="The request's form body isn't read: the server has no parser for it, so all parameters are missing",
        why="Node's Express and similar frameworks read a body only through a parser that is registered before the route.",
        causes=(
            Cause(
                "There is no parser for application/x-www-form-urlencoded before the route.",
                "req.body is undefined or {} although the browser shows the form data.",
                "Add app.use(express.urlencoded({ extended: false })) before the OAuth routes.",
            ),
            Cause(
                "The body has another Content-Type than the parser expects.",
                "Look at Content-Type in the Network tab.",
                "Send the form as application/x-www-form-urlencoded.",
            ),
        ),
        source="https://expressjs.com/en/api.html#express.urlencoded",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-console-loading",
        text=(
            (
                "loading the admin console",
                "loading the administration console",
                "loading the account console",
                "admin console keeps loading",
                "admin console is blank",
                "admin console blank",
                "admin console does not load",
                "admin console doesn't load",
                "cannot load keycloak admin console",
                "admin console not loading",
                "admin console is not loading",
            ),
        ),
        title=(
            "Keycloak's console doesn't get past loading: its pages come from another scheme or host than its "
            "scripts and frames"
        ),
        why=(
            "The console is an app that logs in at Keycloak's frontend URL. If that URL has http, another host "
            "or no path that the "
            "browser reaches, scripts, cookies or the login frame are blocked."
        ),
        causes=(
            Cause(
                "The hostname or proxy settings don't fit the address in the browser.",
                "The browser's console shows mixed content, a blocked frame, or requests to another host.",
                "Set KC_HOSTNAME to the public https URL and KC_PROXY_HEADERS=xforwarded behind a proxy.",
            ),
            Cause(
                "It is opened over http at an address that isn't local, where the browser offers no secure context.",
                "The address begins with http:// and isn't localhost.",
                "Use https, or open it at localhost through a tunnel.",
            ),
            Cause(
                "Cookies or frames are blocked by the browser or a Content-Security-Policy.",
                "A private window without extensions works.",
                "Allow cookies for the host, and remove the proxy's X-Frame-Options and CSP.",
            ),
        ),
        source="https://www.keycloak.org/server/hostname",
        confidence="documented",
    ),
)
