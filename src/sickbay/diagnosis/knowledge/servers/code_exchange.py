"""Exchanges of an authorization code that fail for a reason that the text shows."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3"
WITHOUT_REDIRECT = (
    "redirect_uri=",
    "redirect_uri:",
    '"redirect_uri"',
    "'redirect_uri':",
    "redirecturi",
    "redirect_uris",
    "callbackurl",
    "redirect_url",
    "refresh_token",
)

ERRORS = (
    KnownError(
        id="token-redirect-uri-differs",
        is_evident=True,
        codes=("invalid_grant",),
        text=(
            (
                "invalid redirect uri",
                "invalid redirect_uri",
                "incorrect redirect_uri",
                "redirect uri mismatch",
                "redirect_uri mismatch",
                "redirect uri does not match",
                "redirect uri is invalid",
                "mismatching redirect uri",
                "redirect_uri did not match",
                "redirect uri did not match",
            ),
        ),
        title="`redirect_uri` of the token request isn't the one of the authorization request",
        why="The code is bound to the redirect URI that it was requested with. The server compares both as strings, before it"
        " issues a token.",
        causes=(
            Cause(
                "The two requests have different values: http or https, host, port, path, or a trailing slash.",
                "Compare redirect_uri in the address of the login with the one in the token request.",
                "Send exactly the same value in both, from one setting.",
            ),
            Cause(
                "The value is percent-encoded twice in the form.",
                "The body has %253A.",
                "Give the plain URI to the library, which encodes it.",
            ),
            Cause(
                "The value isn't registered.",
                "The server's list lacks it.",
                "Register exactly this URI.",
            ),
        ),
        source=RFC6749,
        confidence="documented",
    ),
    KnownError(
        id="token-redirect-uri-missing",
        is_evident=True,
        codes=("invalid_grant", "invalid_request"),
        text=(
            ("grant_type=authorization_code&", "&grant_type=authorization_code", "grant_type: authorization_code"),
            ("redirect_uri does not match", "redirect uri does not match", "redirect uri mismatch", "redirect_uri mismatch"),
        ),
        without=WITHOUT_REDIRECT,
        title="`redirect_uri` is missing in the token request",
        why="If the authorization request had a redirect URI, the token request must repeat it (RFC 6749 4.1.3).",
        causes=(
            Cause(
                "The app or its library doesn't send it.",
                "The form has grant_type and code, and no redirect_uri.",
                "Add redirect_uri with exactly the value of the authorization request.",
            ),
            Cause(
                "The authorization request used another value.",
                "Compare both.",
                "Use one setting for both.",
            ),
        ),
        source=RFC6749,
        confidence="documented",
    ),
    KnownError(
        id="passport-request-token",
        is_evident=True,
        text=(
            ("failed to obtain request token", "failed to find request token in session"),
            ("oauthstrategy", "consumerkey", "consumersecret", "passport", "internaloautherror"),
        ),
        without=("twitter", "oauth2strategy"),
        title="Passport uses its strategy for OAuth 1.0, which has request tokens; this provider has OAuth 2",
        why="OAuthStrategy with consumerKey asks for a request token first. OAuth 2 providers have no such endpoint.",
        causes=(
            Cause(
                "The strategy is OAuthStrategy.",
                "The code has consumerKey and consumerSecret.",
                "Use OAuth2Strategy (of the same package) with clientID and clientSecret.",
            ),
            Cause(
                "The provider really has OAuth 1.0, and refuses the key or the callback.",
                "Its documentation speaks of consumer keys.",
                "Compare key, secret and callback URL with the registration, and check the clock.",
            ),
        ),
        source="https://github.com/jaredhanson/passport-google-oauth/issues/98",
        confidence="observed",
    ),
    KnownError(
        id="code-redeemed-again-by-reload",
        is_evident=True,
        text=(
            (
                "failed to obtain access token",
                "invalid_grant",
                "invalid grant",
                "code already",
                "code was already",
                "bad_verification_code",
                "failed to exchange",
            ),
            (
                "reload the page",
                "reload the callback",
                "reloading the page",
                "refresh the page",
                "refreshing the page",
                "page reload",
                "page refresh",
                "press f5",
                "back button",
                "on refresh",
            ),
        ),
        without=("refresh_token", "silent"),
        title="`code`: a reload sends the same authorization code again, which was used already",
        why="A code works once. The address of the callback still has it, so a reload or the Back button redeems it again.",
        causes=(
            Cause(
                "The app shows a page at the callback's address.",
                "The first time works; the address bar still has code.",
                "Redirect to an address without code after the exchange, and start a new login if a code is refused.",
            ),
            Cause(
                "The code has expired meanwhile.",
                "The reload comes minutes later.",
                "Start a new login.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2",
        confidence="documented",
    ),
    KnownError(
        id="google-code-by-hand",
        is_evident=True,
        codes=("invalid_grant",),
        text=(
            ("accounts.google.com", "googleapis.com", "google"),
            ("authentication code here", "enter the code", "paste the code", "verification code", "enter verification code"),
        ),
        without=("refresh_token", "assertion"),
        title="`code`: Google refuses the code that was typed in: used already, expired, incomplete, or the clock is wrong",
        why="The code works once and for a few minutes. A blank, a missing character or %2F instead of / makes it invalid.",
        causes=(
            Cause(
                "The code was used already or is too old.",
                "A second attempt with the same code.",
                "Run the tool again and paste a new code at once, decoded and without blanks.",
            ),
            Cause(
                "The machine's clock is wrong.",
                "Compare date -u with the real time.",
                "Synchronise the clock (NTP), and try again.",
            ),
            Cause(
                "The tool uses the out-of-band flow, which Google has switched off.",
                "Its redirect URI is urn:ietf:wg:oauth:2.0:oob.",
                "Update the tool, or use a loopback redirect URI.",
            ),
        ),
        source="https://github.com/vitalif/grive2/issues/57",
        confidence="observed",
    ),
)
