"""Development servers, tunnels, callbacks and redirect loops."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases

ERRORS = (
    KnownError(
        id="app-redirect-loop",
        text=(
            (
                "redirect loop",
                "infinite login",
                "infinite loop",
                "infinite redirect",
                "endless loop",
                "endless redirect",
                "too many redirects",
                "redirect too many times",
                "error_redirect_loop",
                "redirects too many times",
                "err_too_many_redirects",
                "redirected you too many times",
                "keeps redirecting",
                "login loop",
                "redirects continuously",
                "stuck in a loop",
                "looping",
            ),
            ("login", "log in", "oauth", "oidc", "redirect", "authenticat", "sign in", "sign-in", "cookie"),
        ),
        title="The login runs in a loop: the app doesn't recognise that the user is logged in when the redirect arrives",
        why="The app starts a login whenever it finds no session. If the session or token isn't stored at the callback, it"
        " starts again.",
        causes=(
            Cause(
                "The session cookie isn't stored: Secure on http, SameSite, another domain or path, or too large.",
                "The response of the callback has Set-Cookie, and the next request has no Cookie.",
                "Fix the cookie: same host as the app, SameSite=Lax, Secure only on https.",
            ),
            Cause(
                "The guard runs before the library has read the code, or protects the callback route itself.",
                "The URL still has code and state when the next login starts.",
                "Exclude the callback route from the guard, and wait until the library is ready.",
            ),
            Cause(
                "Behind a proxy, the app takes https for http and redirects to https again and again.",
                "Location is the same URL each time.",
                "Send X-Forwarded-Proto: https and trust the proxy.",
            ),
            Cause(
                "The token is refused right away, for example for its audience or a wrong clock.",
                "A 401 follows the login.",
                "Fix the 401 first.",
            ),
        ),
        source="https://github.com/authts/react-oidc-context/issues",
        confidence="inferred",
    ),
    KnownError(
        id="app-callback-not-found",
        text=(
            (
                "cannot get /",
                *status_phrases(404),
                "page not found",
                "whitelabel error page",
                "this page could not be found",
                "not found error",
                "404 page",
                "404 after",
                "route not found",
                "no route matches",
                "no routes matched",
            ),
            (
                "callback",
                "redirect uri",
                "redirect_uri",
                "signin-oidc",
                "oauth2redirect",
                "?code=",
                "&code=",
                "after login",
                "after i sign in",
                "after signing in",
            ),
        ),
        without=("/token", "operationoutcome", "openid-connect/auth"),
        title="The app itself has no page at the redirect URI: the login worked, and its callback gives 404",
        why="The authorization server sent the browser back to the redirect URI. The app's server or router doesn't know that"
        " path.",
        causes=(
            Cause(
                "The route isn't defined, or its path differs from the redirect URI.",
                "The address bar has the redirect URI with code=.",
                "Add the route, or register and send the redirect URI that the app handles.",
            ),
            Cause(
                "A single-page app is served without a fallback to index.html.",
                "Only a reload or direct call of the path gives 404.",
                "Configure the fallback, such as try_files $uri /index.html in nginx.",
            ),
            Cause(
                "A proxy or base path is missing in the redirect URI.",
                "The app runs below a path such as /app.",
                "Add the base path to the redirect URI.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2",
        confidence="inferred",
    ),
    KnownError(
        id="app-host-not-allowed",
        text=(
            (
                "invalid host header",
                "this host is not allowed",
                "blocked request. this host",
                "disallowedhost",
                "invalid http_host header",
                "allowedhosts",
                "err_ngrok",
                "ngrok-skip-browser-warning",
                "you are about to visit",
            ),
        ),
        title="The development server or tunnel doesn't accept the host name of the request",
        why="Webpack, Vite and Django check the Host header. ngrok shows a warning page first, which breaks launches and API"
        " calls.",
        causes=(
            Cause(
                "The public or tunnel host isn't in the list of allowed hosts.",
                "The message says 'Invalid Host header' or 'not allowed'.",
                "Add it: server.allowedHosts (Vite), devServer.allowedHosts (webpack), ALLOWED_HOSTS (Django).",
            ),
            Cause(
                "The tunnel shows its own page or has ended.",
                "The body is HTML of the tunnel, or ERR_NGROK.",
                "Start the tunnel again and register its new address; send the header ngrok-skip-browser-warning for API"
                " calls.",
            ),
        ),
        source="https://vite.dev/config/server-options#server-allowedhosts",
        confidence="documented",
    ),
    KnownError(
        id="client-proxy-required",
        text=(
            (
                "407 proxy authentication",
                "proxy authentication required",
                "tunneling socket could not be established",
                "err_proxy_connection_failed",
                "err_tunnel_connection_failed",
                "unable to tunnel through proxy",
                "proxyerror",
                "cannot connect to proxy",
            ),
        ),
        title="The company's proxy refuses the connection",
        why="The client goes through a proxy that wants a login, or that doesn't allow the host.",
        causes=(
            Cause(
                "The proxy needs a user name and a password.",
                "The status is 407.",
                "Set HTTPS_PROXY=http://user:password@proxy:port, or the library's proxy option.",
            ),
            Cause(
                "The host should be reached without the proxy, such as localhost.",
                "The address is on your own network.",
                "Add it to NO_PROXY.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.8",
        confidence="documented",
    ),
    KnownError(
        id="http-method-not-allowed",
        text=(
            (
                *status_phrases(405),
                "method not allowed",
                "request method 'get' not supported",
                "request method 'get' is not supported",
                "request method 'post' not supported",
                "request method 'post' is not supported",
                "method_not_allowed",
                "http method get is not supported",
                "cannot post /",
            ),
        ),
        captures=(r"method ['\"]?(?P<value>GET|POST|PUT|PATCH|DELETE|OPTIONS)['\"]?",),
        title="405: the address doesn't accept this HTTP method",
        why="The token endpoint accepts POST only, the authorization endpoint GET, a FHIR search GET or POST …/_search. A"
        " redirect can"
        " turn POST into GET.",
        causes=(
            Cause(
                "The token request is sent by GET, or a redirect from http to https changed POST to GET.",
                "curl -v shows the method and a 301 or 302.",
                "Send POST to the final https URL with the parameters in the form body.",
            ),
            Cause(
                "The URL is another endpoint than meant, such as the authorize URL for the token request.",
                "Compare with the discovery document.",
                "Use token_endpoint for the token request.",
            ),
            Cause(
                "The FHIR server doesn't offer the interaction for this type, or PUT and POST are mixed up.",
                "/metadata lists the interactions.",
                "POST to base/Type to create, PUT to base/Type/id to update.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6",
        confidence="documented",
    ),
    KnownError(
        id="http-too-large",
        text=(
            (
                *status_phrases(413),
                *status_phrases(414),
                *status_phrases(431),
                "request entity too large",
                "payload too large",
                "uri too long",
                "url too long",
                "request-uri too large",
                "request header or cookie too large",
                "header fields too large",
                "request header is too large",
                "too-long",
            ),
        ),
        title="The request is too large: its URL, its headers or its body",
        why="Servers limit the URL and headers to about 8 KB, and the body to some megabytes. Many scopes, long searches,"
        " large cookies"
        " or bundles exceed that.",
        causes=(
            Cause(
                "The URL is too long: many scopes, or a search with many values.",
                "It has more than 2,000 to 8,000 characters.",
                "Request fewer scopes (a wildcard such as patient/*.rs), or send the search by POST …/_search.",
            ),
            Cause(
                "Cookies or the token are too large for the header.",
                "The message says header or cookie; it works in a private window.",
                "Delete old cookies, store the session on the server, or raise the limit (large_client_header_buffers in"
                " nginx).",
            ),
            Cause(
                "The body, such as a Bundle or Binary, exceeds the limit.",
                "A smaller one works.",
                "Split the Bundle, or raise the limit (client_max_body_size in nginx).",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.15",
        confidence="documented",
    ),
)
