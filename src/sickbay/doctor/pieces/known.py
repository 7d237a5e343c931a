"""What the other pieces of a text show about a request: its launch, its client, and its access token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.doctor.pieces.inputs import Input
from sickbay.doctor.pieces.piece import Piece
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse

Json = Mapping[str, Any]
REGISTERED = ("registration", "jwks")
"""Kinds of pieces that show what is registered."""


class LaunchEvidence(NamedTuple):
    """What a text or a file shows of the launch to which a request belongs.

    launch: of `describe_launch`. responses: token responses. registered: client metadata. launched: query of the launch URL.
    """

    launch: Json
    responses: Sequence[Json]
    registered: Json | None = None
    launched: Mapping[str, str] | None = None


def add_context(found: Sequence[Input], pieces: Sequence[Piece], text: str) -> list[Input]:
    """The inputs, each with what the others and the pieces show. text: where the pieces stand."""
    whole = [each.evidence for each in found]
    launched = _list_queries(whole, "launch_url")
    responses, registered = _find_responses(whole), _find_client_metadata(whole, pieces, text)
    shown = LaunchEvidence(join_context(found), responses, registered, launched[0] if len(launched) == 1 else None)
    return [each._replace(evidence=_add_context(each.evidence, shown)) for each in found]


def _find_client_metadata(whole: Sequence[Json], pieces: Sequence[Piece], text: str) -> Json:
    if not any(each["kind"] in REGISTERED for each in whole) and not any(piece.subkind in REGISTERED for piece in pieces):
        return {}
    from sickbay.doctor.pieces.registered import find_client_metadata  # few texts have a registration

    return find_client_metadata([each["app"] for each in whole if each["kind"] == "registration"], pieces, text)


def _find_responses(whole: Sequence[Json]) -> list[Json]:
    return [each["json"] for each in whole if each["kind"] == "token_response"]


def _add_context(request: Json, shown: LaunchEvidence) -> dict[str, Any]:
    known = dict(shown.launch)
    if request["kind"] == "fhir_request":
        from sickbay.doctor.pieces.issued_tokens import insert_token, make_token_context  # a login has none

        request = insert_token(shown.responses, request)
        known |= make_token_context(shown.responses, request)
    if request["kind"] in ("authorize_url", "token_request") and shown.registered:
        from sickbay.doctor.pieces.registered import make_client_context  # few texts have a registration

        known |= make_client_context(shown.registered, request)
    if request["kind"] == "authorize_url" and shown.launched:
        known |= find_mismatched_server(shown.launched, request)
    given = request.get("context", {})
    return {**request, "context": {**known, **given}} if known or given else dict(request)


def join_context(found: Sequence[Input]) -> dict[str, Any]:
    """The context that the pieces of a launch give each other: the requested values, and each code with its challenge."""
    asked = next((_parse_query(each.evidence["url"]) for each in found if each.evidence["kind"] == "authorize_url"), None)
    if asked is None:
        return {}
    returned = next((_parse_query(each.evidence["url"]) for each in found if each.evidence["kind"] == "redirect_url"), {})
    return describe_launch(asked, returned.get("code") or _find_redeemed_code(found))


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
    asked = {query.get("state"): query for query in _list_queries(whole, "authorize_url")}
    states = {query["code"]: query.get("state") for query in _list_queries(whole, "redirect_url") if query.get("code")}
    responses = _find_responses(whole)
    shown = [LaunchEvidence(_find_launch(inputs, asked, states), responses) for inputs in exchanges]
    return [tuple(_add_context(each, launch) for each in inputs) for launch, inputs in zip(shown, exchanges, strict=True)]


def _list_queries(whole: Sequence[Json], kind: str) -> list[Mapping[str, str]]:
    return [_parse_query(str(each["url"])) for each in whole if each["kind"] == kind]


def _find_launch(inputs: Sequence[Json], asked: Mapping[Any, Mapping[str, str]], states: Mapping[str, Any]) -> Json:
    """Of a token request: what was requested where its code came from."""
    body = next((str(each.get("body") or "") for each in inputs if each["kind"] == "token_request"), "")
    code = dict(parse(body).pairs).get("code", "")
    return describe_launch(asked[states[code]], code) if code in states and states[code] in asked else {}


def find_mismatched_server(launched: Mapping[str, str], request: Json) -> dict[str, Any]:
    """The server of an authorization request whose `aud` isn't `iss` of the launch URL, as far as the two show it.

    Only `iss` is compared: the launch code may be that of another attempt.
    """
    sent = _parse_query(str(request["url"]))
    iss, aud, code = launched.get("iss", ""), sent.get("aud", ""), sent.get("launch", "")
    if not (urls.is_web(iss) and urls.is_web(aud) and code) or urls.normalise(iss) == urls.normalise(aud):
        return {}
    server = {"fhir_bases": [aud, iss], "authorization_endpoint": str(request["url"]).partition("?")[0]}
    return {"server": server, "launches": {code: {"iss": iss}}}


def _find_redeemed_code(found: Sequence[Input]) -> str:
    """Returns the code of the only token request. A single authorization URL most likely led to it."""
    bodies = [str(each.evidence.get("body") or "") for each in found if each.evidence["kind"] == "token_request"]
    is_one_launch = len(bodies) == 1 and sum(each.evidence["kind"] == "authorize_url" for each in found) == 1
    return dict(parse(bodies[0]).pairs).get("code", "") if is_one_launch else ""


def _default_response_mode(response_type: str) -> str:
    """The default is the fragment if a token is requested (OAuth 2.0 Multiple Response Type Encoding Practices 5)."""
    return "fragment" if {"token", "id_token"} & set(response_type.split()) else "query"


def _parse_query(url: str) -> Mapping[str, str]:
    return dict(parse(urls.split(url).query).pairs)
