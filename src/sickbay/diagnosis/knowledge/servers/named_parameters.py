"""Messages that name the parameter which the server misses, and messages of single libraries that say little else."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

OAUTH = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1"


def missing_phrases(name: str) -> tuple[str, ...]:
    """Ways in which servers say that the parameter isn't in the request."""
    quoted = (name, f"'{name}'", f'"{name}"', f"`{name}`", f"[{name}]", f"({name})")
    before = ("missing parameter", "missing parameter:", "missing required parameter", "missing required parameter:")
    words = ("is missing", "is required", "not present", "parameter is missing", "parameter is required", "was not provided")
    return (
        *(f"{start} {form}" for start in (*before, "required parameter(s)", "missing", "missing:") for form in quoted),
        *(f"{form} {end}" for end in words for form in quoted),
    )


ERRORS = (
    KnownError(
        id="missing-response-type",
        text=(missing_phrases("response_type"),),
        title="`response_type`: the authorization request doesn't contain it, or the server doesn't read it",
        why="RFC 6749 requires response_type in every authorization request. The server reads it from the query.",
        causes=(
            Cause(
                "The app or its library builds the authorization URL without response_type.",
                "The address in the browser has no response_type.",
                "Add `response_type=code` to the authorization URL.",
            ),
            Cause(
                "A redirect or a proxy drops the query, or & was written as &amp; in HTML.",
                "Compare the address that the app opens with the one that arrives.",
                "Keep the whole query, and separate parameters with a plain &.",
            ),
        ),
        source=OAUTH,
        confidence="documented",
    ),
    KnownError(
        id="missing-client-id",
        text=(missing_phrases("client_id"),),
        without=("google", "accounts.google"),
        title="`client_id`: the request doesn't contain it where the server looks for it",
        why="Some servers read it only from the form body, others accept it in the Basic header too.",
        causes=(
            Cause(
                "The library sends the id only in the Authorization header, and this server wants client_id in the body.",
                "The raw token request has a Basic header and no client_id in its body.",
                "Send client_id in the body; in requests-oauthlib pass `include_client_id=True` to fetch_token.",
            ),
            Cause(
                "The setting or environment variable with the id is empty.",
                "The request has client_id= or undefined.",
                "Set the variable in the environment in which the app runs, and restart it.",
            ),
            Cause(
                "The body is JSON or has no Content-Type, so the server reads no parameters.",
                "Look at the Content-Type of the token request.",
                "Send the parameters as application/x-www-form-urlencoded.",
            ),
        ),
        source="https://requests-oauthlib.readthedocs.io/en/latest/api.html",
        confidence="observed",
    ),
    KnownError(
        id="missing-redirect-uri",
        text=(missing_phrases("redirect_uri"),),
        without=("google", "invalid parameter"),
        title="`redirect_uri`: the request doesn't contain it, but this server requires it",
        why=(
            "The authorization request needs it if several are registered; the token request has to repeat the value of the "
            "authorization request."
        ),
        causes=(
            Cause(
                "The token request doesn't repeat the redirect URI of the login.",
                "Compare both requests.",
                "Send the same redirect_uri in the token request as in the authorization request.",
            ),
            Cause(
                "The setting with the callback address is empty.",
                "The address in the browser has redirect_uri= without a value.",
                "Set the callback address, and register it at the server.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3",
        confidence="documented",
    ),
    KnownError(
        id="authorization-request-lost",
        text=(
            (
                "uninitialized authorization request",
                "authorization request is not initialized",
                "no authorization request in session",
                "authorization request not found in session",
                "authorizationrequest is null",
                "session_expired or invalid_state",
                "cannot approve uninitialized",
            ),
        ),
        title="The server has lost the session with the authorization request: the user's approval belongs to none",
        why="The authorization server keeps the request in a session while the user logs in and approves.",
        causes=(
            Cause(
                "The session expired, or the approval page was opened by Back, a reload or a bookmark.",
                "A new login from the app's page works.",
                "Start the login again at the app.",
            ),
            Cause(
                "The session cookie isn't sent: another host or path, http instead of https, or a frame.",
                "The request with the approval has no session cookie of the server.",
                "Use one host and https at the server; set SameSite=None and Secure if it runs in a frame.",
            ),
            Cause(
                "Several server nodes don't share sessions.",
                "It fails only sometimes.",
                "Turn on sticky sessions or a shared session store.",
            ),
        ),
        source="https://github.com/mitreid-connect/OpenID-Connect-Java-Spring-Server/issues/1347",
        confidence="inferred",
    ),
    KnownError(
        id="aspnet-audience-blank",
        text=(("idx10214",), (" ' or validationparameters", "validaudience: ' ", "audiences: ' ")),
        title="The configured audience has a space at its end or beginning, so it doesn't match the token's aud",
        why="The audience is compared character by character, and the message shows a space inside the quotes.",
        causes=(
            Cause(
                "The value was copied with a space into appsettings or an environment variable.",
                "Both values in the message look the same but for the space before the quote.",
                "Remove the space from ClientId or Audience in the settings.",
            ),
        ),
        source="https://github.com/Azure-Samples/active-directory-aspnetcore-webapp-openidconnect-v2/issues/347",
        confidence="observed",
    ),
    KnownError(
        id="url-with-blank",
        text=(
            (
                "illegal character in scheme name",
                "illegal character in authority",
                "illegal character in path at index",
                "illegal character in query at index",
                "illegal character in opaque part",
                "no scheme found in uri",
            ),
        ),
        title="The URL has a character that isn't allowed in it, most often a space or line break from copying",
        why="The parser stops at the index in the message: 0 is a space before http, the last one a line break.",
        causes=(
            Cause(
                "The address in the settings begins or ends with a space or line break.",
                "Print the value between brackets.",
                "Remove the space from the configured URL, or trim the value.",
            ),
            Cause(
                "A parameter isn't percent-encoded, for example the spaces in scope or a | or { in the query.",
                "The index points into the query.",
                "Percent-encode the values of the parameters.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/7106",
        confidence="observed",
    ),
    KnownError(
        id="post-arrives-as-get",
        text=(
            (
                "`get` request",
                "a get request",
                "get request",
                "becomes a get",
                "became a get",
                "arrives as get",
                "as a get",
                "turned into a get",
                "changed to get",
                "converted to get",
                "request method 'get'",
            ),
            (
                "send a post",
                "sending a post",
                "sent a post",
                "send a `post`",
                "sending a `post`",
                "my `post`",
                "my post request",
                "although it is a post",
                "although i use post",
                "even though i use post",
                "using post",
                "i'm posting",
                "i am posting",
                "method is post",
                "doing a post",
                "make a post",
                "making a post",
            ),
            ("token", "oauth", "authoriz", "fhir"),
        ),
        title="The POST arrives as a GET: a redirect, mostly from http to https or to a trailing slash, changed the method",
        why="After a redirect with 301 or 302 clients repeat the request as GET without its body.",
        causes=(
            Cause(
                "The address has http, and the server redirects to https.",
                "curl -v shows a 301 or 302 before the error.",
                "Use the https address of the token endpoint.",
            ),
            Cause(
                "The address lacks or has a slash at the end, or the host differs (www).",
                "Compare the Location header with the address.",
                "Call the address that Location names.",
            ),
            Cause(
                "The client is set to GET.",
                "The first request in the trace is a GET.",
                "Set the method to POST.",
            ),
        ),
        source="https://github.com/trikoder/oauth2-bundle/issues/100",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-guard-resource-access",
        text=(
            ("resourceaccessnotallowedexception", "not a valid `resource_access`", "valid `resource_access` allowed by api"),
        ),
        title="resource_access: the token has no roles of a client that this API allows",
        why="Keycloak Guard compares the clients under resource_access with its setting KEYCLOAK_ALLOWED_RESOURCES.",
        causes=(
            Cause(
                "The setting is empty or names another client.",
                "The message ends with the allowed resources; nothing after the colon means that none is set.",
                "Set KEYCLOAK_ALLOWED_RESOURCES in .env to the client ID of the API, and clear the config cache.",
            ),
            Cause(
                "The user has no role of this client.",
                "Decode the token: resource_access has no entry for the client.",
                "Assign a client role to the user, or set KEYCLOAK_IGNORE_RESOURCES_VALIDATION=true.",
            ),
        ),
        where="Admin console > realm > Users > the user > Role mapping",
        source="https://github.com/robsontenorio/laravel-keycloak-guard",
        confidence="documented",
    ),
    KnownError(
        id="athena-search-outcome-invalid",
        servers=("athena",),
        text=(
            ('"code": "invalid"', '"code":"invalid"', "issue code invalid", "code invalid"),
            ("ah-practice", "patient="),
        ),
        title="ah-practice or patient has the wrong form, so the search found nothing to answer",
        why="athena ids carry the practice: `ah-practice=Organization/a-1.Practice-195900` and `patient=a-195900.E-806`.",
        causes=(
            Cause(
                "ah-practice is written with a colon or without Organization/.",
                "The address has ah-practice:Organization=.",
                "Write ah-practice=Organization/a-1.Practice-ID with your practice's ID.",
            ),
            Cause(
                "patient is the bare number of the athenaOne API.",
                "It doesn't begin with a- and the practice ID.",
                "Write patient=a-PRACTICE.E-NUMBER.",
            ),
            Cause(
                "The token's scope doesn't cover the resource type.",
                "Read scope in the token response.",
                "Add the scope in the developer portal, and request it.",
            ),
        ),
        source="https://docs.athenahealth.com/api/guides/fhir-r4",
        confidence="observed",
    ),
)
