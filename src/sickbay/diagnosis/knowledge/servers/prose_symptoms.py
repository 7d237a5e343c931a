"""Symptoms that people describe in their own words, without an error code or a server's name."""

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.symptom import symptom

SMART = "https://hl7.org/fhir/smart-app-launch/app-launch.html"
TOKENS = (
    *("get the access token", "get an access token", "get a token", "got a token", "got the token", "got an access token"),
    *("token request succeeds", "token fine", "token is fine", "token works", "receive the access token", "receive a token"),
    *("obtain the access token", "obtain a token", "token is issued", "token successfully", "successfully get", "valid token"),
    *("token exchange succeeds", "able to get the token", "able to get a token", "able to get an access token"),
)
CALLS = (
    "every call",
    "all calls",
    "fhir calls",
    "api calls",
    "call the api",
    "calls to the api",
    "requests to",
    "when i call",
    "every request",
)
ERRORS = (
    symptom(
        "prose-401-after-token",
        "",
        (TOKENS, (*CALLS, "with it", "using it", "use it", "but observation"), ("401", "unauthorized")),
        "401 although a token was issued: the API doesn't accept this token",
        "A token is accepted only by the server that it is meant for, while it is valid, and in the Authorization header.",
        Cause(
            "The token is for another API or environment.",
            "Decode it, and compare aud and iss with the address that you call.",
            "Request the token with this API as audience (in SMART: aud = the FHIR base URL).",
        ),
        Cause(
            "The header isn't Bearer, a space and the access token.",
            "Print the header: quotes, a missing space and the ID token are common.",
            "Send Authorization: Bearer and the value of access_token.",
        ),
        Cause("The token has expired.", "Compare expires_in with the time.", "Refresh it, or sign in again."),
        source="https://www.rfc-editor.org/rfc/rfc6750#section-3.1",
        confidence="inferred",
    ),
    symptom(
        "prose-403-after-token",
        "",
        (TOKENS, (*CALLS, "with it", "but observation", "come back", "returns"), ("403", "forbidden")),
        "403 although the token is valid: its scopes, or the user's rights, don't cover this request",
        "The API knows the token, and refuses the resource or the interaction.",
        Cause(
            "The granted scopes don't include this resource type or interaction.",
            "Look at scope in the token response; it can be less than was requested.",
            "Register and request the scope, such as patient/Observation.rs, and get a new token.",
        ),
        Cause(
            "The user or the service account lacks the permission or role.",
            "Another user can do it.",
            "Give the user the role, or ask the administrator to.",
        ),
        Cause(
            "The resource belongs to another patient than the one in context.",
            "Compare the ID with patient in the token response.",
            "Ask only for the patient in context, or request user/ scopes.",
        ),
        source="https://www.rfc-editor.org/rfc/rfc6750#section-3.1",
        confidence="inferred",
    ),
    symptom(
        "prose-deployed-redirects-to-localhost",
        "",
        (
            ("redirect", "callback", "sends me to", "goes to"),
            ("localhost",),
            ("deploy", "production", "works locally", "on the server", "heroku", "vercel", "netlify", "in azure", "on aws"),
        ),
        "`redirect_uri` of the deployed app still points to localhost, or the public one isn't registered",
        "The redirect URI comes from the app's configuration, and the server compares it with the registered ones.",
        Cause(
            "The redirect URI or base URL is fixed in the code or in a local environment file.",
            "Look at redirect_uri in the address of the login page.",
            "Set the public address in the environment of the deployment, and register exactly this redirect URI.",
        ),
        Cause(
            "The build contains the values of development.",
            "The deployed files contain localhost.",
            "Build again with the variables of production.",
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2",
        confidence="inferred",
    ),
    symptom(
        "prose-launch-parameter",
        "",
        (
            ("launch parameter", "launch token", "launch code", "launch value", "launch is invalid", "launch context"),
            ("what value", "where do i get", "what do i put", "how do i get", "is invalid", "invalid", "missing", "random"),
        ),
        "launch: the value comes from the EHR, which opens the app with iss and launch; an app can't make it up",
        "In an EHR launch the app passes on the launch value unchanged. A standalone app has none.",
        Cause(
            "The app is started without an EHR.",
            "The launch URL has no launch parameter.",
            "Leave out launch, and request the scope launch/patient instead of launch.",
        ),
        Cause(
            "The value was changed, or used a second time.",
            "Compare it with the launch URL.",
            "Send it unchanged in the authorization request, once per launch.",
        ),
        source=SMART,
        confidence="documented",
    ),
    symptom(
        "prose-only-some-scopes",
        "",
        (
            ("only get back", "only receive", "only get", "only returns", "only gives", "only granted", "i get only"),
            ("openid", "launch", "fhiruser", "scope"),
            ("patient/", "user/", "system/", "requested", "request scope"),
        ),
        "scope: the server granted fewer scopes than the app requested",
        "A server may drop scopes silently: the response's scope says what was granted.",
        Cause(
            "The scopes aren't registered for the app.",
            "Compare them with the registration in the developer portal.",
            "Register the missing scopes, then launch again.",
        ),
        Cause(
            "The server doesn't support wildcards, or only one version of the syntax.",
            "scopes_supported lists .read or .rs, and names of types instead of *.",
            "Request each type by name, in the server's syntax.",
        ),
        source=SMART,
        confidence="documented",
    ),
    symptom(
        "prose-signed-out-after-time",
        "",
        (
            ("logged out after", "signed out after", "log in again", "sign in again", "keep them signed in", "stay logged in"),
            ("hour", "minutes", "while", "refresh token", "expires", "session"),
        ),
        "The session ends because the access token expires and isn't refreshed, or the refresh token has ended",
        "Access tokens live minutes to an hour. A refresh token lives longer, and may be replaced at each use.",
        Cause(
            "The app doesn't request or use a refresh token.",
            "The token response has no refresh_token.",
            "Request offline_access (or online_access), and refresh before expires_in is over.",
        ),
        Cause(
            "The new refresh token of each response isn't stored.",
            "The second refresh fails.",
            "Store refresh_token of every response.",
        ),
        Cause(
            "The server limits the lifetime of the session or of the refresh token.",
            "It ends after the same time every day.",
            "Ask the operator for the limits, and sign the user in again at their end.",
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-6",
        confidence="inferred",
    ),
    symptom(
        "prose-opaque-token",
        "",
        (("opaque token", "opaque access token", "token is not a jwt", "not a jwt", "instead of a jwt"),),
        "The access token isn't a JWT: the server issues opaque tokens, or no audience was requested",
        "The format of access tokens is the server's business. Only the ID token is always a JWT.",
        Cause(
            "No API was named, so that the token is only for the user info endpoint.",
            "The authorization request has no audience or resource.",
            "Request the token with the audience (or scope) of your API.",
        ),
        Cause(
            "The server issues only opaque tokens.",
            "Its documentation says so.",
            "Check the token with introspection instead of decoding it.",
        ),
        source="https://www.rfc-editor.org/rfc/rfc7662",
        confidence="inferred",
    ),
    symptom(
        "prose-blank-page-after-redirect",
        "",
        (
            ("blank page", "white page", "blank white", "blank screen", "white screen", "nothing happens", "stays on"),
            ("?code=", "code=", "after redirect", "after the redirect", "after login", "callback"),
        ),
        "Nothing happens after the redirect: the page doesn't process the code",
        "The code in the URL has to be exchanged by the page at the redirect URI.",
        Cause(
            "The script of the callback isn't run, or fails.",
            "The browser's console shows an error, or Network shows no token request.",
            "Call the library's callback function (ready(), handleRedirect…) on the page of the redirect URI.",
        ),
        Cause(
            "The token request fails without being shown, often by CORS.",
            "Network has a red token request.",
            "Show errors of the token request, and allow the app's origin at the server.",
        ),
        Cause(
            "A router removes the query before the library reads it.",
            "The code vanishes from the address at once.",
            "Process the callback before the router starts.",
        ),
        source=SMART,
        confidence="inferred",
    ),
    symptom(
        "prose-pkce-second-attempt",
        "",
        (
            ("pkce", "code_verifier", "code verifier", "verifier"),
            (
                "second attempt",
                "second login",
                "second time",
                "first time works",
                "two tabs",
                "sometimes fails",
                "intermittent",
            ),
        ),
        "PKCE fails now and then: the code_verifier of another attempt is sent",
        "Each login has its own verifier. If two attempts share one place in storage, the later one overwrites the other.",
        Cause(
            "The verifier is stored under one fixed key.",
            "Two tabs or a double click start two logins.",
            "Store the code_verifier under the state of its attempt, and delete it after use.",
        ),
        source="https://www.rfc-editor.org/rfc/rfc7636#section-4.1",
        confidence="inferred",
    ),
)
