"""Rules about how the request travelled: broken lines, HTML's escapes, raw URLs, repeated parameters, the wrong address."""

import re
from dataclasses import replace
from typing import TypeVar

from sickbay.authorization.authorize.shape import ONCE
from sickbay.authorization.known import AuthorizeKnown, TokenKnown
from sickbay.authorization.requests import AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.authorization.values import Server
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol import unicode, urls
from sickbay.protocol.parameters import Parameters, encode, parse

R = TypeVar("R", AuthorizeRequest, TokenRequest)

OF_TOKEN = (
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "client_secret",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_assertion",
    "client_assertion_type",
)


OF_LOGOUT = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


def names_of(request: AuthorizeRequest | TokenRequest | LogoutRequest) -> tuple[str, ...]:
    """The parameters that a request of this kind may have."""
    return ONCE if isinstance(request, AuthorizeRequest) else OF_LOGOUT if isinstance(request, LogoutRequest) else OF_TOKEN


ADDRESSES = ("redirect_uri", "aud", "resource", "launch")
JOINED = ("response_type", "scope", "state", "client_id", "grant_type", "code")
"""Where a joint is looked for: an address may have such a thing of its own."""
_JOINT = re.compile(rf"[;?](?=(?:{'|'.join({*ONCE, *OF_TOKEN})})=)")


def _misjoined(request: AuthorizeRequest | TokenRequest, known: object) -> Facts | None:
    """A name of a parameter inside the value of another one; in an address it may be that address's own."""
    for name, value in request.parameters:
        found = _JOINT.search(value) if name in JOINED else None
        lost = [one.partition("=")[0] for one in _JOINT.split(value)[1:]]
        if found and lost[0] not in request.parameters:
            return {"received": found.group(), "name": name, "brings": [name, *lost]}
    return None


def _rejoined(request: R, facts: Facts) -> R:
    pairs: list[tuple[str, str]] = []
    for name, value in request.parameters:
        first, *others = _JOINT.split(value) if name == facts["name"] else [value]
        pairs += [(name, first), *((one.partition("=")[0], one.partition("=")[2]) for one in others)]
    return replace(repairs.with_parameters(request), parameters=Parameters(tuple(pairs), encode(pairs)))


PARAMETERS_MISJOINED = Rule(
    id="parameters-misjoined",
    stage="authorize",
    at=("token",),
    severity="error",
    outcome="advice",
    advises=_misjoined,
    title="A {received} stands between parameters, where only & may",
    why="All that follows became part of {name}. An address that had a ? already, or a library that joins by ;, does so.",
    fix="Put one ? before the first parameter, and & between all of them.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_rejoined,
    root=True,
)


