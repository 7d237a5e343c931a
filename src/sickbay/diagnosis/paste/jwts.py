"""Finds JSON Web Tokens in text, and says what each of them is for."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sickbay.diagnosis.paste.piece import Piece
from sickbay.protocol import jose

_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,20000}\.[\w-]{2,40000}(?:\.[\w-]{0,8000})?")


def find(text: str) -> Iterator[Piece]:
    for match in _JWT.finditer(text):
        jwt = jose.peek(match[0])
        if jwt is None:
            continue
        values = {"token": match[0], "header": jwt.header, "claims": jwt.claims}
        yield Piece(kind="jwt", start=match.start(), end=match.end(), subkind=kind_of(jwt.claims), values=values, is_whole=True)


def decoded(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The client assertion whose header and claims were pasted as JSON. It gets a signature that isn't verified."""
    header = next((piece for piece in pieces if piece.subkind == "jwt_header"), None)
    claims = next((piece for piece in pieces if piece.subkind == "jwt_claims"), None)
    if header is None or claims is None or any(piece.kind == "jwt" for piece in pieces):
        return
    token = f"{_encoded(header.values)}.{_encoded(claims.values)}.c2lnbmF0dXJl"
    values = {"token": token, "header": header.values, "claims": claims.values}
    place = {"start": claims.start, "end": claims.end}
    yield Piece(kind="jwt", **place, subkind="client_assertion", values=values, is_whole=True)


def _encoded(members: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(dict(members)).encode()).rstrip(b"=").decode()


def kind_of(claims: Mapping[str, Any]) -> str:
    """A client assertion has the client as its issuer and subject; an ID token names a user to a client."""
    if "iss" in claims and claims.get("iss") == claims.get("sub") and "aud" in claims:
        return "client_assertion"
    if {"scope", "scp", "scopes"} & claims.keys():
        return "access_token"
    return "id_token" if {"nonce", "auth_time", "at_hash", "fhirUser", "azp"} & claims.keys() else "jwt"
