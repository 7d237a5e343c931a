"""Reads a token request and its context from a pasted exchange or a case."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client, TokenFamily
from sickbay.authorization.requests import TokenRequest, token_request
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence import inference
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol import unicode


def read_request(evidence: Json) -> TokenRequest:
    """`body` is raw, as it was sent."""
    headers = {name.lower(): str(value) for name, value in evidence.get("headers", {}).items()}
    return token_request(evidence.get("method", "POST"), str(evidence.get("url", "")), headers, str(evidence.get("body") or ""))


def context_of(evidence: Json, request: TokenRequest) -> TokenContext:
    context = evidence.get("context", {})
    client = read.read_client(context)
    family = read.find_family(context, request.parameters.get("refresh_token"))
    symmetric = isinstance(client, Client) and client.client == "symmetric"
    smart = inference.is_smart(context, request)
    server, guessed = inference.infer_token_server(context, request, smart=smart)
    time = inference.time_of(context, inference.read_assertion_claims(request), evidence.get("headers"))
    return TokenContext(
        now=time.now,
        server=server,
        elsewhere=context.get("elsewhere", ""),
        client=client if not isinstance(client, Client) or _is_named(request, client) else None,
        code=read.find_code(context, request.parameters.get("code")),
        family=family,
        generation=0 if isinstance(family, TokenFamily) else None,
        answer=_repeated_answer(context, request),
        session_ended=isinstance(family, TokenFamily) and family.session == "ended",
        secret_known=UNKNOWN if symmetric and isinstance(client, Client) and not client.secret_hash else True,
        seen_jti=_list_used_ids(context, client),
        jwks=_known_keys(context, client),
        secret=context.get("app", {}).get("client_secret"),
        others=(client.client_id,) if isinstance(client, Client) else (),
        live_at=read.read_live_at(context),
        waits=int(context.get("waits", 0)),
        attempts=_other_challenges(context, request),
        smart=smart,
        guesses=(*guessed, *time.guesses, *inference.guess_liberties(context, request.url)),
    )


def _repeated_answer(context: Json, request: TokenRequest) -> Unknown | None:
    """None if the context says that the tokens that this refresh token returned were revoked."""
    grant = context.get("refresh_tokens", {}).get(request.parameters.get("refresh_token") or "", {})
    return None if grant.get("answer") == "revoked" else UNKNOWN


def _other_challenges(context: Json, request: TokenRequest) -> tuple[str, ...]:
    """The challenges of the other codes."""
    other_codes = (grant for code, grant in context.get("codes", {}).items() if code != request.parameters.get("code"))
    return tuple(grant["code_challenge"] for grant in other_codes if grant.get("code_challenge"))


def _list_used_ids(context: Json, client: object) -> tuple[str, ...]:
    seen = context.get("seen_jti", {})
    return tuple(seen.get(client.client_id, ())) if isinstance(client, Client) else ()


def _known_keys(context: Json, client: object) -> dict[str, Any] | Unknown | None:
    """The registered keys, or the ones fetched from `jwks_uri`; None if fetching them failed."""
    if not isinstance(client, Client) or (client.jwks is None and client.jwks_uri not in context.get("jwks_fetch", {})):
        return UNKNOWN
    if client.jwks is not None:
        return client.jwks
    fetched = context["jwks_fetch"][client.jwks_uri]
    try:
        key_set = unicode.loads(fetched.get("body") or "")
    except ValueError:
        return None
    return key_set if fetched.get("status") == 200 and isinstance(key_set, dict) else None


def _is_named(request: TokenRequest, client: Client) -> bool:
    """Whether the request is from this client. The Basic header is read with and without form-decoding.

    A request without a client ID may be from this client.
    """
    credentials = request.presented
    raw = credentials.basic.raw[0] if credentials.basic and credentials.basic.raw else None
    return credentials.client_id is None or client.client_id in (credentials.client_id, raw)


def to_evidence(request: TokenRequest) -> dict[str, object]:
    """The inverse of `request`: the corrected request in the form of the input."""
    headers = {name.title(): value for name, value in request.headers.items()}
    return {
        "kind": "token_request",
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "body": request.parameters.raw,
    }
