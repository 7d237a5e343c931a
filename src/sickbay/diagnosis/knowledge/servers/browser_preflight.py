"""Preflight requests and CORS headers that the browser refuses for a reason that it names."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ORIGIN = r"from origin '(?P<value>[^']+)'"

ERRORS = (
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
)
