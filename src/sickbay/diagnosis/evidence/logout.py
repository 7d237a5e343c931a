"""A request to sign a person out, pasted or from a case."""

from __future__ import annotations

from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import parse


def request(given: Json) -> LogoutRequest:
    url, _, query = str(given["url"]).partition("?")
    method = str(given.get("method", "GET")).upper()
    return LogoutRequest(parse(str(given.get("body") or query)), url, method)


def known(given: Json, asked: LogoutRequest) -> LogoutContext:
    """`context.id_token_keys`: the key set of the server."""
    context = given.get("context", {})
    client = read.client(context)
    here = not isinstance(client, Client) or asked.client_id in (None, client.client_id)
    keys = context.get("id_token_keys", UNKNOWN)
    return LogoutContext(server=read.server(context), client=client if here else None, keys=keys)


def to_evidence(asked: LogoutRequest) -> dict[str, object]:
    if asked.method == "POST":
        return {"kind": "logout_request", "method": "POST", "url": asked.url, "body": asked.parameters.raw}
    query = asked.parameters.raw
    return {"kind": "logout_request", "url": f"{asked.url}?{query}" if query else asked.url}
