"""Token requests that fail because of how an app or a library sends them, often described in prose."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases

ERRORS = (
    KnownError(
        id="library-code-exchanged-twice",
        text=(
            (
                "strictmode",
                "strict mode",
                "useeffect",
                "called twice",
                "runs twice",
                "executed twice",
                "twice",
                "two requests",
                "second request",
                "double request",
                "two times",
                "fires twice",
                "fired twice",
                "two token call",
                "multiple token call",
                "makes two",
                "same auth code",
                "same code is sent",
                "used twice",
                "second time",
                "triggered twice",
                "render twice",
            ),
            ("code", "callback", "token request", "/token", "exchange"),
            (
                "invalid_grant",
                "code not valid",
                "code is invalid",
                "code invalid",
                "already used",
                "already been used",
                "expired",
                "already granted",
                "used already",
                "fails",
                "get an error",
                "same grant type",
                "error because",
            ),
        ),
        title="code: the same authorization code is exchanged twice, and the second request gets invalid_grant",
        why="A code is valid once. React's StrictMode runs effects twice while developing, and reloads and prefetching repeat"
        " the"
        " callback.",
        causes=(
            Cause(
                "The effect or callback runs twice.",
                "The Network tab shows two requests to the token endpoint with the same code.",
                "Guard the exchange by a ref or a module variable, or remove code from the URL before the exchange, so that it"
                " runs once.",
            ),
            Cause(
                "Both the library's provider and your code exchange the code.",
                "One of the two requests succeeds.",
                "Leave the exchange to one of them.",
            ),
            Cause(
                "The browser or a proxy repeats or prefetches the callback.",
                "The second request comes without your code running.",
                "Answer the callback with a redirect right after the exchange.",
            ),
        ),
        source="https://github.com/soofstad/react-oauth2-pkce/issues/50",
        confidence="observed",
    ),
    KnownError(
        id="library-json-token-request",
        text=(
            (
                "application/json",
                "json.stringify",
                "json body",
                "as json",
                '"grant_type":',
                '"grant_type"=',
                "{ grant_type",
                "bodyparser.json",
                "addjsonbody",
            ),
            (
                "missing grant",
                "invalid 'content-type'",
                "grant_type is missing",
                "grant_type is required",
                "grant type is missing",
                "unsupported_grant_type",
                "no grant_type",
                "must contain the following parameter: 'grant_type'",
                "missing form parameter: grant_type",
                "unsupported content type",
                "invalid content-type",
                "missing parameter: grant_type",
                "missing required parameter: grant_type",
                "unsupported_media_type",
                "parameter grant_type is missing",
                '"grant_type" missing',
                "required parameter 'grant_type'",
            ),
        ),
        title="grant_type didn't arrive because the token request has a JSON body: the token endpoint reads only a form",
        why="RFC 6749 defines application/x-www-form-urlencoded for the token request. A JSON body is ignored, so that"
        " grant_type"
        " seems to be missing.",
        causes=(
            Cause(
                "The body is JSON, or an object that the HTTP library serialises as JSON.",
                "The request in the Network tab shows Request Payload instead of Form Data.",
                "Send Content-Type: application/x-www-form-urlencoded with a form body: new URLSearchParams({…}), or data= in"
                " Python requests, or --data-urlencode in curl.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3",
        confidence="documented",
    ),
    KnownError(
        id="oauthlib-token-expired",
        text=(("token_expired", "oauth2: token expired and refresh token is not set"),),
        title="The access token has expired, and the library has no refresh token or isn't told to refresh",
        why="The library keeps expires_at and refuses a request after it.",
        causes=(
            Cause(
                "Automatic refresh isn't configured.",
                "The token has a refresh_token.",
                "Pass auto_refresh_url, auto_refresh_kwargs and token_updater to OAuth2Session; in Go, use config.TokenSource.",
            ),
            Cause(
                "The server returned no refresh token.",
                "The stored token has none.",
                "Request offline_access (Google: access_type=offline) and log in again.",
            ),
        ),
        source="https://requests-oauthlib.readthedocs.io/en/latest/oauth2_workflow.html",
        confidence="documented",
    ),
    KnownError(
        id="library-authorization-header-lost",
        text=(
            (
                "authorization header",
                "authorization' header",
                "bearer header",
                "bearer token",
                "'authorization: bearer'",
                "no bearer token",
            ),
            (
                "stripped",
                "stripping",
                "strip",
                "not passed",
                "removed by",
                "not come through",
                "not coming through",
                "doesn't receive",
                "wont receive",
                "won't receive",
                "not received",
                "not being sent",
                "not forwarded",
                "is lost",
                "header found. either",
                "does not reach",
                "missing on the server",
                "is removed",
                "no bearer token found in request",
            ),
        ),
        title="The Authorization header doesn't reach the server: a proxy, the web server or a redirect removes it",
        why="Apache with CGI or PHP, some gateways, and HTTP clients after a redirect to another host drop Authorization.",
        causes=(
            Cause(
                "Apache or the PHP setup drops the header.",
                "A script that prints all headers on the server doesn't show it.",
                "Set CGIPassAuth On, or RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}].",
            ),
            Cause(
                "nginx or a gateway overwrites it.",
                "Its configuration has proxy_set_header Authorization.",
                "Remove that line, or pass $http_authorization on.",
            ),
            Cause(
                "The request was redirected (http to https, or to another host), and the client dropped the header.",
                "curl -v shows a 301 or 302.",
                "Call the final https URL directly.",
            ),
        ),
        source="https://github.com/bshaffer/oauth2-server-php/issues/602",
        confidence="observed",
    ),
    KnownError(
        id="oauthlib-missing-token",
        text=(("missing_token", "missing access token parameter", "missingtokenerror"),),
        title="The token response has no access_token: the server refused the request, and oauthlib hides the reason",
        why="requests-oauthlib reports (missing_token) for any response that it can't read, such as an error in another format,"
        " an HTML page or an empty body.",
        causes=(
            Cause(
                "The client isn't authenticated in the way that the server expects.",
                "The response has status 401 or invalid_client.",
                "Pass include_client_id=True and client_secret to fetch_token, or auth=HTTPBasicAuth(client_id,"
                " client_secret).",
            ),
            Cause(
                "The server requires a parameter that the library doesn't send, such as scope or resource.",
                "The response's body names it.",
                "Pass it to fetch_token as a keyword, for example scope=….",
            ),
            Cause(
                "The token URL is wrong, or the password or code isn't valid.",
                "Print the response: register_compliance_hook('access_token_response', …) or logging at DEBUG.",
                "Look at the body of the response and fix what it says.",
            ),
        ),
        source="https://github.com/requests/requests-oauthlib/issues/324",
        confidence="observed",
    ),
    KnownError(
        id="oauthlib-missing-code",
        text=(("missing_code", "missing code parameter in response", "missingcodeerror"),),
        title="code is missing in the redirect URL that was given to the library",
        why="fetch_token reads the code from authorization_response, the full URL of the redirect.",
        causes=(
            Cause(
                "The redirect carries an error in place of a code, such as access_denied.",
                "The URL has error=.",
                "Handle error first, and fix its cause.",
            ),
            Cause(
                "The URL was passed without its query, or the tokens are in the fragment.",
                "Print the URL that you pass.",
                "Pass the full URL (request.url with the query), and use response_type=code.",
            ),
        ),
        source="https://requests-oauthlib.readthedocs.io/en/latest/api.html",
        confidence="documented",
    ),
    KnownError(
        id="oauthlib-scope-changed",
        text=(("scope has changed from",),),
        captures=(r"scope has changed from \W?(?P<scopes>[^\"]+?)\W? to \W?(?P<scope>[^\"]+?)[\".]",),
        title="scope: the server granted other scopes than the app requested, and oauthlib treats that as an error",
        why="The granted scope in the token response isn't equal to the requested one: a scope was dropped, added, or only"
        " written differently.",
        causes=(
            Cause(
                "The server writes the scopes in another form or order, or adds some such as openid.",
                "The same scopes stand in both, in other words.",
                "Request the scopes exactly as the server returns them, or set OAUTHLIB_RELAX_TOKEN_SCOPE=1.",
            ),
            Cause(
                "A requested scope wasn't granted, because it isn't registered or the user refused it.",
                "The new list is shorter.",
                "Register the missing scope for the app, and compare the granted scope before you use it.",
            ),
        ),
        source="https://github.com/oauthlib/oauthlib/issues/562",
        confidence="documented",
    ),
    KnownError(
        id="go-cannot-fetch-token",
        text=(("oauth2: cannot fetch token",),),
        title="The Go oauth2 library got an error from the token endpoint; the line 'Response:' has the server's reason",
        why="With AuthStyleAutoDetect the library tries the Basic header first and then the body, so that the second error,"
        " often"
        " 'code used already', hides the first. It also percent-encodes the secret in the Basic header.",
        causes=(
            Cause(
                "The client authentication doesn't fit: header or body.",
                "The status is 401, or the code is invalid_client.",
                "Set Endpoint.AuthStyle to the method that the client is registered for: oauth2.AuthStyleInHeader or InParams.",
            ),
            Cause(
                "The secret has special characters, and the server doesn't decode the percent-encoding.",
                "The same secret works with curl -u.",
                "Use oauth2.AuthStyleInParams, or create a secret without special characters.",
            ),
            Cause(
                "The code is expired or was used already.",
                "The response says invalid_grant.",
                "Start a new login and exchange the code once.",
            ),
            Cause(
                "TokenURL is wrong.",
                "The status is 404 or 405, or the response is HTML.",
                "Copy token_endpoint from the discovery document.",
            ),
        ),
        source="https://github.com/golang/oauth2/issues/320",
        confidence="observed",
    ),
    KnownError(
        id="passport-failed-to-obtain-token",
        text=(("failed to obtain access token", "internaloautherror"),),
        without=("failed to fetch user profile",),
        title="Passport got no access token: the token request failed, and the reason is in err.oauthError",
        why="The strategy reports only 'Failed to obtain access token'. A stack with TLSSocket or emitErrorNT means that no"
        " connection was made; otherwise the server refused the code or the client.",
        causes=(
            Cause(
                "No connection to the token endpoint: proxy, firewall, DNS or certificate.",
                "The stack has socketErrorListener; err.oauthError is ENOTFOUND, ETIMEDOUT or a certificate error.",
                "Print err.oauthError, and call tokenURL with curl from the same machine; set a proxy agent if needed.",
            ),
            Cause(
                "The client secret, the callbackURL or the client_id is wrong.",
                "err.oauthError.data has invalid_client or redirect_uri_mismatch.",
                "Compare clientSecret and callbackURL with the registered ones.",
            ),
            Cause(
                "The code was used already, because the callback ran twice.",
                "err.oauthError.data has invalid_grant.",
                "Let the callback run once, and start a new login.",
            ),
        ),
        source="https://github.com/jaredhanson/passport-oauth2/issues/2",
        confidence="observed",
    ),
    KnownError(
        id="library-code-refused",
        text=(
            (
                "invalid authorization code",
                "authorization code is invalid",
                "authorization code has expired",
                "authorization code expired",
                "authorization code is not valid",
                "invalid or expired authorization code",
                "authorization code not found",
                "code has already been used",
                "code was already used",
                "code was already redeemed",
                "code already redeemed",
                "code has already been redeemed",
                "code is invalid or has expired",
                "code is invalid or expired",
                "code expired",
                "code has expired",
                "invalid code",
                "bad_verification_code",
                "code not valid",
                "malformed auth code",
                "authorization code provided is invalid",
            ),
        ),
        without=("status code", "country code", "hapi-"),
        title="code: the authorization code isn't valid any more, most often because it was used already",
        why="A code is valid once and for a minute or two. If a token arrives all the same, the same code was exchanged twice.",
        causes=(
            Cause(
                "The exchange runs twice: React StrictMode, a reload of the redirect URL, or both library and code.",
                "The Network tab shows two token requests; the first one succeeds.",
                "Exchange the code once: guard the effect, and remove code from the URL before the request.",
            ),
            Cause(
                "The code has expired, or was changed by copying or by decoding twice.",
                "More than a minute passed, or the code has %2F where the URL had / or the reverse.",
                "Start a new login and exchange the new code immediately, decoded once.",
            ),
            Cause(
                "redirect_uri or client_id of the token request differs from those of the authorize request.",
                "Compare both requests.",
                "Send the same redirect_uri in both.",
            ),
        ),
        source="https://github.com/auth0/auth0-spa-js/issues/850",
        confidence="observed",
    ),
    KnownError(
        id="library-token-request-status",
        text=(
            (
                *status_phrases(400),
                *status_phrases(401),
                "failed with status code 400",
                "failed with status code 401",
                "err_bad_request",
                "failed to fetch tokens",
            ),
            (
                "/token",
                "token endpoint",
                "token request",
                "token url",
                "gettoken",
                "tokenrequest",
                "access token error",
                "ownerpassword",
                "exchange",
                "access_token_url",
            ),
        ),
        without=(
            "invalid_grant",
            "invalid_client",
            "invalid_request",
            "invalid_scope",
            "unsupported_grant_type",
            "unauthorized_client",
            "access_denied",
            "operationoutcome",
            "aadsts",
            "keycloak",
        ),
        title="The token endpoint refused the request (400 or 401); the library shows only the status, the body has the reason",
        why="The body of the response has error and error_description. Libraries keep it in error.response.data,"
        " error.data.payload"
        " or err.body.",
        causes=(
            Cause(
                "The client id or secret is wrong, has a missing character, or is sent in another way than registered.",
                "The body says invalid_client; the status is often 401.",
                "Print error.response.data, and copy client id and secret again; use the Basic header or the body as"
                " registered.",
            ),
            Cause(
                "The code was used already or has expired, or the user name or password is wrong.",
                "The body says invalid_grant.",
                "Start a new login, and send the same redirect_uri as in the authorize request.",
            ),
            Cause(
                "The body isn't a form, or a parameter is missing.",
                "The body says invalid_request or unsupported_grant_type.",
                "Send application/x-www-form-urlencoded with grant_type (URLSearchParams in axios and fetch).",
            ),
        ),
        source="https://github.com/lelylan/simple-oauth2/issues/347",
        confidence="observed",
    ),
)