def _no_form(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    body = request.raw.partition("?")[2].lstrip() if request.method == "POST" else ""
    kind = "JSON" if body.startswith("{") else "a multipart form" if body.startswith("--") else ""
    return {"received": kind, "brings": ONCE} if kind else None


def _as_form(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Of what came in JSON; nothing of another kind is taken apart."""
    try:
        members = unicode.loads(request.raw.partition("?")[2])
    except (ValueError, RecursionError):
        return request
    pairs = tuple((name, value) for name, value in members.items() if isinstance(value, str))
    return replace(request, parameters=Parameters(pairs, encode(pairs)), raw="", received=Parameters())


AUTHORIZE_BODY_NOT_FORM = Rule(
    id="authorize-body-not-form",
    stage="authorize",
    severity="error",
    outcome="advice",
    advises=_no_form,
    title="The body of the request is {received}, of which nothing is read",
    why="The browser brings the parameters in the address, or by POST in a form; in a body of another kind nobody looks.",
    fix="Send them as application/x-www-form-urlencoded, or by GET in the query.",
    spec=specs.SMART_AUTHORIZE,
    repair=_as_form,
    root=True,
)


def _clean(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Reading has mended it already; what is left is to say so."""
    return replace(request, raw="", received=Parameters())


URL_HAS_WHITESPACE = Rule(
    id="url-has-whitespace",
    stage="authorize",
    explains="url-has-whitespace",
    severity="error",
    outcome="invalid_request",
    title="The URL has blanks or line breaks in it",
    why="A URL ends at the first blank. What stands behind it is lost, or becomes part of a value.",
    fix="Put the URL on one line. A blank inside a value is written %20.",
    spec=specs.rfc(3986, "2", "Characters"),
    repair=_clean,
)

URL_HTML_ESCAPED = Rule(
    id="url-html-escaped",
    stage="authorize",
    explains="url-html-escaped",
    severity="error",
    outcome="invalid_request",
    title="The URL has &amp; where & should stand",
    why="It was copied from the source of a page. The server sees parameters called amp;client_id and the like.",
    fix="Replace every &amp; by &.",
    spec=specs.rfc(3986, "2.2", "Reserved Characters"),
    repair=_clean,
)


def _together(every: list[str] | tuple[str, ...]) -> str:
    return " ".join(dict.fromkeys(" ".join(every).split()))


def _once(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """The first of each, which of two different ones was meant is not to be known; of scopes all."""
    kept = {name: request.parameters.all(name) for name in facts["names"] if name in request.parameters}
    firsts = [(name, _together(every) if name == "scope" else every[0]) for name, every in kept.items()]
    return repairs.with_parameters(request, *firsts)


DUPLICATE_PARAMETER = Rule(
    id="duplicate-parameter",
    stage="authorize",
    explains="duplicate-parameter",
    severity="error",
    outcome="invalid_request",
    degree="probable",
    title="Your app sent {names} more than once",
    why="Which of the two counts would be a guess, and servers guess differently: {received}.",
    fix="Send each parameter once.",
    spec=specs.rfc(6749, "3.1", "Authorization Endpoint"),
    repair=_once,
)


def _unencoded(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    query = urls.unescaped(urls.one_line(request.raw)).partition("?")[2] if request.raw else request.parameters.raw
    raw = [piece.partition("=") for piece in query.split("&")]
    names = [name for name, _, value in raw if name in ADDRESSES and urls.is_absolute(value)]
    if not names:
        return None
    values = [parse(f"v={value}").get("v") or "" for name, _, value in raw if name in names]
    return {"names": names, "received": values, "expected": [encode([("v", value)])[2:] for value in values]}


def _encoded(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    pairs = request.parameters.pairs
    return replace(request, parameters=Parameters(pairs, encode(pairs)), raw="", received=Parameters())


PARAM_UNENCODED_URL = Rule(
    id="param-unencoded-url",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_unencoded,
    title="The addresses in {names} are not percent-encoded",
    why="It works until such an address has an & or a # of its own: the rest of it is then lost.",
    fix="Encode each value once (encodeURIComponent, urlencode): {expected}.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_encoded,
)


def _at_token_endpoint(request: AuthorizeRequest | TokenRequest, known: AuthorizeKnown | TokenKnown) -> Facts | None:
    """Of what the token endpoint got: that which a browser brought."""
    if isinstance(request, TokenRequest) and request.method != "GET":
        return None
    server = known.server if isinstance(known.server, Server) else Server()
    path = urls.split(request.url).path.rstrip("/")
    told = bool(server.token_endpoint) and urls.normalised(request.url) == urls.normalised(server.token_endpoint)
    guessed = not server.token_endpoint and path.endswith("/token")
    if "response_type" not in request.parameters or not (told or guessed):
        return None
    expected = server.authorization_endpoint or "the authorization_endpoint of discovery"
    return {"received": request.url, "expected": expected, "endpoint": server.authorization_endpoint}


def _elsewhere(request: R, facts: Facts) -> R:
    if isinstance(request, TokenRequest) or not facts["endpoint"]:
        return request
    return replace(request, url=facts["endpoint"], raw="")


AUTHORIZE_CALLED_AT_TOKEN_ENDPOINT = Rule(
    id="authorize-called-at-token-endpoint",
    stage="authorize",
    at=("token",),
    severity="error",
    outcome="advice",
    advises=_at_token_endpoint,
    title="The authorization request went to the token endpoint",
    why="The token endpoint takes a code from your app by POST; the browser must go to the authorization endpoint first.",
    fix="Send the browser to {expected}.",
    spec=specs.rfc(6749, "3", "Protocol Endpoints"),
    repair=_elsewhere,
)


def _not_discovered(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    server = known.server
    if not isinstance(server, Server) or not server.authorization_endpoint or not request.url:
        return None
    endpoint, address = server.authorization_endpoint, re.split("[#&;]", request.url, maxsplit=1)[0]
    if urls.normalised(address) == urls.normalised(endpoint) or _at_token_endpoint(request, known):
        return None
    return {"received": request.url, "expected": endpoint, "endpoint": endpoint}


AUTHORIZE_ENDPOINT_NOT_DISCOVERED = Rule(
    id="authorize-endpoint-not-discovered",
    stage="authorize",
    explains="authorize-endpoint-not-discovered",
    severity="warning",
    outcome="404, on a page; where another server gets it, advice",
    advises=_not_discovered,
    title="Your app sent the browser to {received}, which is not the endpoint that discovery names",
    why="An address from documents or from another hospital works until it moves, or until it is another hospital's.",
    fix="Read authorization_endpoint from .well-known/smart-configuration below iss at each launch: {expected}.",
    spec=specs.SMART_DISCOVERY,
    repair=_elsewhere,
)


def _fetched(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    return {"received": "a script"} if known.fetched else None


AUTHORIZE_FETCHED = Rule(
    id="authorize-fetched",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_fetched,
    title="A script fetched the authorization request, and the browser did not go there",
    why="A person signs in and says yes here, on pages. fetch shows none, and the browser keeps the answer from the script.",
    fix="Send the browser there: location.assign(url), or a link.",
    spec=specs.rfc(6749, "3.1", "Authorization Endpoint"),
)

RULES = (
    AUTHORIZE_FETCHED,
    AUTHORIZE_BODY_NOT_FORM,
    PARAMETERS_MISJOINED,
    URL_HAS_WHITESPACE,
    URL_HTML_ESCAPED,
    DUPLICATE_PARAMETER,
    PARAM_UNENCODED_URL,
    AUTHORIZE_CALLED_AT_TOKEN_ENDPOINT,
    AUTHORIZE_ENDPOINT_NOT_DISCOVERED,
)
