"""Reads the registration or the key set that a text has next to its requests, for the checks that need the client.

What the registration doesn't say is taken from the request, so that nothing is concluded from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.doctor.pieces.issued_tokens import Json, is_shortened
from sickbay.doctor.pieces.piece import Piece
from sickbay.protocol import jose, urls
from sickbay.protocol.parameters import parse

BEFORE_KEYS = 160
"""The number of characters before a key set that may say whose it is."""
METHODS = {"none": "public", "private_key_jwt": "backend"}


def find_client_metadata(registrations: Sequence[Json], pieces: Sequence[Piece], text: str) -> dict[str, Any]:
    """The client metadata (RFC 7591, 2) with the key set that was pasted outside them; {} if several were pasted."""
    key_sets = [piece for piece in pieces if piece.subkind == "jwks" and isinstance(piece.values.get("keys"), list)]
    if len(registrations) > 1:
        return {}
    known = {name: value for name, value in (registrations or [{}])[0].items() if _is_known(name, value)}
    return known | (
        {"jwks": key_sets[0].values} if len(key_sets) == 1 and not _is_of_a_server(key_sets[0], pieces, text) else {}
    )


LISTS = ("redirect_uris", "grant_types")


def _is_known(name: str, value: object) -> bool:
    """Whether the member is read, isn't masked, and has its type: people paste anything as a registration."""
    if name in LISTS:
        return isinstance(value, list) and value != [] and all(isinstance(each, str) for each in value)
    if name == "jwks":
        return isinstance(value, dict)
    return name in TEXTS and isinstance(value, str) and value != "" and not is_shortened(value)


TEXTS = ("client_id", "client_secret", "scope", "token_endpoint_auth_method", "jwks_uri")


def _is_of_a_server(keys: Piece, pieces: Sequence[Piece], text: str) -> bool:
    """Whether the text before the key set has an address on the server to which a request goes."""
    servers = {urls.split(str(piece.values["url"])).hostname for piece in pieces if piece.kind == "request"} - {None}
    before = text[max(0, keys.start - BEFORE_KEYS) : keys.start]
    return any(f"//{server}" in before for server in servers)


DECIDED_BY = {
    "client_id": ("client_is_registered",),
    "redirect_uris": ("redirect_uri_is_registered",),
    "scope": ("scopes_are_registered",),
    "token_endpoint_auth_method": ("method_is_the_registered_one", "credentials_are_sent", "public_client_sends_no_secret"),
    "grant_types": ("client_may_use_the_grant",),
    "client_secret": ("secret_is_right",),
}
"""The members of a registration, and the checks that pass without proof if it doesn't have them."""


def make_client_context(known: Json, request: Json) -> dict[str, Any]:
    """The client in the context of an authorization URL or a token request, and the checks that assume a value."""
    assumed = [check for member, checks in DECIDED_BY.items() if member not in known for check in checks]
    return {"app": _make_app(known, request), "assumed": assumed}


def _make_app(known: Json, request: Json) -> dict[str, Any]:
    sent = _read_parameters(request)
    method = known.get("token_endpoint_auth_method") or _guess_method(sent, request)
    app = {
        "client_id": known.get("client_id") or _client_id(sent),
        "redirect_uris": known.get("redirect_uris") or list(filter(None, [sent.get("redirect_uri")])),
        "scopes": known.get("scope") or sent.get("scope", ""),
        "type": METHODS.get(method, "confidential"),
        "token_endpoint_auth_method": method,
        "grant_types": list({sent.get("grant_type", "authorization_code"), *known.get("grant_types", ())}),
        "smart_version": 1 if request["kind"] == "authorize_url" else 2,  # a registration doesn't say whether it needs PKCE
    }
    return app | {name: known[name] for name in ("client_secret", "jwks", "jwks_uri") if name in known}


def _read_parameters(request: Json) -> dict[str, str]:
    query, body = urls.split(str(request.get("url", ""))).query, str(request.get("body") or "")
    return dict((*parse(query).pairs, *parse(body).pairs))


def _guess_method(sent: Json, request: Json) -> str:
    """The method with which the request authenticates the client."""
    has_header = any(name.lower() == "authorization" for name in request.get("headers") or {})
    of_parameters = (("client_assertion", "private_key_jwt"), ("client_secret", "client_secret_post"))
    return next((method for name, method in of_parameters if name in sent), "client_secret_basic" if has_header else "none")


def _client_id(sent: Json) -> str:
    claims = jose.decode_unverified(sent.get("client_assertion", ""))
    return str(sent.get("client_id") or (claims.claims.get("iss") if claims else "") or "")
