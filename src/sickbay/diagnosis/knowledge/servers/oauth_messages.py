"""Messages that many authorization servers use: codes, redirect URIs, clients and PKCE."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

TOKEN = "https://www.rfc-editor.org/rfc/rfc6749#section-3.2"

ERRORS = (
    KnownError(
        id="oauth-generic-invalid-grant",
        text=(
            (
                "authorization grant is invalid, expired, revoked",
                "authorization grant (e.g., authorization code",
                "invalid, expired, revoked, does not match the redirection",
                "provided authorization grant",
            ),
        ),
        title="The code or refresh token has expired, was used already, or belongs to another client, or redirect_uri differs",
        why="Doorkeeper, Hydra, Laravel Passport and others send this sentence of RFC 6749 for each of these reasons.",
        causes=(
            Cause(
                "The code or the rotated refresh token was used already, for example because a handler runs twice.",
                "The server's log shows an earlier request with it.",
                "Redeem each code once, and store the newest refresh token; start a new login.",
            ),
            Cause(
                "redirect_uri isn't exactly that of the authorization request.",
                "Compare both requests.",
                "Send the same redirect_uri.",
            ),
            Cause("It has expired, after 10 minutes or less.", "Compare the times.", "Redeem the code at once."),
            Cause(
                "It was issued to another client, or the password is wrong.", "Compare client_id.", "Send the same client_id."
            ),
        ),
        source="https://github.com/doorkeeper-gem/doorkeeper/issues/887",
        confidence="documented",
    ),
    KnownError(
        id="oauth-code-used",
        text=(
            (
                "authorization code not found",
                "inactive authorization code",
                "authorization code already consumed",
                "code has already been used",
                "refresh token already used",
                "already been claimed by another client",
                "code already used",
                "grant not found",
                "grant request is invalid",
                "authorization code is invalid",
                "authorization code has already been used",
                "authorization code already used",
                "code has already been redeemed",
                "auth_code_not_found",
                "code was already redeemed",
                "authorization code is invalid or has been",
                "invalid authorization code",
                "code doesn't exist or has expired",
                "authorization code expired",
                "authorization code has expired",
                "authorization code is expired",
                "invalid code",
            ),
        ),
        without=("openiddict", "identityserver", "iisexpress"),
        title="`code`: the authorization code has expired, was used already, or was changed on the way",
        why="A code can be redeemed once, within seconds or minutes. A second use often revokes the tokens of the first.",
        causes=(
            Cause(
                "The app redeems the code twice: reload, React StrictMode, retry, or two handlers.",
                "The network tab or the log shows two token requests with the same code.",
                "Redeem each code once, remove it from the address bar, and start a new login.",
            ),
            Cause(
                "The code was encoded twice or cut.",
                "Compare it with the redirect: %2F or + have changed.",
                "Decode the code once from the redirect, and encode it once in the form.",
            ),
            Cause("Too much time has passed.", "Compare the times.", "Redeem the code immediately."),
            Cause(
                "client_id, or the server, isn't that of the authorization request.",
                "Compare both requests.",
                "Send both requests to the same server with the same client_id.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2",
        confidence="documented",
    ),
    KnownError(
        id="redirect-uri-mismatch",
        text=(
            (
                "redirect_uri is missing in the client configuration",
                "redirect uri you provided",
                "unable to validate the redirect_uri",
                "redirect_uri must match configuration",
                "invalid redirectexception",
                "redirect_uri did not match",
                "redirect uri did not match",
                "not a registered redirect",
                "not an allowed redirect",
                "callback url mismatch",
                "callback url is not",
                "invalid callback url",
                "redirect uri is not allowed",
                "redirect_uri is not allowed",
                "redirect_uri is not correct",
                "redirect uri included is not valid",
                "invalid_redirect_url",
                "redirect_uri is not whitelisted",
                "redirect_uri not allowed",
                "redirect uri not allowed",
                "invalid redirect url",
                "redirect url mismatch",
                "redirect_uri not registered",
                "redirect_uri_mismatch",
                "mismatching_redirect_uri",
                "mismatching redirect uri",
                "redirection uri provided does not match",
                "redirect uri error",
                "mismatching redirection uri",
                "redirect_uri must match the registered",
                "invalid redirect_uri",
                "invalid redirect uri",
                "redirect_uri is invalid",
                "redirect uri is not valid",
                "redirect_uri is not valid",
                "redirect uri is invalid",
                "unregistered redirect",
                "redirect_uri is not registered",
                "invalid_redirect_uri",
                "redirect uri mismatch",
                "redirect uri does not match",
                "redirect_uri does not match",
            ),
        ),
        without=("aadsts", "/realms/", "login_error", "keycloak"),
        captures=(r"[?&\s\"]redirect_uri=\"?(?P<redirect_uri>[^\s&\",]+)",),
        title="`redirect_uri` isn't the registered callback URL: {redirect_uri}",
        why="The server compares the URI of the request with the registered ones, most often character by character.",
        causes=(
            Cause(
                "The URI isn't registered, or differs in http and https, host, port, path or trailing slash.",
                "Compare redirect_uri in the address bar with the registration.",
                "Register exactly the redirect URI that the app sends, or send the registered one.",
            ),
            Cause(
                "The app runs behind a proxy and sends http:// or an internal host.",
                "The address bar shows it.",
                "Set the app's public URL, and trust X-Forwarded-Proto.",
            ),
            Cause(
                "The URI is broken: encoded twice, with a space, a line break, or a fragment.",
                "Decode it once.",
                "Percent-encode the URI once.",
            ),
            Cause("The token request sends another redirect URI.", "Compare both requests.", "Send the same value in both."),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3",
        confidence="documented",
    ),
    KnownError(
        id="oauth-pkce-mismatch",
        text=(
            ("requires pkce", "require pkce", "code_verifier", "code verifier", "code_challenge", "code challenge", "pkce"),
            (
                "requires pkce",
                "require pkce",
                "invalid_pkce",
                "does not match",
                "doesn't match",
                "did not match",
                "mismatch",
                "verification failed",
                "invalid code_verifier",
                "invalid code verifier",
                "failed to verify code verifier",
                "code verifier is invalid",
                "code_verifier is invalid",
                "not match",
                "code_challenge is required",
                "code challenge required",
                "pkce is required",
                "pkce required",
                "code_verifier is required",
                "code_verifier missing",
            ),
        ),
        without=("fhir-user", "43 characters"),
        title="PKCE: `code_verifier` doesn't match code_challenge, or one of them is missing",
        why=(
            "The server computes base64url(SHA-256(code_verifier)) without padding and compares it with the code_challenge of "
            "the same login."
        ),
        causes=(
            Cause(
                "The verifier isn't the one of this login: created again, overwritten by a second tab, or lost.",
                "Log the verifier before the redirect and at the token request.",
                "Store the verifier per state before the redirect, and send the same value.",
            ),
            Cause(
                "The challenge is the hexadecimal digest or ordinary base64.",
                "It has +, / or =, or isn't 43 characters long.",
                "Send base64url of the SHA-256 bytes without =.",
            ),
            Cause(
                "code_challenge_method is missing, so that the server compares plain.",
                "Look at the authorization request.",
                "Send code_challenge_method=S256.",
            ),
            Cause(
                "The server requires PKCE, and the app doesn't use it.",
                "There is no code_challenge.",
                "Enable PKCE in the library.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7636#section-4.6",
        confidence="documented",
    ),
    KnownError(
        id="oauth-client-id-unknown",
        text=(
            (
                "client id error",
                "client identifier (client_id) is missing or invalid",
                "client is invalid",
                "errors.app.notfound",
                "invalid_client_id",
                "unknown or invalid client_id",
                "app not found",
                "client_registration_not_found",
                "unknown client",
                "client not found",
                "invalid client_id",
                "client_id is invalid",
                "no such client",
                "client does not exist",
                "application not found",
                "client is not registered",
                "unregistered client",
                "unknown client_id",
                "invalid client id",
            ),
        ),
        without=(
            "aadsts",
            "urn:cerner",
            "keycloak",
            "/realms/",
            "e.g., unknown client",
            "e.g. unknown client",
            "due to unknown client",
            "openiddict",
        ),
        title="`client_id` isn't registered at this server",
        why="The server has no client with this ID in this environment, tenant or realm.",
        causes=(
            Cause(
                "The value belongs to another environment, or is the app's name instead of its ID.",
                "Compare it character by character with the server's console.",
                "Copy the client_id from the registration at this server.",
            ),
            Cause(
                "The registration isn't active yet or was deleted.",
                "Look at its state.",
                "Activate it, or register the client again.",
            ),
            Cause(
                "A variable is empty or a placeholder.", "The request shows undefined or YOUR_CLIENT_ID.", "Set the variable."
            ),
        ),
        source=TOKEN,
        confidence="inferred",
    ),
    KnownError(
        id="oauth-two-authentications",
        text=(
            (
                "only be provided using one mechanism",
                "request body and headers contain",
                "both the header and the body",
                "more than one",
                "multiple client",
                "multiple authentication",
                "more than one method",
            ),
            (
                "client authentication must",
                "authorization information",
                "client credentials",
                "client authentication",
                "credentials",
                "authentication methods",
            ),
            ("client",),
        ),
        without=("urn:cerner",),
        title=(
            "The client authenticates in two ways at once: an Authorization header and client_secret or client_assertion in "
            "the body"
        ),
        why="RFC 6749 allows one method per request.",
        causes=(
            Cause(
                "The library adds Basic, and the code adds client_secret, too.",
                "The request has both.",
                "Send the client secret in one place only, the registered one.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-2.3",
        confidence="documented",
    ),
    KnownError(
        id="oauth-introspection-inactive",
        text=(
            ("introspect",),
            ("active",),
            ("false", "inactive", "not active", "isn't active", "not considered active", "no longer active"),
        ),
        without=("active-directory",),
        title=(
            "Introspection says that the token isn't active: expired, revoked, of another issuer, or not meant for the API "
            "that asks"
        ),
        why="RFC 7662 gives no reason. Many servers say false, too, if the caller may not see this token.",
        causes=(
            Cause(
                "The caller isn't authenticated, or isn't the API of the token (IdentityServer: an API resource).",
                "Compare the caller's id with aud and scope of the token.",
                "Call introspection with the API's own id and secret, and request one of its scopes.",
            ),
            Cause(
                "The token has expired or its session has ended.", "Try it at once after the login.", "Get a new access token."
            ),
            Cause(
                "Issuer, realm or host differ from those under which the token was issued.",
                "Compare iss with the address.",
                "Use the same address, or set the server's public URL.",
            ),
            Cause(
                "Another kind of token was sent.",
                "It is an ID token, or Bearer is part of the value.",
                "Send the raw access token as token.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc7662#section-2.2",
        confidence="documented",
    ),
    KnownError(
        id="oauth-basic-encoding",
        text=(
            (
                "special character",
                "plus character",
                "plus sign",
                "contains +",
                "contains a +",
                "percent-encod",
                "url-encod",
                "url encod",
                "urlencod",
                "has a colon",
                "contains a colon",
            ),
            ("secret", "client_id", "password"),
            ("basic",),
            ("fail", "invalid", "401", "unauthorized", "work", "error", "cannot", "reject"),
        ),
        without=("x-www-form-urlencoded", "--data-urlencode"),
        title=(
            "Authorization: Basic with special characters: the server percent-decodes id and secret, so they have to be "
            "encoded first"
        ),
        why=(
            "RFC 6749 requires percent-encoding of both before base64. Some servers expect the raw values instead, so + or % "
            "in a secret makes the difference."
        ),
        causes=(
            Cause(
                "The secret has +, %, : or other special characters and isn't encoded.",
                "It works with client_secret in the body, or with a plain secret.",
                "Percent-encode client_id and client_secret before base64, or send them in the form body.",
            ),
            Cause(
                "The library encodes them, and the server expects the raw values.",
                "The decoded header shows %2B.",
                "Send the raw values unencoded, or create a secret without special characters.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1",
        confidence="documented",
    ),
)
