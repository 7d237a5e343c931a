"""What the other pieces of a text show of a request: the launch that it belongs to, its client, and its access token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.doctor.pieces.inputs import Input
from sickbay.doctor.pieces.issued_tokens import Json, insert_token, to_tokens
from sickbay.doctor.pieces.piece import Piece
from sickbay.doctor.pieces.registered import REQUESTS, find_registered, to_app
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse


def add_context(found: Sequence[Input], pieces: Sequence[Piece], text: str) -> list[Input]:
    """The inputs, each with what the others and the pieces show. text: where the pieces stand."""
    known = context(found)
    registered = find_registered([each["app"] for each in _of_kind(found, "registration")], pieces, text)
    responses = [each["json"] for each in _of_kind(found, "token_response")]
    return [_add_known(each, known, registered, responses) for each in found]


def _of_kind(found: Sequence[Input], kind: str) -> list[dict[str, Any]]:
    return [each.evidence for each in found if each.evidence["kind"] == kind]


def _add_known(found: Input, known: Json, registered: Json, responses: Sequence[Json]) -> Input:
    request: Json = found.evidence
    if request["kind"] == "fhir_request":
        request = insert_token(responses, request)
        known = {**known, "tokens": tokens} if (tokens := to_tokens(responses, request)) else known
    elif registered and request["kind"] in REQUESTS:
        known = {**known, "app": to_app(registered, request)}
    return found._replace(evidence={**request, "context": {**known, **request.get("context", {})}}) if known else found


def context(found: Sequence[Input]) -> dict[str, Any]:
    """The context that the pieces of a launch give each other: the requested values, and each code with its challenge."""
    asked = next((_query(each.evidence["url"]) for each in found if each.evidence["kind"] == "authorize_url"), None)
    if asked is None:
        return {}
    returned = next((_query(each.evidence["url"]) for each in found if each.evidence["kind"] == "redirect_url"), {})
    return describe_launch(asked, returned.get("code") or _find_redeemed(found))


def describe_launch(asked: Mapping[str, str], code: str) -> dict[str, Any]:
    """What the parameters of an authorization request say about the rest of its launch. code: what it returned, or ""."""
    known: dict[str, Any] = {name: asked.get(name) for name in ("nonce", "client_id")}
    known |= {"requested_scope": asked.get("scope"), "sent_state": asked.get("state")}
    known["wants_refresh"] = "offline_access" in asked.get("scope", "")
    known["response_mode"] = asked.get("response_mode") or _default_response_mode(asked.get("response_type", ""))
    if code:
        names = ("client_id", "redirect_uri", "scope", "code_challenge", "code_challenge_method", "nonce")
        known["codes"] = {code: {name: asked[name] for name in names if name in asked}}
    return {name: value for name, value in known.items() if value}


def compare_exchanges(exchanges: Sequence[Sequence[Json]]) -> list[tuple[dict[str, Any], ...]]:
    """The inputs of each exchange of a HAR file, with what the others show: the launch by its state and code, and the token."""
    whole = [each for inputs in exchanges for each in inputs]
    asked = {query.get("state"): query for query in _queries(whole, "authorize_url")}
    states = {query["code"]: query.get("state") for query in _queries(whole, "redirect_url") if query.get("code")}
    responses = [each["json"] for each in whole if each["kind"] == "token_response"]
    return [tuple(_add(each, _find_launch(inputs, asked, states), responses) for each in inputs) for inputs in exchanges]


def _queries(whole: Sequence[Json], kind: str) -> list[Mapping[str, str]]:
    return [_query(str(each["url"])) for each in whole if each["kind"] == kind]


def _find_launch(inputs: Sequence[Json], asked: Mapping[Any, Mapping[str, str]], states: Mapping[str, Any]) -> Json:
    """Of a token request: what was requested where its code came from."""
    body = next((str(each.get("body") or "") for each in inputs if each["kind"] == "token_request"), "")
    code = dict(parse(body).pairs).get("code", "")
    return describe_launch(asked[states[code]], code) if code in states and states[code] in asked else {}


def _add(request: Json, launch: Json, responses: Sequence[Json]) -> dict[str, Any]:
    tokens = to_tokens(responses, request) if request["kind"] == "fhir_request" else {}
    return {**request, "context": {**launch, **request["context"], **({"tokens": tokens} if tokens else {})}}


def _find_redeemed(found: Sequence[Input]) -> str:
    """The code of the only token request: next to a single authorization URL, it most likely came from there."""
    bodies = [str(each.evidence.get("body") or "") for each in found if each.evidence["kind"] == "token_request"]
    is_one_launch = len(bodies) == 1 and sum(each.evidence["kind"] == "authorize_url" for each in found) == 1
    return dict(parse(bodies[0]).pairs).get("code", "") if is_one_launch else ""


def _default_response_mode(response_type: str) -> str:
    """The default is the fragment if a token is requested (OAuth 2.0 Multiple Response Type Encoding Practices 5)."""
    return "fragment" if {"token", "id_token"} & set(response_type.split()) else "query"


def _query(url: str) -> Mapping[str, str]:
    return dict(parse(urls.split(url).query).pairs)
