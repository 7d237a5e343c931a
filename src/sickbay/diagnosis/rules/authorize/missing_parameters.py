"""Rules about parameters that don't reach the server, and placeholders instead of values."""

import re
from typing import Any

from msgspec import structs

from sickbay.authorization.authorize.request_syntax import ONCE
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import AccessToken, Client, Server
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.guesses import MASKED
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.values import describe_placeholder, is_masked
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.protocol.parameters import Parameters, parse
from sickbay.protocol.scopes import parse as parse_scope


def _read_parameters(text: str) -> Parameters:
    """The authorization parameters in this text, if there are at least two."""
    read = parse(text)
    return read if sum(name in ONCE for name in read.names()) > 1 else Parameters()


def _replace_parameters(request: AuthorizeRequest, url: str, read: Parameters) -> AuthorizeRequest:
    return structs.replace(request, url=url, parameters=read, raw="", received=Parameters())


def _parameters_are_in_fragment(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    url, _, fragment = request.url.partition("#")
    if any(name in request.parameters for name in ONCE) or not _read_parameters(fragment.lstrip("?/")).pairs:
        return None
    return {"received": "#", "expected": "?", "brings": ONCE, "url": url}


def _move_parameters_to_query(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return _replace_parameters(request, facts["url"], _read_parameters(request.url.partition("#")[2].lstrip("?/")))


_JOINT = re.compile(rf"[&;](?=(?:{'|'.join(ONCE)})=)")


def _has_no_question_mark(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    joint = _JOINT.search(request.url.partition("#")[0])
    if joint is None:
        return None
    brings = (*ONCE, "authorize-endpoint-not-discovered")
    return {"received": joint[0], "expected": "?", "brings": brings, "url": request.url[: joint.start()]}


def _add_question_mark(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    url, query = facts["url"], request.url[len(facts["url"]) + 1 :]
    return _replace_parameters(request, url, parse(f"{query}&{request.parameters.raw}" if request.parameters.raw else query))


def _read_encoded_query(request: AuthorizeRequest) -> Parameters:
    """Parameters inside a single long name, or inside the value of a single parameter."""
    pairs = request.parameters.pairs
    return _read_parameters("=".join(filter(None, pairs[0]))) if len(pairs) == 1 else Parameters()


def _find_encoded_query(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if not _read_encoded_query(request).pairs:
        return None
    return {"received": request.parameters.raw[:40], "brings": ONCE}


def _decode_query(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return _replace_parameters(request, request.url, _read_encoded_query(request))


def _is_empty(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    empty = not request.parameters.pairs and not request.url.partition("#")[2] and not _JOINT.search(request.url)
    body = request.method == "POST" and request.raw.partition("?")[2].strip()
    server = context.server
    endpoint = (
        server.authorization_endpoint
        if isinstance(server, Server)
        else "the `authorization_endpoint` of the discovery document"
    )
    return {"received": None, "brings": ONCE, "endpoint": endpoint} if empty and not body else None


OF_AUTHORIZE, OF_TOKEN = LISTS["parameters_of_authorize"], LISTS["parameters_of_token"]
"""`client_id` has its own rule, client-id-placeholder."""
OF_LOGOUT = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


_SCHEMES = re.compile(r"\A[a-z][\w-]*+:?+ ++(?:bearer:?+ ++)*+", re.IGNORECASE)
"""The text before the token in an Authorization header: a scheme, and any number of the word Bearer."""
_NAMES: dict[type, tuple[str, ...]] = {AuthorizeRequest: OF_AUTHORIZE, TokenRequest: OF_TOKEN, LogoutRequest: OF_LOGOUT}


def _find_placeholders(request: AuthorizeRequest | TokenRequest | LogoutRequest | AccessRequest, context: Any) -> Facts | None:
    if isinstance(request, AccessRequest):
        if isinstance(context.token, AccessToken):
            return None  # what was sent is a token
        sent = {"Authorization": _SCHEMES.sub("", request.headers.get("authorization", "").strip())}
    else:
        sent = {name: value for name in _NAMES[type(request)] if (value := request.parameters.get(name))}
    registered = context.client.redirect_uris if isinstance(context.client, Client) else ()
    read = request.presented.basic if isinstance(request, TokenRequest) else None
    if read is not None and read.decoded:
        sent["client_secret"] = read.decoded[1]
    placeholders = {
        name: what for name, value in sent.items() if value not in registered and (what := _describe_placeholder(name, value))
    }
    if not placeholders:
        return None
    brings = [*placeholders, *(["client-secret-wrong"] if "client_secret" in placeholders else [])]
    left = [name for name in placeholders if context.client is not UNKNOWN or not is_masked(sent[name])]
    unfilled = left or list(placeholders)
    values = list(dict.fromkeys(sent[name] for name in unfilled))
    return {"names": unfilled, "received": values, "what": placeholders[unfilled[0]], "brings": brings} | (
        {} if left else MASKED
    )


def _describe_placeholder(name: str, value: str) -> str | None:
    """Describes what was sent instead of a value. A scope may be a placeholder as a whole or in part."""
    if value in (placeholders.PLACEHOLDER_CHALLENGE, placeholders.PLACEHOLDER_VERIFIER):
        return "a placeholder from a corrected request of Sickbay"
    if name != "scope":
        return describe_placeholder(value)
    words = (word for word in value.split() if not parse_scope(word))
    return describe_placeholder(value) or next((what for word in words if (what := describe_placeholder(word))), None)


_EXAMPLES = {"state": placeholders.EXAMPLE_STATE, "nonce": placeholders.EXAMPLE_NONCE}


def _fill_in_examples(request: Any, facts: Facts) -> Any:
    """Examples for values that only the app can create; the other rules correct the rest."""
    if isinstance(request, AccessRequest):
        return corrections.new_token(request)
    return corrections.set_parameters(request, *((name, _EXAMPLES[name]) for name in facts["names"] if name in _EXAMPLES))


FUNCTIONS: RuleFunctions = {
    "parameters-in-fragment": {"advises": _parameters_are_in_fragment, "repair": _move_parameters_to_query},
    "query-without-question-mark": {"advises": _has_no_question_mark, "repair": _add_question_mark},
    "query-encoded-whole": {"advises": _find_encoded_query, "repair": _decode_query},
    "authorize-without-parameters": {"advises": _is_empty},
    "value-is-placeholder": {"advises": _find_placeholders, "repair": _fill_in_examples},
}
