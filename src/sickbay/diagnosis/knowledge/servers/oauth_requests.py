"""Bare statuses of token and authorization endpoints, and requests whose form such endpoints refuse."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

TOKEN = "https://www.rfc-editor.org/rfc/rfc6749#section-3.2"
ENDPOINT = ("/token", "/oauth2/token", "token endpoint", "token request", "access token url", "accesstokenuri")

ERRORS = (
    KnownError(
        id="oauth-token-401",
        codes=("401",),
        text=(ENDPOINT,),
        without=("bearer error=", "invalid_token", "invalid_client"),
        title="401 from the token endpoint: the client could not be authenticated",
        why="The token endpoint asks for the client's credentials, not for a token.",
        causes=(
            Cause(
                "The client secret is wrong or missing.",
                "Decode the Basic header: it has to be client_id:client_secret.",
                "Send Authorization: Basic base64(client_id:client_secret) with the current secret.",
            ),
            Cause(
                "The secret is sent by another method than registered.",
                "Compare token_endpoint_auth_methods_supported and the registration.",
                "Send it by the registered method, in the header or in the body.",
            ),
            Cause(
                "A bearer token or an API key is sent instead.",
                "The header begins with Bearer.",
                "Replace Bearer by Basic with the client credentials.",
            ),
            Cause(
                "The client isn't registered in this environment.", "Compare client_id.", "Use this environment's credentials."
            ),
        ),
        source=TOKEN,
        confidence="inferred",
    ),
    KnownError(
        id="oauth-token-403",
        codes=("403",),
        text=(ENDPOINT,),
        without=("returns a token", "returned a token", "obtain an access token", "get an access token", "got the token"),
        title="403 from the token endpoint: a gateway or firewall blocks it, or the client isn't allowed to",
        why="RFC 6749 doesn't use 403 here, so something in front of the server, or an own rule, answers most often.",
        causes=(
            Cause(
                "A firewall, proxy or gateway blocks the request.",
                "The body is HTML, or lacks an OAuth error.",
                "Ask the operator to allow the request, or add the API key that the gateway requires.",
            ),
            Cause(
                "The client isn't allowed to use the grant or the audience.",
                "The body has access_denied or unauthorized_client.",
                "Enable the grant and the API for the client.",
            ),
        ),
        source=TOKEN,
        confidence="inferred",
    ),
    KnownError(
        id="oauth-token-404",
        codes=("404",),
        text=(ENDPOINT,),
        title="404: there is no token endpoint at this address",
        why="The path, the tenant or realm, or the host is wrong.",
        causes=(
            Cause(
                "The address was put together by hand.",
                "Compare it with token_endpoint in ISSUER/.well-known/openid-configuration.",
                "Copy token_endpoint from the discovery document.",
            ),
            Cause(
                "Tenant, realm or environment doesn't exist.", "Open the discovery document.", "Correct the name in the path."
            ),
        ),
        source=TOKEN,
        confidence="inferred",
    ),
    KnownError(
        id="oauth-token-405",
        codes=("405",),
        text=(ENDPOINT,),
        title="405: the token endpoint accepts only POST",
        why="A GET, or a redirect that turned the POST into a GET, is refused.",
        causes=(
            Cause("The request is a GET.", "Look at the method.", "Send a POST with the parameters in the form body."),
            Cause("http was redirected to https.", "The first answer is 301 or 302.", "Call the https address directly."),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-token-415",
        codes=("415",),
        text=(ENDPOINT,),
        title="415: the token endpoint doesn't accept this Content-Type",
        why="It reads only application/x-www-form-urlencoded.",
        causes=(
            Cause(
                "The body is JSON or has no Content-Type.",
                "Look at Content-Type.",
                "Send a form as application/x-www-form-urlencoded.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-token-500",
        codes=("500", "502", "503"),
        text=(ENDPOINT,),
        title="The token endpoint failed: a fault of the server, often triggered by unexpected input",
        why="A 5xx is the server's error; its log has the reason.",
        causes=(
            Cause(
                "The body isn't what the server expects, such as JSON or an empty body.",
                "A correct form gives another answer.",
                "Send a form as application/x-www-form-urlencoded with all required parameters.",
            ),
            Cause(
                "The server or something behind it is down.",
                "It fails for everyone.",
                "Try again later, and report the time to the operator.",
            ),
        ),
        source=TOKEN,
        confidence="inferred",
    ),
    KnownError(
        id="oauth-json-body",
        text=(
            (
                "content-type: application/json",
                '"content-type": "application/json',
                "'content-type': 'application/json",
                "content-type', 'application/json",
                "json.stringify",
                'content-type", "application/json',
                "-d '{",
                '-d "{',
                "--data '{",
                "--data-raw '{",
                "body: {",
                "with the body: ```{",
                "the body: ```",
            ),
            ("grant_type",),
        ),
        without=("auth0", '"access_token":', '"redirect_uris":', "urlencoded' \\ -d 'grant_type", "new urlsearchparams"),
        title="The token request has a JSON body; the token endpoint reads only a form",
        why=(
            "RFC 6749 requires application/x-www-form-urlencoded. Most servers then find no grant_type, and answer "
            "invalid_request, unsupported_grant_type or 400."
        ),
        causes=(
            Cause(
                "The body is JSON.",
                "It begins with {, or Content-Type is application/json.",
                (
                    "Send grant_type=…&client_id=… as application/x-www-form-urlencoded, for example body: new "
                    "URLSearchParams({…}) or curl --data-urlencode."
                ),
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3",
        confidence="documented",
    ),
    KnownError(
        id="oauth-parameters-in-query",
        text=(
            (
                "/token?grant_type=",
                "/token?client_id=",
                "/token?code=",
                "/token\\?grant_type=",
                "/token?client_secret=",
                "/token?username=",
                "/token?redirect_uri=",
            ),
        ),
        without=("cognito", "salesforce", "graph.facebook", "api.weixin"),
        title="The parameters are in the query of the token URL; the endpoint expects a POST with a form body",
        why=("RFC 6749 puts the parameters in the body. Many servers ignore the query, and secrets in URLs end up in logs."),
        causes=(
            Cause(
                "The request is a GET, or a POST with an empty body.",
                "Look at method and body.",
                "Send a POST and move everything after ? into the body as application/x-www-form-urlencoded (curl -X POST -d).",
            ),
            Cause(
                "The shell keeps a backslash before ? or cuts at &.",
                "The URL has \\? or isn't quoted.",
                "Remove the backslash and put the URL in quotes.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="oauth-authorize-by-script",
        text=(
            ("cors policy", "cross-origin request blocked", "access-control-allow-origin", "cors error"),
            (
                "/oauth2/authorization/",
                "/connect/authorize",
                "/oauth2/authorize",
                "openid-connect/auth?",
                "/oauth/authorize",
                "/authorize?",
                "/oauth2/v1/authorize",
                "/oauth2/v2.0/authorize",
                "/login/oauth",
            ),
        ),
        title=("The authorization endpoint was called by a script (fetch, XHR); it needs the browser itself to navigate there"),
        why=(
            "An API answered a background request with a redirect to the login page, and the browser doesn't let scripts "
            "follow it to another origin. No CORS setting makes this work, because the user has to see the page."
        ),
        causes=(
            Cause(
                "The session has expired, and the API redirects the XHR to the login.",
                "The message says redirected from your own API.",
                "Let the API answer 401 to background requests, and on 401 set window.location.href to the login address.",
            ),
            Cause(
                "The app calls authorize with fetch or axios.",
                "Look at the code.",
                "Navigate there: window.location.assign(authorizeUrl).",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-3.1",
        confidence="documented",
    ),
    KnownError(
        id="oauth-cors-token",
        text=(
            ("cors policy", "cross-origin request blocked", "access-control-allow-origin", "cors error"),
            ("/token'", '/token"', "connect/token", "oauth2/token", "oauth/token"),
        ),
        without=("/authorize?", "redirected from", "/fhir/"),
        title="CORS: the token endpoint doesn't allow this origin, so that the browser hides its response",
        why=(
            "curl and Postman don't apply CORS. The server sends Access-Control-Allow-Origin only to registered "
            "origins, or "
            "never, for example to clients with a secret."
        ),
        causes=(
            Cause(
                "The page's origin isn't registered for the client.",
                "Compare scheme, host and port.",
                "Register the origin for the client (Allowed origins, Web origins), or register it as a single-page app.",
            ),
            Cause(
                "The request fails with 400 or 401, and the error response has no CORS headers.",
                "Repeat it with curl.",
                "Correct the real error.",
            ),
            Cause("The server doesn't offer CORS here.", "No origin works.", "Redeem the code on your own server."),
        ),
        source="https://fetch.spec.whatwg.org/#http-cors-protocol",
        confidence="inferred",
    ),
    KnownError(
        id="oauth-multipart-body",
        text=(
            (
                "-f client_id",
                "-f grant_type",
                '-f "client_id',
                '-f "grant_type',
                "-f 'client_id",
                "-f 'grant_type",
                "multipart/form-data",
            ),
            ("grant_type",),
        ),
        without=('"access_token":',),
        title="The token request is multipart/form-data; the token endpoint reads only application/x-www-form-urlencoded",
        why=(
            "curl -F and FormData send multipart, whatever Content-Type says. Most servers then see no "
            "parameters, and answer "
            "invalid_client or unsupported_grant_type."
        ),
        causes=(
            Cause(
                "The request uses curl -F, FormData, or form-data in Postman.",
                "Look at the body: it has a boundary.",
                "Use curl -d or --data-urlencode, URLSearchParams, or x-www-form-urlencoded in Postman.",
            ),
        ),
        source="https://github.com/reapit/foundations/issues/5906",
        confidence="observed",
    ),
)
