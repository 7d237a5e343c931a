"""A token request, pasted or from a case, as request and knowledge."""

from __future__ import annotations

from typing import Any

from sickbay.authorization import token_parameters
from sickbay.authorization.client_authentication import presented
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol import unicode


def request(given: Json) -> TokenRequest:
    """`body` is raw, as it was on the wire."""
    headers = {name: str(value) for name, value in given.get("headers", {}).items()}
    return token_parameters.read(given.get("method", "POST"), str(given.get("url", "")), headers, str(given.get("body") or ""))


def known(given: Json, asked: TokenRequest) -> TokenContext:
    context = given.get("context", {})
    client = read.client(context)
    family = read.family(context, asked.parameters.get("refresh_token"))
    symmetric = isinstance(client, Client) and client.client == "symmetric"
    return TokenContext(
        now=read.now(context),
        server=read.server(context),
        elsewhere=context.get("elsewhere", ""),
        client=client if not isinstance(client, Client) or _is_named(asked, client) else None,
        code=read.code(context, asked.parameters.get("code")),
        family=family,
        generation=0 if isinstance(family, TokenFamily) else None,
        answer=_answer(context, asked),
        session_ended=isinstance(family, TokenFamily) and family.session == "ended",
        secret_known=UNKNOWN if symmetric and isinstance(client, Client) and not client.secret_hash else True,
        seen_jti=_seen(context, client),
        jwks=_jwks(context, client),
        secret=context.get("app", {}).get("client_secret"),
        others=(client.client_id,) if isinstance(client, Client) else (),
        live_at=read.live_at(context),
        waits=int(context.get("waits", 0)),
        attempts=_attempts(context, asked),
    )


def _answer(context: Json, asked: TokenRequest) -> Unknown | None:
    """None if the context says that what the refresh token gave before was revoked."""
    grant = context.get("refresh_tokens", {}).get(asked.parameters.get("refresh_token") or "", {})
    return None if grant.get("answer") == "revoked" else UNKNOWN


def _attempts(context: Json, asked: TokenRequest) -> tuple[str, ...]:
    """Challenges of the other codes."""
    others = (one for code, one in context.get("codes", {}).items() if code != asked.parameters.get("code"))
    return tuple(one["code_challenge"] for one in others if one.get("code_challenge"))


def _seen(context: Json, client: object) -> tuple[str, ...]:
    seen = context.get("seen_jti", {})
    return tuple(seen.get(client.client_id, ())) if isinstance(client, Client) else ()


def _jwks(context: Json, client: object) -> dict[str, Any] | Unknown | None:
    """The keys of the registration, or what was fetched from its address; None where that failed."""
    if not isinstance(client, Client) or (client.jwks is None and client.jwks_uri not in context.get("jwks_fetch", {})):
        return UNKNOWN
    if client.jwks is not None:
        return client.jwks
    fetched = context["jwks_fetch"][client.jwks_uri]
    try:
        found = unicode.loads(fetched.get("body") or "")
    except ValueError:
        return None
    return found if fetched.get("status") == 200 and isinstance(found, dict) else None


def _is_named(asked: TokenRequest, client: Client) -> bool:
    """By either reading of Basic; a request that names nobody may be from this app."""
    read = presented(asked)
    raw = read.basic.raw[0] if read.basic and read.basic.raw else None
    return read.client_id is None or client.client_id in (read.client_id, raw)


def to_evidence(asked: TokenRequest) -> dict[str, object]:
    """The inverse of `request`: the corrected request in the form of the input."""
    headers = {name.title(): value for name, value in asked.headers.items()}
    return {"kind": "token_request", "method": asked.method, "url": asked.url, "headers": headers, "body": asked.parameters.raw}
