"""An authorize URL, pasted or from a case, as request and knowledge."""

from __future__ import annotations

from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.values import Client
from sickbay.diagnosis.reading import context as read
from sickbay.diagnosis.reading.context import Json
from sickbay.protocol.parameters import parse


def request(given: Json) -> AuthorizeRequest:
    """`url` is raw, as it was on the wire or on a forum."""
    url, _, query = str(given["url"]).partition("?")
    return AuthorizeRequest(parse(query), url, given.get("method", "GET"), str(given["url"]))


def known(given: Json, asked: AuthorizeRequest) -> AuthorizeKnown:
    context = given.get("context", {})
    client = read.client(context)
    is_it = isinstance(client, Client) and client.client_id == asked.parameters.get("client_id")
    return AuthorizeKnown(
        now=read.now(context),
        server=read.server(context),
        client=client if is_it or not isinstance(client, Client) else None,
        launch=read.launch(context, asked.parameters.get("launch")),
        others=(client.client_id,) if isinstance(client, Client) else (),
        session_user=context.get("session"),
        seen_states=tuple(context.get("seen_states", ())),
    )


def unread(asked: AuthorizeRequest) -> dict[str, object]:
    """The inverse of `request`: the corrected request in the form of the input."""
    return {"kind": "authorize_url", "url": f"{asked.url}?{asked.parameters.raw}"}
