"""Rules of the answer, as it arrives at the app's redirect address."""

from sickbay.authorization.known import UrlKnown
from sickbay.authorization.redirect import urn_of
from sickbay.authorization.requests import UrlRequest
from sickbay.authorization.values import Server
from sickbay.diagnosis import specs
from sickbay.diagnosis.answers.meanings import meaning
from sickbay.diagnosis.answers.values import oauth
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol import urls

ANSWER = specs.rfc(6749, "4.1.2", "Authorization Response")
ERROR = specs.rfc(6749, "4.1.2.1", "Error Response")

PARAMS_IN_FRAGMENT = Rule(
    id="redirect-params-in-fragment",
    stage="redirect",
    explains="redirect-params-in-fragment",
    severity="error",
    outcome="the app sees no answer",
    title="The answer stands behind the # of the redirect address",
    why="What follows # never reaches a server. It comes of response_mode=fragment, or of an address with a # in it.",
    fix="Ask by response_mode=query or none, and register a plain path as redirect address.",
    spec=ANSWER,
)

NO_CODE_NO_ERROR = Rule(
    id="redirect-no-code-no-error",
    stage="redirect",
    explains="redirect-no-code-no-error",
    severity="error",
    outcome="the app sees no answer",
    title="The redirect address was opened with neither code nor error",
    why="It was opened by hand, reloaded after the code was taken off, or a router dropped the query.",
    fix="Start at the launch URL, not at the redirect page.",
    spec=ANSWER,
)

STATE_MISSING = Rule(
    id="redirect-state-missing",
    stage="redirect",
    explains="redirect-state-missing",
    severity="error",
    outcome="the app refuses",
    parameter="state",
    title="The answer has no state",
    why="A server must give back the state it got, also with an error; without one, your app sent none, or lost it.",
    fix="Send a state with the request. If you did: nothing on the way may strip the query.",
    spec=ANSWER,
)

STATE_MISMATCH = Rule(
    id="redirect-state-mismatch",
    stage="redirect",
    explains="redirect-state-mismatch",
    severity="error",
    outcome="the app refuses",
    parameter="state",
    title="The state that came back is not the one that was sent",
    why="It is the answer to another request: of another tab, of an older try, of a lost session, or a forged one.",
    fix="Keep the state in the session that began the flow, and begin one flow at a time.",
    spec=specs.rfc(6749, "10.12", "Cross-Site Request Forgery"),
)

CODE_MANGLED = Rule(
    id="redirect-code-mangled",
    stage="redirect",
    explains="redirect-code-mangled",
    severity="error",
    outcome="the token endpoint will refuse it",
    parameter="code",
    title="The code was changed on its way",
    why="It has a blank, a % or an ellipsis in it: decoded once too often, not often enough, or cut by a log.",
    fix="Take the code from a query parser, and send it form-encoded to the token endpoint.",
    spec=ANSWER,
)


def _opaque(request: UrlRequest, known: UrlKnown) -> Facts | None:
    sent = request.parameters
    if not sent.get("error") or sent.get("error_description") or sent.get("error_uri"):
        return None
    error = str(sent.get("error"))
    return {"received": error, "means": meaning(oauth(error, redirected=True))[0]}


ERROR_OPAQUE = Rule(
    id="redirect-error-opaque",
    stage="redirect",
    severity="warning",
    outcome="advice",
    advises=_opaque,
    parameter="error",
    title="The server says {received} and nothing else",
    why="{means} The cause is in the request that led here, and this answer doesn't say it.",
    fix="Run the doctor on the authorize URL that led here.",
    spec=ERROR,
)


def _unread(request: UrlRequest, known: UrlKnown) -> Facts | None:
    address = request.parameters.get("error_uri")
    if not address:
        return None
    urn = urn_of(address)
    return {
        "received": address,
        "urn": urn,
        "says": f"It names {urn}." if urn else "It is a page about this very answer.",
    }


ERROR_URI_UNREAD = Rule(
    id="redirect-error-uri-unread",
    stage="redirect",
    severity="info",
    outcome="advice",
    advises=_unread,
    parameter="error_uri",
    title="The reason is behind error_uri",
    why="error_uri is an address to open. {says}",
    fix="Open error_uri, and let your app show it to whoever can act on it.",
    spec=ERROR,
)


def _mixed(request: UrlRequest, known: UrlKnown) -> Facts | None:
    plain = urls.split(request.url).scheme == "http" and urls.host(request.url) and not urls.is_loopback(request.url)
    server = known.server if isinstance(known.server, Server) else Server()
    openers = (request.headers.get("referer", ""), request.headers.get("origin", ""), server.authorization_endpoint)
    secure = any(opener.lower().startswith("https:") for opener in openers)
    return {"received": request.url.partition("?")[0]} if plain and secure else None


MIXED_CONTENT = Rule(
    id="redirect-mixed-content",
    stage="redirect",
    severity="warning",
    outcome="advice",
    advises=_mixed,
    title="An EHR on https sends the browser to {received}",
    why="A page on https may not show one on http in a frame: the frame stays blank.",
    fix="Serve your app by https.",
    spec=Spec("W3C Mixed Content", "https://www.w3.org/TR/mixed-content/#should-block-fetch"),
)

RULES = (
    PARAMS_IN_FRAGMENT,
    NO_CODE_NO_ERROR,
    STATE_MISSING,
    STATE_MISMATCH,
    CODE_MANGLED,
    ERROR_OPAQUE,
    ERROR_URI_UNREAD,
    MIXED_CONTENT,
)
