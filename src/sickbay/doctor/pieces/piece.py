"""A piece of evidence in a pasted text, and what it is in words."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from sickbay.protocol import urls

PieceKind: TypeAlias = Literal[
    "request", "response", "url", "form", "parameters", "object", "jwt", "header", "code", "settings", "scopes", "stopped"
]
"""`stopped`: the code in the text would take too many steps, so that it was read only in part."""


class Piece(Struct, frozen=True, kw_only=True):
    """One piece of evidence.

    start, end: its place in the text, in characters.
    subkind:    what it is more exactly, such as "token_response" for an object or "authorize_url" for a URL.
    values:     what was read: for a request method, url, headers and body; for an object its members; for a form its names.
    is_whole:   nothing was left out, so what isn't in it wasn't sent.
    """

    kind: PieceKind
    start: int
    end: int
    subkind: str = ""
    values: Mapping[str, Any] = {}
    is_whole: bool = False

    @property
    def is_success(self) -> bool:
        return self.kind == "response" and str(self.values["status"]).startswith("2")


def leave_out_overlaps(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces without those that lie inside or overlap an earlier one, in the order of the text.

    The caller lists them by how much they explain: a request explains the URL in its first line.
    """
    taken: list[Piece] = []
    for piece in pieces:
        place = bisect(taken, piece.start, key=lambda each: each.start)
        neighbours = taken[max(0, place - 1) : place + 1]  # the pieces taken don't overlap, so only these two can
        if not any(_overlap(piece, other) for other in neighbours):
            taken.insert(place, piece)
    return taken


def _overlap(first: Piece, other: Piece) -> bool:
    return first.start < other.end and other.start < first.end


_NAMES: dict[str, str] = {
    "authorize_url": "authorization URL",
    "launch_url": "launch URL",
    "redirect_url": "authorization response",
    "fhir_request": "FHIR request",
    "error_page_url": "URL of an error page",
    "token_endpoint": "URL of a token endpoint",
    "discovery_url": "URL of a discovery document",
    "token_request": "token request",
    "token_response": "token response",
    "discovery": "discovery document",
    "registration": "client registration",
    "jwks": "JSON Web Key Set",
    "jwk": "JSON Web Key",
    "collection": "collection of requests",
    "resource": "FHIR resource",
    "error": "error response",
    "id_token": "ID token",
    "access_token": "access token",
    "client_assertion": "client assertion",
    "jwt": "JSON Web Token",
    "decoded_jwt": "decoded JSON Web Token",
    "jwt_header": "header of a JSON Web Token",
    "jwt_claims": "claims of a JSON Web Token",
    "parameters": "parameters of a request",
}
_KINDS: dict[str, str] = {
    "request": "HTTP request",
    "response": "HTTP response",
    "form": "form body",
    "parameters": "parameters of a request",
    "code": "source code that sends a request",
    "settings": "settings of an OAuth client",
    "header": "header",
}


def describe_each(pieces: Iterable[Piece]) -> list[str]:
    """For example "authorization URL at login.example.org". Each description occurs once."""
    return list(dict.fromkeys(name for piece in pieces if (name := describe(piece))))


def describe(piece: Piece) -> str:
    """ "" for a piece that says nothing on its own, such as the URL of a page."""
    name = _NAMES.get(piece.subkind) or _KINDS.get(piece.kind, "")
    host = urls.split(str(piece.values.get("url") or "")).hostname if name else ""
    place = f" at {host}" if host else ""
    return f"{name}{place}{_lines(piece)}"


def _lines(piece: Piece) -> str:
    """The lines of a request in source code. JSON can have a member `request` too."""
    request = piece.values["request"] if piece.kind == "code" else None
    if request is None or request.last_line == request.first_line:
        return ""
    return f" (lines {request.first_line} to {request.last_line})"
