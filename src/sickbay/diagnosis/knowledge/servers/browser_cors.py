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
        id="browser-cors-hidden-error",
        text=(
            ("cors header", "cors headers", "`cors` headers", "access-control-allow-origin"),
            ("400", "401", "403", "404", "500", "error response", "errors", "fails"),
            (
                "not contain",
                "does not include",
                "doesn't include",
                "not include",
                "missing",
                "without",
                "not sent",
                "no cors",
                "lacks",
            ),
        ),
        without=("blocked by cors policy", "cross-origin request blocked"),
        title="The server's error response has no CORS headers, so the browser hides the real error from the page",
        why="Many servers add Access-Control-Allow-Origin only to successful responses. The page then sees a CORS error"
        " instead of the"
        " status and body.",
        causes=(
            Cause(
                "The request itself was refused, and CORS is only the consequence.",
                "The Network tab shows the status; curl shows the body.",
                "Repeat the request with curl, and fix the error that it shows.",
            ),
            Cause(
                "The server or proxy doesn't add the header to errors.",
                "Successful requests from the same page work.",
                "Let the server add Access-Control-Allow-Origin to all responses (nginx: add_header … always).",
            ),
        ),
        source="https://github.com/keycloak/keycloak/issues/22275",
        confidence="observed",
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
    KnownError(
        id="browser-session-expired-redirect",
        text=(
            ("redirect", "302", "redirected"),
            ("xhr", "fetch", "ajax", "xmlhttprequest", "axios"),
            ("cors", "failed to fetch"),
            ("login", "authorization url", "authorize", "oauth2", "sign in", "sign-in", "microsoftonline", "accounts.google"),
        ),
        without=("preflight request", "/token"),
        title="A script's request was redirected to the login page: fetch can't follow it, so the browser window must"
        " navigate there",
        why="When the session has ended, the server or proxy answers 302 to the login. Login pages have no CORS headers, so"
        " the script"
        " sees only 'Failed to fetch' or a CORS error.",
        causes=(
            Cause(
                "The server redirects requests of scripts instead of answering 401.",
                "The Network tab shows 302 with the authorize URL as Location.",
                "Answer 401 to API requests (oauth2-proxy: --api-route; Spring: an AuthenticationEntryPoint for XHR), and let"
                " the page"
                " navigate with window.location to the login.",
            ),
            Cause(
                "The session or cookie lives shorter than the page.",
                "A reload of the page repairs it.",
                "Refresh the session before it ends, or reload the page when a request fails that way.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/2072",
        confidence="observed",
    ),
)
