"""Rules about how the request travelled: broken lines, HTML's escapes, raw URLs, repeated parameters, the wrong address."""

from dataclasses import replace

from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.values import Server
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol import urls
from sickbay.protocol.parameters import Parameters, encode, parse

ADDRESSES = ("redirect_uri", "aud", "resource", "launch")


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


def _once(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """The first of each; which of two different ones was meant is not to be known."""
    firsts = [(name, request.parameters.all(name)[0]) for name in facts["names"] if name in request.parameters]
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


def _at_token_endpoint(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    server = known.server if isinstance(known.server, Server) else Server()
    path = urls.split(request.url).path.rstrip("/")
    told = bool(server.token_endpoint) and urls.normalised(request.url) == urls.normalised(server.token_endpoint)
    guessed = not server.token_endpoint and path.endswith("/token")
    if "response_type" not in request.parameters or not (told or guessed):
        return None
    expected = server.authorization_endpoint or "the authorization_endpoint of discovery"
    return {"received": request.url, "expected": expected, "endpoint": server.authorization_endpoint}


def _elsewhere(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return replace(request, url=facts["endpoint"], raw="") if facts["endpoint"] else request


AUTHORIZE_CALLED_AT_TOKEN_ENDPOINT = Rule(
    id="authorize-called-at-token-endpoint",
    stage="authorize",
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
    endpoint = server.authorization_endpoint
    if urls.normalised(request.url) == urls.normalised(endpoint) or _at_token_endpoint(request, known):
        return None
    return {"received": request.url, "expected": endpoint, "endpoint": endpoint}


AUTHORIZE_ENDPOINT_NOT_DISCOVERED = Rule(
    id="authorize-endpoint-not-discovered",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_not_discovered,
    title="Your app sent the browser to {received}, which is not the endpoint that discovery names",
    why="An address from documents or from another hospital works until it moves, or until it is another hospital's.",
    fix="Read authorization_endpoint from .well-known/smart-configuration below iss at each launch: {expected}.",
    spec=specs.SMART_DISCOVERY,
    repair=_elsewhere,
)

RULES = (
    URL_HAS_WHITESPACE,
    URL_HTML_ESCAPED,
    DUPLICATE_PARAMETER,
    PARAM_UNENCODED_URL,
    AUTHORIZE_CALLED_AT_TOKEN_ENDPOINT,
    AUTHORIZE_ENDPOINT_NOT_DISCOVERED,
)
