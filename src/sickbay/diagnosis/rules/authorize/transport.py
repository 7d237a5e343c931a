"""Rules about the form of the request: whitespace, HTML escapes, encoding, repeated parameters and the endpoint."""

import re
from typing import TypeVar

from msgspec import structs

from sickbay.authorization.authorize.request_syntax import ONCE
from sickbay.authorization.contexts import AuthorizeContext, TokenContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import unicode, urls
from sickbay.protocol.parameters import Parameters, encode, parse

R = TypeVar("R", AuthorizeRequest, TokenRequest)

OF_TOKEN, OF_LOGOUT = LISTS["sent_to_token"], LISTS["sent_to_logout"]


def names_of(request: AuthorizeRequest | TokenRequest | LogoutRequest) -> tuple[str, ...]:
    """The names of the parameters that this kind of request may have."""
    return ONCE if isinstance(request, AuthorizeRequest) else OF_LOGOUT if isinstance(request, LogoutRequest) else OF_TOKEN


ADDRESSES = ("redirect_uri", "aud", "resource", "launch")
JOINED = ("response_type", "scope", "state", "client_id", "grant_type", "code")
"""Parameters whose values are searched for other parameters. URLs may contain such text themselves."""
_JOINT = re.compile(rf"[;?](?=(?:{'|'.join({*ONCE, *OF_TOKEN})})=)")


def _find_joined_parameters(request: AuthorizeRequest | TokenRequest, context: object) -> Facts | None:
    """Finds the name of a parameter inside the value of another one, except in URLs."""
    for name, value in request.parameters:
        joint = _JOINT.search(value) if name in JOINED else None
        lost = [part.partition("=")[0] for part in _JOINT.split(value)[1:]]
        if joint and lost[0] not in request.parameters:
            return {"received": joint.group(), "name": name, "brings": [name, *lost]}
    return None


def _split_joined_parameters(request: R, facts: Facts) -> R:
    pairs: list[tuple[str, str]] = []
    for name, value in request.parameters:
        first, *others = _JOINT.split(value) if name == facts["name"] else [value]
        pairs += [(name, first), *((other.partition("=")[0], other.partition("=")[2]) for other in others)]
    return structs.replace(corrections.set_parameters(request), parameters=Parameters(tuple(pairs), encode(pairs)))


def _body_is_not_a_form(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    body = request.raw.partition("?")[2].lstrip() if request.method == "POST" else ""
    kind = "JSON" if body.startswith("{") else "a multipart form" if body.startswith("--") else ""
    return {"received": kind, "brings": ONCE} if kind else None


def _convert_json_to_form(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Takes the parameters from a JSON body; other bodies stay as they are."""
    try:
        members = unicode.loads(request.raw.partition("?")[2])
    except (ValueError, RecursionError):
        return request
    pairs = tuple((name, value) for name, value in members.items() if isinstance(value, str))
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)), raw="", received=Parameters())


def _join_values(values: list[str] | tuple[str, ...]) -> str:
    return " ".join(dict.fromkeys(" ".join(values).split()))


def _keep_first_values(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Keeps the first value of each parameter, since it's unclear which one was meant, and all scopes."""
    repeated = {name: request.parameters.all(name) for name in facts["names"] if name in request.parameters}
    firsts = [(name, _join_values(values) if name == "scope" else values[0]) for name, values in repeated.items()]
    return corrections.set_parameters(request, *firsts)


def _find_unencoded_urls(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    query = urls.unescape(urls.join_lines(request.raw)).partition("?")[2] if request.raw else request.parameters.raw
    raw = [piece.partition("=") for piece in query.split("&")]
    names = [name for name, _, value in raw if name in ADDRESSES and urls.is_absolute(value)]
    if not names:
        return None
    values = [parse(f"v={value}").get("v") or "" for name, _, value in raw if name in names]
    facts = {"names": names, "received": values, "expected": [encode([("v", value)])[2:] for value in values]}
    return facts if isinstance(context.server, Server) else {**facts, "at_most": "info"}


def _encode_query(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    pairs = request.parameters.pairs
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)), raw="", received=Parameters())


def _is_at_token_endpoint(request: AuthorizeRequest | TokenRequest, context: AuthorizeContext | TokenContext) -> Facts | None:
    """Recognises an authorization request at the token endpoint; there, only GET requests come from a browser."""
    if isinstance(request, TokenRequest) and request.method != "GET":
        return None
    server = context.server if isinstance(context.server, Server) else Server()
    path = urls.split(request.url).path.rstrip("/")
    at_endpoint = bool(server.token_endpoint) and urls.normalise(request.url) == urls.normalise(server.token_endpoint)
    guessed = not server.token_endpoint and path.endswith("/token")
    if "response_type" not in request.parameters or not (at_endpoint or guessed):
        return None
    expected = server.authorization_endpoint or "the `authorization_endpoint` of the discovery document"
    return {"received": request.url, "expected": expected, "endpoint": server.authorization_endpoint}


def _move_to_right_endpoint(request: R, facts: Facts) -> R:
    if isinstance(request, TokenRequest) or not facts["endpoint"]:
        return request
    return structs.replace(request, url=facts["endpoint"], raw="")


def _endpoint_was_not_discovered(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    server = context.server
    if not isinstance(server, Server) or not server.authorization_endpoint or not request.url:
        return None
    endpoint, address = server.authorization_endpoint, re.split("[#&;]", request.url, maxsplit=1)[0]
    if urls.normalise(address) == urls.normalise(endpoint) or _is_at_token_endpoint(request, context):
        return None
    return {"received": request.url, "expected": endpoint, "endpoint": endpoint}


FUNCTIONS: RuleFunctions = {
    "authorize-fetched": {"advises": lambda request, context: {"received": "a script"}},
    "authorize-body-not-form": {"advises": _body_is_not_a_form, "repair": _convert_json_to_form},
    "parameters-misjoined": {"advises": _find_joined_parameters, "repair": _split_joined_parameters},
    "url-has-whitespace": {"repair": corrections.drop_raw_text},
    "url-html-escaped": {"repair": corrections.drop_raw_text},
    "duplicate-parameter": {"repair": _keep_first_values},
    "param-unencoded-url": {"advises": _find_unencoded_urls, "repair": _encode_query},
    "authorize-called-at-token-endpoint": {"advises": _is_at_token_endpoint, "repair": _move_to_right_endpoint},
    "authorize-endpoint-not-discovered": {"advises": _endpoint_was_not_discovered, "repair": _move_to_right_endpoint},
}
