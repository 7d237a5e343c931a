"""Reads a launch URL, a redirect URL or the URL of an error page, as the app received it."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.rule_index import load_index
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import Parameters, parse


def read_request(evidence: Json) -> UrlRequest:
    """Reads the fragment as a query too, because client-side routers put parameters there."""
    url = str(evidence.get("url", "")).strip()
    front, _, fragment = url.partition("#")
    tail = fragment.partition("?")[2] or fragment
    headers = {str(name).lower(): str(value) for name, value in (evidence.get("headers") or {}).items()}
    return UrlRequest(url, parse(front.partition("?")[2]), parse(tail) if "=" in tail else Parameters(), headers)


def read_error_page(evidence: Json) -> UrlRequest:
    """The URL itself is used as the `error_uri`, if it has no such parameter."""
    plain = read_request(evidence)
    if "error_uri" in plain.parameters:
        return plain
    return structs.replace(plain, parameters=plain.parameters.replace([("error_uri", plain.url)]))


_STATE_WAS_SENT = "Sickbay assumes that the request had one, as SMART requires. Plain OAuth allows PKCE or a nonce instead."


def context_of(evidence: Json, request: UrlRequest) -> UrlContext:
    """What the app knew. The response of another server may name one of our rules."""
    context = evidence.get("context", {})
    allowed = context.get("allowed_iss")
    return UrlContext(
        server=read.read_server(context),
        client=read.read_client(context),
        sent_state=context.get("sent_state", UNKNOWN),
        allowed_iss=UNKNOWN if allowed is None else tuple(allowed),
        cookie_lost=read.is_cookie_lost(context),
        response_mode=context.get("response_mode"),
        ids=frozenset(load_index().places),
        guesses=() if "server" in context or "sent_state" in context else (("redirect-state-missing", _STATE_WAS_SENT),),
    )


def to_evidence(kind: str, request: UrlRequest) -> dict[str, object]:
    query = request.parameters.raw
    return {"kind": kind, "url": f"{request.url}?{query}" if query else request.url}
