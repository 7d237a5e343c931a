"""An authorize URL, pasted or from a case, as request and knowledge."""

from __future__ import annotations

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Launch
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.protocol.headers import is_fetched

SEEN = {"state": "seen_states", "nonce": "seen_nonces", "code_challenge": "seen_challenges"}


def request(given: Json) -> AuthorizeRequest:
    """`url` is raw, as it was on the wire or on a forum."""
    text = str(given.get("url", ""))
    if given.get("method") == "POST" and given.get("body"):
        text = f"{text}?{given['body']}"
    return authorize_request(text, given.get("method", "GET"))


def known(given: Json, asked: AuthorizeRequest) -> AuthorizeContext:
    context = given.get("context", {})
    client = read.client(context)
    live = _live(context, asked.parameters.get("client_id"))
    launch = read.launch(context, live)
    is_it = isinstance(client, Client) and client.client_id == asked.parameters.get("client_id")
    return AuthorizeContext(
        now=read.now(context),
        server=read.server(context),
        elsewhere=context.get("elsewhere", ""),
        fetched=is_fetched({name.lower(): str(value) for name, value in (given.get("headers") or {}).items()}),
        client=None if context.get("app", {}).get("new") else client if is_it or not isinstance(client, Client) else None,
        live_at=read.live_at(context),
        launch=read.launch(context, asked.parameters.get("launch")),
        others=(client.client_id,) if isinstance(client, Client) else (),
        session_user=context.get("session"),
        seen=frozenset((name, value) for name, many in SEEN.items() for value in context.get(many, ())),
        live_launch=live,
        live=launch if isinstance(launch, Launch) else None,
    )


def _live(context: Json, client_id: str | None) -> str | None:
    """The code of a launch of this client that is neither used nor too old."""
    now = context.get("now", 0)
    for code, launch in context.get("launches", {}).items():
        fresh = launch.get("expires_at", now) >= now and not launch.get("used")
        if fresh and launch.get("client_id", client_id) == client_id:
            return str(code)
    return None


def to_evidence(asked: AuthorizeRequest) -> dict[str, object]:
    """The inverse of `request`: the corrected request in the form of the input."""
    query = asked.parameters.raw
    if asked.method == "POST":
        return {"kind": "authorize_url", "url": asked.url, "method": "POST", "body": query}
    return {"kind": "authorize_url", "url": f"{asked.url}?{query}" if query else asked.url}
