"""What came back to an app: a token response, a discovery document, a whole exchange as a browser saw it."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.requests import HttpExchange, TokenAnswer
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.protocol import jose, unicode


def token_response(given: Json) -> TokenAnswer:
    members = given.get("json") or {}
    jwt = jose.peek(str(members.get("id_token") or ""))
    return TokenAnswer(members, jwt.claims if jwt else None)


def document(given: Json) -> HttpExchange:
    """`json`, or `body` where it was none; what is not said was fine."""
    body = given.get("body")
    found = given.get("json")
    if found is None and isinstance(body, str):
        found = _json(body)
    return HttpExchange(
        "GET",
        str(given.get("url", "")),
        _lower(given.get("request_headers")),
        int(given.get("status", 0)),
        _lower(given.get("headers")),
        body,
        found,
    )


def exchange(given: Json) -> HttpExchange:
    request, response = given["request"], given["response"]
    return HttpExchange(
        str(request.get("method", "GET")),
        str(request.get("url", "")),
        _lower(request.get("headers")),
        int(response.get("status", 0)),
        _lower(response.get("headers")),
        response.get("body"),
    )


def nothing(given: Json) -> None:
    """An error answer as text: `diagnosis.answers` reads it, and no check needs it."""


def known(given: Json, asked: object) -> AnswerContext:
    context = given.get("context", {})
    return AnswerContext(
        now=read.now(context),
        server=read.server(context),
        requested_scope=context.get("requested_scope"),
        client_id=context.get("client_id"),
        issuer=context.get("issuer"),
        nonce=context.get("nonce"),
        wants_refresh=bool(context.get("wants_refresh")),
    )


def to_evidence(asked: object) -> dict[str, Any]:
    """An answer is not the app's to correct."""
    return {}


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (headers or {}).items()}


def _json(body: str) -> Any:
    try:
        return unicode.loads(body)
    except ValueError:
        return None
