"""Reads what an app received: a token response, a discovery document, or an exchange as the browser saw it."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.requests import HttpExchange, TokenAnswer
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence import inference
from sickbay.diagnosis.evidence.context import Json
from sickbay.protocol import jose, unicode


def read_token_response(evidence: Json) -> TokenAnswer:
    members = evidence.get("json") or {}
    jwt = jose.decode_unverified(str(members.get("id_token") or ""))
    return TokenAnswer(members, jwt.claims if jwt else None)


def read_document(evidence: Json) -> HttpExchange:
    """The parsed document is `json`, or else `body` if that is JSON. A missing status is 0, and missing headers are empty."""
    body = evidence.get("body")
    parsed = evidence.get("json")
    if parsed is None and isinstance(body, str):
        parsed = _parse_json(body)
    return HttpExchange(
        "GET",
        str(evidence.get("url", "")),
        _lower_header_names(evidence.get("request_headers")),
        int(evidence.get("status", 0)),
        _lower_header_names(evidence.get("headers")),
        body,
        parsed,
    )


def read_exchange(evidence: Json) -> HttpExchange:
    request, response = evidence["request"], evidence["response"]
    return HttpExchange(
        str(request.get("method", "GET")),
        str(request.get("url", "")),
        _lower_header_names(request.get("headers")),
        int(response.get("status", 0)),
        _lower_header_names(response.get("headers")),
        response.get("body"),
    )


def read_nothing(evidence: Json) -> None:
    """An error response as text. `diagnosis.answers` reads it, and no check needs it."""


def context_of(evidence: Json, response: object) -> AnswerContext:
    context = evidence.get("context", {})
    claims = response.claims if isinstance(response, TokenAnswer) else None
    received = evidence.get("response") or {}
    time = inference.time_of(context, claims, evidence.get("headers"), received.get("headers"))
    return AnswerContext(
        now=time.now,
        server=read.read_server(context),
        requested_scope=context.get("requested_scope"),
        client_id=context.get("client_id"),
        issuer=context.get("issuer"),
        nonce=context.get("nonce"),
        wants_refresh=bool(context.get("wants_refresh")),
        openid=context.get("openid_configuration"),
        expected_patient=context.get("expected_patient"),
        cookie_lost=read.is_cookie_lost(context),
        guesses=time.guesses,
    )


def to_evidence(response: object) -> dict[str, Any]:
    """Empty, because an app can't correct a response that it received."""
    return {}


def _lower_header_names(headers: Any) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (headers or {}).items()}


def _parse_json(body: str) -> Any:
    try:
        return unicode.loads(body)
    except ValueError:
        return None
