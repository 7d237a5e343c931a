"""Requests that the browser blocks because of CORS, as its console reports them."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

BLOCKED = (
    "blocked by cors policy",
    "cross-origin request blocked",
    "access-control-allow-origin' header is present on the requested resource",
    "access-control-allow-origin' missing",
    "not allowed by access-control-allow-origin",
    "response to preflight request doesn't pass access control check",
    "blocked by cors",
    "cors error",
    "cors issue",
    "cors problem",
    "cors errors",
)
ORIGIN = r"from origin '(?P<value>[^']+)'"

ERRORS = (
    KnownError(
        id="browser-authorize-by-fetch",
        text=(
            BLOCKED,
            (
                "/authorize",
                "/oauth2/authorization/",
                "/oauth/auth?",
                "/o/oauth2/auth",
                "/openid-connect/auth?",
                "/oauth2/auth?",
                "/login?",
                "/account/login",
            ),
        ),
        title="The authorization endpoint was called by fetch or XMLHttpRequest: the browser window has to navigate there",
        why="The authorization endpoint shows a login page and redirects, so it doesn't send CORS headers. A script can't"
        " follow"
        " that redirect, even if the origin is allowed.",
        causes=(
            Cause(
                "A script (fetch, axios, XMLHttpRequest) requests the authorize URL.",
                "The blocked URL in the console is the authorize or login page.",
                "Navigate the browser window to it: window.location.assign(authorizeUrl), or a link.",
            ),
            Cause(
                "A request of the script to your own API was redirected to the login because the session is missing.",
                "The console says 'redirected from' with the URL of your API.",
                "Let the API answer 401 to requests of scripts, and let the page navigate to the login when it gets 401.",
            ),
        ),
        source="https://github.com/DuendeArchive/IdentityServer4/issues/2337",
        confidence="documented",
    ),
    KnownError(
        id="browser-preflight-redirected",
        text=(("redirect is not allowed for a preflight request", "preflight request was redirected"),),
        captures=(ORIGIN,),
        title="The server redirects the preflight request, and a browser doesn't follow redirects there",
        why="Before the request, the browser sends OPTIONS. The server answers it with a redirect, usually from http to https"
        " or"
        " to its login page.",
        causes=(
            Cause(
                "The URL begins with http:// and is redirected to https://.",
                "The blocked URL begins with http://; curl -I of it shows a Location with https://.",
                "Call the https:// URL directly.",
            ),
            Cause(
                "The server sends requests without a session to the login page.",
                "The console shows 'redirected from', or Location is a login or authorize URL.",
                "Navigate the browser window to the login (window.location), and let the API answer 401 to scripts.",
            ),
            Cause(
                "The path is redirected to the same one with or without a slash at the end.",
                "Location differs from the URL only in the last character.",
                "Call the URL exactly as Location shows it.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSExternalRedirectNotAllowed",
        confidence="documented",
    ),
    KnownError(
        id="browser-cors-token-endpoint",
        text=(BLOCKED, ("/token", "token endpoint", "access token")),
        without=("/authorize?",),
        captures=(ORIGIN,),
        title="The token endpoint doesn't allow requests from the browser page's origin {value}",
        why="The browser shows the token response to the page only if it has Access-Control-Allow-Origin for the page's origin."
        " Most servers send it only for origins that are registered for a public client.",
        causes=(
            Cause(
                "The page's origin isn't registered for the client.",
                "The console names the origin; the server's console has no such entry (scheme, host and port).",
                "Add the origin to the client's allowed origins (web origins, CORS origins), or register the redirect URI as a"
                " single-page app.",
            ),
            Cause(
                "The client is confidential, and the server allows no browser for those.",
                "The request has a client_secret or a Basic header.",
                "Exchange the code on your server (back end), or register a public client with PKCE.",
            ),
            Cause(
                "The server refused the request, and its error response has no CORS headers.",
                "The Network tab shows status 400 or 401.",
                "Repeat the request with curl and fix the error that it shows.",
            ),
        ),
        where="The client's settings: Keycloak 'Web origins', Okta 'Trusted Origins', Auth0 'Allowed Web Origins', Entra"
        " platform"
        " 'Single-page application'.",
        source="https://github.com/smart-on-fhir/client-js/issues/83",
        confidence="observed",
    ),
    KnownError(
        id="browser-cors-header-not-allowed",
        text=(("is not allowed by access-control-allow-headers", "access-control-allow-headers' from cors preflight"),),
        captures=(r"header field (?P<value>[\w-]+) is not allowed",),
        title="The request header {value} isn't allowed by the server's CORS configuration",
        why="The browser asks by OPTIONS which headers it may send. The header isn't in Access-Control-Allow-Headers of the"
        " answer.",
        causes=(
            Cause(
                "The server's CORS configuration doesn't list the header.",
                "The response to OPTIONS in the Network tab has Access-Control-Allow-Headers without it.",
                "Add the header to Access-Control-Allow-Headers on the server; a FHIR server needs Authorization, Content-Type,"
                " Accept, Prefer and If-Match.",
            ),
            Cause(
                "The library adds a header that isn't needed, such as Cache-Control or X-Requested-With.",
                "The header's name in the message isn't one that your code sets on purpose.",
                "Remove that header from the request.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/2130",
        confidence="documented",
    ),
    KnownError(
        id="browser-cors-method-not-allowed",
        text=(("is not allowed by access-control-allow-methods",),),
        captures=(r"Method (?P<value>\w+) is not allowed",),
        title="The method {value} isn't allowed by the server's CORS configuration",
        why="The response to the preflight request doesn't list the method in Access-Control-Allow-Methods.",
        causes=(
            Cause(
                "The server's CORS configuration has only GET and POST.",
                "OPTIONS of the same URL shows Access-Control-Allow-Methods without the method.",
                "Add the method to Access-Control-Allow-Methods on the server, or send the request from your back end.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSMethodNotFound",
        confidence="documented",
    ),
    KnownError(
        id="browser-cors-credentials",
        text=(
            (
                "credentials mode is 'include'",
                "credential is not supported if the cors header",
                "must not be the wildcard '*' when",
                "access-control-allow-credentials' header in the response is ''",
            ),
        ),
        captures=(ORIGIN,),
        title="The request is sent with credentials (cookies), and the server allows only requests without",
        why="With credentials, the browser wants the exact origin in Access-Control-Allow-Origin instead of *, and"
        " Access-Control-Allow-Credentials: true.",
        causes=(
            Cause(
                "The code sets credentials: 'include' or withCredentials, which a request with a Bearer token doesn't need.",
                "Search the code for credentials and withCredentials.",
                "Set credentials: 'omit' (axios: withCredentials: false).",
            ),
            Cause(
                "The app needs cookies there, and the server answers with the wildcard.",
                "The response has Access-Control-Allow-Origin: *.",
                "Let the server return the origin itself and Access-Control-Allow-Credentials: true.",
            ),
        ),
        source="https://github.com/LinuxForHealth/FHIR/issues/4213",
        confidence="observed",
    ),
    KnownError(
        id="browser-cors-two-origins",
        text=(
            (
                "access-control-allow-origin' header contains multiple values",
                "multiple cors header 'access-control-allow-origin'",
            ),
        ),
        title="Access-Control-Allow-Origin is in the response twice",
        why="Both a proxy and the server add the header. The browser accepts only a single value.",
        causes=(
            Cause(
                "The proxy (nginx, gateway) and the application both send CORS headers.",
                "curl -i with an Origin header shows the header two times.",
                "Remove the CORS headers from one of them.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSMultipleAllowOriginNotAllowed",
        confidence="documented",
    ),
    KnownError(
        id="browser-cors-preflight-status",
        text=(
            ("does not have http ok status", "preflight response is not successful", "cors preflight response did not succeed"),
        ),
        title="The server answers the preflight request (OPTIONS) with an error status",
        why="OPTIONS never carries the access token. If the server or a proxy wants authentication for it, or doesn't know the"
        " method, the browser stops there.",
        causes=(
            Cause(
                "Authentication is checked before CORS, so OPTIONS gets 401 or 403.",
                "curl -X OPTIONS -i with an Origin header shows the status.",
                "Let the server answer OPTIONS without authentication: put CORS before the security filter.",
            ),
            Cause(
                "The URL is wrong, so OPTIONS gets 404 or 405.",
                "The same URL with GET gives 404 as well.",
                "Correct the URL.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/2130",
        confidence="documented",
    ),
    KnownError(
        id="browser-cors-null-origin",
        text=(("from origin 'null'",),),
        title="The page has no origin: it was opened as a file, in a sandboxed frame, or after a redirect",
        why="A page without an origin sends Origin: null, which servers don't allow.",
        causes=(
            Cause(
                "The HTML file was opened from the disk (file://).",
                "The address bar begins with file://.",
                "Serve the page by a local web server, such as npx serve, and open http://localhost.",
            ),
            Cause(
                "The request was redirected to another host, which makes the origin null.",
                "The Network tab shows a 302 before the blocked request.",
                "Call the last URL of the redirects directly.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/Headers/Origin",
        confidence="documented",
    ),
    KnownError(
        id="browser-cors-discovery",
        text=(BLOCKED, ("/.well-known/", "/metadata")),
        captures=(ORIGIN,),
        title="The browser may not read the server's discovery document: it has no CORS header for {value}",
        why="The app reads .well-known/smart-configuration or metadata by a script, and the response has no"
        " Access-Control-Allow-Origin.",
        causes=(
            Cause(
                "The URL is wrong, and the error page that answers has no CORS headers.",
                "Opening the URL in a browser tab doesn't show JSON.",
                "Correct the FHIR base URL (iss) or the issuer that the URL is built from.",
            ),
            Cause(
                "The server doesn't allow browser apps or this origin.",
                "curl -i with the header Origin shows no Access-Control-Allow-Origin.",
                "Ask the server's administrator to allow the origin, or read the document on your own server.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/167",
        confidence="observed",
    ),
    KnownError(
        id="browser-cors-fhir",
        text=(BLOCKED, ("fhir", "/patient", "/r4/", "/observation")),
        without=("/authorize", "/token"),
        captures=(ORIGIN,),
        title="The FHIR server doesn't allow requests from the browser page's origin {value}",
        why="The browser shows the response to the page only if it has Access-Control-Allow-Origin. Postman and curl don't"
        " check"
        " that, so they work.",
        causes=(
            Cause(
                "CORS isn't configured on the FHIR server, or not for this origin.",
                "The response to OPTIONS has no Access-Control-Allow-Origin.",
                "Allow the origin and the headers Authorization and Content-Type in the FHIR server's CORS settings.",
            ),
            Cause(
                "The server refused the request, for example 401 for an expired token, without CORS headers.",
                "The Network tab shows the status; the same request with curl shows the error.",
                "Repeat the request with curl and fix the error: often a new access token is needed.",
            ),
            Cause(
                "The server allows no browser apps at all.",
                "Its documentation doesn't mention CORS.",
                "Send the request from your own server (back end or proxy).",
            ),
        ),
        source="https://github.com/MicrosoftDocs/azure-docs/issues/51621",
        confidence="observed",
    ),
    KnownError(
        id="browser-cors",
        text=(BLOCKED,),
        captures=(ORIGIN,),
        title="The browser blocked the response because the server doesn't allow the origin {value} (CORS)",
        why="A script may read a response of another origin only if the response has Access-Control-Allow-Origin for its"
        " origin."
        " Postman and curl don't check that, so they work.",
        causes=(
            Cause(
                "The server isn't configured for this origin.",
                "The response has no Access-Control-Allow-Origin.",
                "Add the origin (scheme, host and port) to the server's list of allowed origins.",
            ),
            Cause(
                "The response is an error without CORS headers, so the real error is hidden.",
                "The Network tab shows a status of 400 or more; curl shows the error.",
                "Repeat the request with curl and fix that error first.",
            ),
            Cause(
                "The server isn't meant for browsers, for example because the request carries a client secret.",
                "The documentation of the server says so, or never mentions CORS.",
                "Send the request from your own server (back end or proxy).",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors",
        confidence="documented",
    ),
    KnownError(
        id="browser-postman-works",
        text=(
            (
                "works in postman",
                "works fine in postman",
                "working in postman",
                "works with postman",
                "works from postman",
                "postman works",
                "works perfectly in postman",
                "through postman it works",
                "works in curl",
                "works with curl",
                "works fine with curl",
                "in postman it works",
                "when i use curl or postman",
                "successfully in postman",
                "works via postman",
                "using postman it works",
                "working fine in postman",
            ),
            (
                "browser",
                "javascript",
                "react",
                "angular",
                "frontend",
                "front-end",
                "web app",
                "webapp",
                "chrome",
                "fetch",
                "axios",
            ),
        ),
        title="The request works in Postman but not from the page: the browser's rules or a different header are the usual"
        " cause",
        why="Postman doesn't check CORS and sends its own headers. A browser blocks responses of servers that don't allow the"
        " page's origin.",
        causes=(
            Cause(
                "The server doesn't allow the page's origin (CORS).",
                "The browser's console has a line with 'CORS'; OPTIONS fails in the Network tab.",
                "Allow the origin on the server, or send the request from your own server.",
            ),
            Cause(
                "The app sends another body, Content-Type or Authorization header than Postman.",
                "Compare the request in the Network tab with Postman's Code button (curl).",
                "Send the same Content-Type and Authorization header as Postman; a token request needs a form body.",
            ),
        ),
        source="https://github.com/MicrosoftDocs/azure-docs/issues/51621",
        confidence="observed",
    ),
)
