"""Finds JSON Web Tokens in text, and says what each of them is for."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sickbay.doctor.pieces.piece import Piece
from sickbay.protocol import jose

_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,20000}\.[\w-]{2,40000}(?:\.[\w-]{0,8000})?")


def find(text: str) -> Iterator[Piece]:
    for match in _JWT.finditer(text):
        jwt = jose.peek(match[0])
        if jwt is None:
            continue
        values = {"token": match[0], "header": jwt.header, "claims": jwt.claims}
        yield Piece(kind="jwt", start=match.start(), end=match.end(), subkind=kind_of(jwt.claims), values=values, is_whole=True)


HEADER: Mapping[str, Any] = {"alg": "RS384", "kid": "KEY-ID", "typ": "JWT"}
"""A header without a fault, for claims that were pasted without one."""


def decoded(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The client assertion whose header and claims were pasted as JSON. It gets a signature that isn't verified.

    is_whole: its header was pasted too.
    """
    if any(piece.kind == "jwt" for piece in pieces):
        return
    headers = [(piece, piece.values) for piece in pieces if piece.subkind == "jwt_header"]
    claims = [(piece, piece.values) for piece in pieces if piece.subkind == "jwt_claims"]
    for piece in pieces:
        if piece.subkind == "decoded_jwt":
            headers += _member(piece, "header")
            claims += _member(piece, "payload") or _member(piece, "claims")
    header = headers[0][1] if headers else HEADER
    if claims and kind_of(claims[0][1]) == "client_assertion":
        piece, members = claims[0]
        values = {"token": f"{_encoded(header)}.{_encoded(members)}.c2lnbmF0dXJl", "header": header, "claims": members}
        place = {"start": piece.start, "end": piece.end}
        yield Piece(kind="jwt", **place, subkind="client_assertion", values=values, is_whole=bool(headers))


def _member(piece: Piece, name: str) -> list[tuple[Piece, Mapping[str, Any]]]:
    value = piece.values.get(name)
    return [(piece, value)] if isinstance(value, Mapping) else []


def _encoded(members: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(dict(members)).encode()).rstrip(b"=").decode()


def kind_of(claims: Mapping[str, Any]) -> str:
    """A client assertion names a client to the URL of a server; an ID token names a user to a client."""
    if "iss" in claims and claims.get("iss") == claims.get("sub") and "aud" in claims:
        return "client_assertion"
    if {"scope", "scp", "scopes"} & claims.keys():
        return "access_token"
    if {"nonce", "auth_time", "at_hash", "fhirUser", "azp"} & claims.keys():
        return "id_token"
    is_for_a_server = any(map(_is_url, claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]))
    return "client_assertion" if is_for_a_server and not _is_url(claims.get("iss")) and not _OTHER & claims.keys() else "jwt"


_OTHER = frozenset(("client_id", "cid", "appid", "roles", "groups", "email", "name", "preferred_username"))
"""Claims of access tokens and of users."""


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))
