"""Finds JSON Web Tokens in text, and says what each of them is for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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


def kind_of(claims: Mapping[str, Any]) -> str:
    """A client assertion has the client as its issuer and subject; an ID token names a user to a client."""
    if "iss" in claims and claims.get("iss") == claims.get("sub") and "aud" in claims:
        return "client_assertion"
    if {"scope", "scp", "scopes"} & claims.keys():
        return "access_token"
    return "id_token" if {"nonce", "auth_time", "at_hash", "fhirUser", "azp"} & claims.keys() else "jwt"
