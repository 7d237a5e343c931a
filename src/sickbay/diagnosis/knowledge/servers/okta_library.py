"""Okta: grants and parameters that it refuses, and messages of okta-auth-js."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://github.com/okta/okta-auth-js"
API = "https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/"
GENERAL = "Okta Admin Console > Applications > the app > General"

ERRORS = (
    KnownError(
        id="okta-grant-not-allowed",
        text=(
            (
                "client is not authorized to use the provided grant type",
                "configured grant types",
                "is not authorized to use the provided grant",
            ),
        ),
        title="The grant type isn't enabled for this app in Okta",
        why="The message lists the grant types that are configured.",
        causes=(
            Cause(
                "The grant isn't ticked.",
                "Look at Grant type on the General tab.",
                (
                    "Enable the grant type for the app, for example Refresh Token or Client Credentials (only API Services "
                    "and Web apps)."
                ),
            ),
        ),
        where=f"{GENERAL} > Grant type",
        source=API,
        confidence="documented",
    ),
    KnownError(
        id="okta-response-type",
        text=(
            (
                "response_type' parameter",
                "illegal value for 'response_type'",
                "response type is not supported",
                "response_type is not supported",
            ),
            ("not", "illegal"),
        ),
        title="`response_type` isn't allowed for this app",
        why="token and id_token need the implicit grant; most apps allow only code.",
        causes=(
            Cause(
                "The app or the widget asks for tokens directly.",
                "Look at response_type.",
                "Send response_type=code with PKCE (pkce: true), or enable the implicit grant.",
            ),
        ),
        where=f"{GENERAL} > Grant type",
        source=API,
        confidence="documented",
    ),
    KnownError(
        id="okta-claim-evaluation",
        text=(("system claim could not be evaluated", "claim could not be evaluated"),),
        title="Okta couldn't compute a claim of the token for this user",
        why=(
            "A claim of the authorization server, most often sub, has an expression that fails, for example because a profile "
            "attribute is empty or the user isn't assigned to the app."
        ),
        causes=(
            Cause(
                "The expression of the claim fails for this user.",
                "Token Preview of the authorization server shows it.",
                "Correct the claim's expression, fill in the user's attribute, or assign the user to the app.",
            ),
        ),
        where="Okta Admin Console > Security > API > Authorization Servers > Claims",
        source="https://github.com/okta/samples-js-react/issues/33",
        confidence="observed",
    ),
    KnownError(
        id="okta-pkce-insecure-context",
        text=(
            ("pkce requires a modern browser", "must run on a secure origin", "secure https", "textencoder is not available"),
            ("pkce", "secure", "encryption", "textencoder"),
        ),
        title=(
            "PKCE needs a secure origin: the page runs over http on a host other than localhost, so crypto.subtle is missing"
        ),
        why="Browsers offer Web Crypto only to https pages and localhost.",
        causes=(
            Cause(
                "The page is opened over http with an IP address or host name.",
                "window.isSecureContext is false.",
                "Serve the page over https, or open it as http://localhost.",
            ),
        ),
        source="https://github.com/auth0/auth0-spa-js/blob/main/FAQ.md",
        confidence="documented",
    ),
    KnownError(
        id="okta-parse-token-url",
        text=(("unable to parse a token from the url", "unable to parse oauth flow", "there are no tokens in the url"),),
        title="The callback page has no code or token in its address",
        why=(
            "The library reads code and state from the URL. They are missing if the page was opened directly, if a router "
            "changed the address first, or if the code was read already."
        ),
        causes=(
            Cause(
                "The router (hash routing) changes the URL before the library reads it.",
                "The address had code= for a moment.",
                "Handle the callback before the router starts, and use response_mode=query with hash routes.",
            ),
            Cause(
                "The callback runs twice, or was opened directly.",
                "The address has no code.",
                "Call handleLoginRedirect once, only if isLoginRedirect() is true.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="okta-feature-not-enabled",
        text=(
            ("requested feature is not enabled in this environment", "e0000015", "api access management"),
            ("not enabled", "e0000015", "feature", "not have"),
        ),
        title="The org doesn't have this feature; custom authorization servers need API Access Management",
        why="Without it only the org authorization server exists, and /oauth2/default isn't there.",
        causes=(
            Cause(
                "The org has no API Access Management.",
                "Security > API shows no authorization servers.",
                "Use the issuer https://DOMAIN, or have the feature added to the org.",
            ),
        ),
        source="https://github.com/okta/samples-golang/issues/43",
        confidence="observed",
    ),
)
