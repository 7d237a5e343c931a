"""requests-oauthlib and oauthlib."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
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
        text=(
            (
                "missing_code",
                "missing code parameter in response",
                "missingcodeerror",
                "authorizationcode not available for exchange",
                "no code in response",
                "no authorization code",
            ),
        ),
        title="code is missing in the redirect URL that was given to the library",
        why="fetch_token reads the code from authorization_response, the full URL of the redirect.",
        causes=(
            Cause(
                "The redirect carries an error instead of a code, such as access_denied.",
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
                "Both name the same scopes, in different words.",
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
)
