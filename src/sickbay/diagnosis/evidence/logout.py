"""Reads a logout request and its context from a pasted exchange or a case."""

from __future__ import annotations

from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import parse


def read_request(evidence: Json) -> LogoutRequest:
    url, _, query = str(evidence["url"]).partition("?")
    method = str(evidence.get("method", "GET")).upper()
    return LogoutRequest(parse(str(evidence.get("body") or query)), url, method)


def context_of(evidence: Json, request: LogoutRequest) -> LogoutContext:
    """`context.id_token_keys` is the key set of the server. As on the server, the app is the one that the request names."""
    context = evidence.get("context", {})
    client = read.read_client(context)
    here = not isinstance(client, Client) or request.client_id == client.client_id
    keys = context.get("id_token_keys", UNKNOWN)
    return LogoutContext(server=read.read_server(context), client=client if here else None, keys=keys)


def to_evidence(request: LogoutRequest) -> dict[str, object]:
    if request.method == "POST":
        return {"kind": "logout_request", "method": "POST", "url": request.url, "body": request.parameters.raw}
    query = request.parameters.raw
    return {"kind": "logout_request", "url": f"{request.url}?{query}" if query else request.url}
