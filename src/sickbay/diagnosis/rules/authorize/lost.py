"""Rules about parameters that did not come: they stand where nobody looks, or something else stands in their place."""

import re
from dataclasses import replace
from typing import Any

from sickbay.authorization.authorize.shape import ONCE
from sickbay.authorization.client_authentication import presented
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.authorization.values import Client, Server
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.values import placeholder
from sickbay.kernel.refusal import Facts
from sickbay.protocol.parameters import Parameters, parse
from sickbay.protocol.scopes import parse as parse_scope


def _none_came(request: AuthorizeRequest) -> bool:
    return not any(name in request.parameters for name in ONCE)


def _read(text: str) -> Parameters:
    """The parameters of an authorization request in this text, if it holds two at least."""
    read = parse(text)
    return read if sum(name in ONCE for name in read.names()) > 1 else Parameters()


def _with(request: AuthorizeRequest, url: str, read: Parameters) -> AuthorizeRequest:
    return replace(request, url=url, parameters=read, raw="", received=Parameters())


def _in_fragment(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    url, _, fragment = request.url.partition("#")
    if not _none_came(request) or not _read(fragment.lstrip("?/")).pairs:
        return None
    return {"received": "#", "expected": "?", "brings": ONCE, "url": url}


def _before_the_fragment(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return _with(request, facts["url"], _read(request.url.partition("#")[2].lstrip("?/")))


PARAMETERS_IN_FRAGMENT = Rule(
    id="parameters-in-fragment",
    stage="authorize",
    severity="error",
    outcome="advice",
    advises=_in_fragment,
    title="The parameters stand behind a #, where no server sees them",
    why="What stands behind a # stays in the browser: the server gets an address without any parameter.",
    fix="Put a ? where the # is.",
    spec=specs.rfc(3986, "3.5", "Fragment"),
    repair=_before_the_fragment,
    root=True,
)


_JOINT = re.compile(rf"[&;](?=(?:{'|'.join(ONCE)})=)")


def _without_mark(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    found = _JOINT.search(request.url.partition("#")[0])
    if found is None:
        return None
    brings = (*ONCE, "authorize-endpoint-not-discovered")
    return {"received": found[0], "expected": "?", "brings": brings, "url": request.url[: found.start()]}


def _with_mark(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    url, query = facts["url"], request.url[len(facts["url"]) + 1 :]
    return _with(request, url, parse(f"{query}&{request.parameters.raw}" if request.parameters.raw else query))


QUERY_WITHOUT_QUESTION_MARK = Rule(
    id="query-without-question-mark",
    stage="authorize",
    severity="error",
    outcome="advice",
    advises=_without_mark,
    title="The query begins with {received} where a ? belongs",
    why="Without a ? all of it is part of the path: another address, and one without any parameter.",
    fix="Put one ? before the first parameter, and & between all of them.",
    spec=specs.rfc(3986, "3.4", "Query"),
    repair=_with_mark,
    root=True,
)


def _encoded(request: AuthorizeRequest) -> Parameters:
    """Of one long name without a value, or of a first name that has all the others in its value."""
    pairs = request.parameters.pairs
    return _read("=".join(filter(None, pairs[0]))) if len(pairs) == 1 else Parameters()


def _encoded_whole(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    if not _encoded(request).pairs:
        return None
    return {"received": request.parameters.raw[:40], "brings": ONCE}


def _decoded(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return _with(request, request.url, _encoded(request))


QUERY_ENCODED_WHOLE = Rule(
    id="query-encoded-whole",
    stage="authorize",
    severity="error",
    outcome="advice",
    advises=_encoded_whole,
    title="The query is encoded as a whole, what stands between its parameters too",
    why="To a server it is one parameter, beginning with {received}.",
    fix="Encode each value for itself, and leave the = and & between them as they are.",
    spec=specs.rfc(6749, "B", "Use of application/x-www-form-urlencoded"),
    repair=_decoded,
    root=True,
)


def _without(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    empty = not request.parameters.pairs and not request.url.partition("#")[2] and not _JOINT.search(request.url)
    body = request.method == "POST" and request.raw.partition("?")[2].strip()
    server = known.server
    endpoint = server.authorization_endpoint if isinstance(server, Server) else "the authorization_endpoint of discovery"
    return {"received": None, "brings": ONCE, "endpoint": endpoint} if empty and not body else None


AUTHORIZE_WITHOUT_PARAMETERS = Rule(
    id="authorize-without-parameters",
    stage="authorize",
    severity="error",
    outcome="advice",
    advises=_without,
    title="The request came without any parameter",
    why="The address has no query. One that was built by hand lost it, a redirect dropped it, or it stood behind a #.",
    fix="Send the browser to {endpoint} with response_type=code, client_id and the rest in its query.",
    spec=specs.SMART_AUTHORIZE,
    root=True,
)

OF_AUTHORIZE = (
    "redirect_uri",
    "aud",
    "resource",
    "launch",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_type",
    "login_hint",
    "id_token_hint",
)
OF_TOKEN = (
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "scope",
)
"""Of client_id client-id-placeholder speaks."""
OF_LOGOUT = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


_NAMES: dict[type, tuple[str, ...]] = {
    AuthorizeRequest: OF_AUTHORIZE,
    TokenRequest: OF_TOKEN,
    LogoutRequest: OF_LOGOUT,
    AccessRequest: (),
}


def _unfilled(request: AuthorizeRequest | TokenRequest | LogoutRequest | AccessRequest, known: Any) -> Facts | None:
    names = next(names for kind, names in _NAMES.items() if isinstance(request, kind))
    registered = known.client.redirect_uris if isinstance(known.client, Client) else ()
    sent = {name: request.parameters.get(name) or "" for name in names}
    if isinstance(request, AccessRequest):
        sent = {"Authorization": request.headers.get("authorization", "").partition(" ")[2]}
    read = presented(request).basic if isinstance(request, TokenRequest) else None
    if read is not None and read.decoded:
        sent["client_secret"] = read.decoded[1]
    found = {name: what for name, value in sent.items() if value not in registered and (what := _what(name, value))}
    if not found:
        return None
    values = list(dict.fromkeys(sent[name] for name in found))
    brings = [*found, *(["client-secret-wrong"] if "client_secret" in found else [])]
    return {"names": list(found), "received": values, "what": next(iter(found.values())), "brings": brings}


def _what(name: str, value: str) -> str | None:
    """Of scopes one may be such a thing, or all."""
    if name != "scope":
        return placeholder(value)
    words = (one for one in value.split() if not parse_scope(one))
    return placeholder(value) or next((what for one in words if (what := placeholder(one))), None)


_EXAMPLES = {"state": repairs.EXAMPLE_STATE, "nonce": repairs.EXAMPLE_NONCE}


def _examples(request: Any, facts: Facts) -> Any:
    """Of what only the app can say; the rest is mended by what is refused for it."""
    if isinstance(request, AccessRequest):
        return repairs.new_token(request)
    return repairs.with_parameters(request, *((name, _EXAMPLES[name]) for name in facts["names"] if name in _EXAMPLES))


VALUE_IS_PLACEHOLDER = Rule(
    id="value-is-placeholder",
    stage="authorize",
    at=("token", "logout", "access"),
    severity="error",
    outcome="advice",
    degree="probable",
    advises=_unfilled,
    title="Your app sent {received} as {names}, which is {what}",
    why="A template, the environment or the code before it was to put a value there, and did not; it is taken as it stands.",
    fix="See where your app takes {names} from, and stop with an error where it is empty.",
    spec=specs.SMART_AUTHORIZE,
    repair=_examples,
    root=True,
)

RULES = (
    PARAMETERS_IN_FRAGMENT,
    QUERY_WITHOUT_QUESTION_MARK,
    QUERY_ENCODED_WHOLE,
    AUTHORIZE_WITHOUT_PARAMETERS,
    VALUE_IS_PLACEHOLDER,
)
