"""Rules about the authorization response at the app's redirect URI."""

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Server
from sickbay.authorization.redirect import urn_of
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.answers.meanings import meaning
from sickbay.diagnosis.answers.values import oauth
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls

ANSWER = specs.rfc(6749, "4.1.2", "Authorization Response")
ERROR = specs.rfc(6749, "4.1.2.1", "Error Response")


def _severity(facts: Facts) -> Severity:
    """An app that requested the fragment, as keycloak-js and MSAL do, reads it in the browser."""
    return "info" if facts.get("asked_for") else "error"


PARAMS_IN_FRAGMENT = Rule(
    id="redirect-params-in-fragment",
    severity=_severity,
    outcome="the app sees no response",
    differs="The app's server gets no parameters, so it has nothing to refuse. An app that asked for the fragment reads it in "
    "the browser, so there this is info.",
    title="The response is after a `#` in the redirect URI",
    why="Browsers don't send the fragment to a server; only JavaScript in the page can read it. The usual cause is "
    "`response_mode=fragment`, or a `#` in the redirect URI.",
    fix="If a server of yours reads the response, leave out `response_mode` and register a redirect URI without a `#`.",
    spec=ANSWER,
)

NO_CODE_NO_ERROR = Rule(
    id="redirect-no-code-no-error",
    outcome="the app sees no response",
    differs="The app gets neither a code nor an error, so it has nothing to refuse.",
    title="The redirect has neither `code` nor `error`",
    why="Usually the redirect URI was opened directly or reloaded, or a router dropped the query string.",
    fix="Start at the launch URL instead of the redirect URI.",
    spec=ANSWER,
)

STATE_MISSING = Rule(
    id="redirect-state-missing",
    parameter="state",
    title="`state` is missing from the redirect",
    why="A server must return the `state` that it received, even with an error. Either your app didn't "
    "send one, or it got lost.",
    fix="Send a `state` in the authorization request. If your app already does, find out what removes it from the redirect.",
    spec=ANSWER,
)

STATE_MISMATCH = Rule(
    id="redirect-state-mismatch",
    parameter="state",
    title="`state` doesn't match the one that your app sent",
    why="The response belongs to another request (another tab, an earlier attempt or a lost session), or it is forged.",
    fix="Store the `state` in the session that starts the flow, and run one flow at a time.",
    spec=specs.rfc(6749, "10.12", "Cross-Site Request Forgery"),
)

CODE_MANGLED = Rule(
    id="redirect-code-mangled",
    outcome="the token endpoint will refuse it",
    differs="The app can't see that the code is incomplete; the token endpoint can.",
    parameter="code",
    title="`code` was changed on the way to your app",
    why="It contains a space, a `%` or an ellipsis. Usually it was decoded too often or not often enough, or a log "
    "shortened it.",
    fix="Read `code` with a query string parser, and send it form-encoded to the token endpoint.",
    spec=ANSWER,
)


def _without_description(request: UrlRequest, context: UrlContext) -> Facts | None:
    sent = request.parameters
    if not sent.get("error") or sent.get("error_description") or sent.get("error_uri"):
        return None
    error = str(sent.get("error"))
    return {"received": error, "means": meaning(oauth(error, redirected=True))[0]}


ERROR_OPAQUE = Rule(
    id="redirect-error-opaque",
    severity="warning",
    advises=_without_description,
    parameter="error",
    title="`error={received}` comes without an explanation",
    why="{means} The cause is in the authorization request, and this response doesn't name it.",
    fix="Run `sickbay doctor` on the authorization URL that led here.",
    spec=ERROR,
)


def _has_error_uri(request: UrlRequest, context: UrlContext) -> Facts | None:
    address = request.parameters.get("error_uri")
    if not address:
        return None
    urn = urn_of(address)
    return {
        "received": address,
        "urn": urn,
        "says": f" Its error code is `{urn}`." if urn else "",
    }


ERROR_URI_UNREAD = Rule(
    id="redirect-error-uri-unread",
    severity="info",
    advises=_has_error_uri,
    parameter="error_uri",
    title="`error_uri` explains this error",
    why="`error_uri` is the URL of a page about this error.{says}",
    fix="Open `error_uri`, and let your app show it to users who can act on it.",
    spec=ERROR,
)


def _find_mixed_content(request: UrlRequest, context: UrlContext) -> Facts | None:
    plain = urls.split(request.url).scheme == "http" and urls.host(request.url) and not urls.is_loopback(request.url)
    server = context.server if isinstance(context.server, Server) else Server()
    openers = (request.headers.get("referer", ""), request.headers.get("origin", ""), server.authorization_endpoint)
    secure = any(opener.lower().startswith("https:") for opener in openers)
    return {"received": request.url.partition("?")[0]} if plain and secure else None


MIXED_CONTENT = Rule(
    id="redirect-mixed-content",
    severity="warning",
    advises=_find_mixed_content,
    title="An `https` EHR redirects the browser to an `http` page: `{received}`",
    why="Browsers don't load an `http` page in a frame of an `https` page, so the frame stays blank.",
    fix="Serve your app over `https`.",
    spec=Spec("W3C Mixed Content", "https://www.w3.org/TR/mixed-content/#should-block-fetch"),
)
