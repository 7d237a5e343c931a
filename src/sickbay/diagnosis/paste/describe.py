"""Says in words what was recognised in a pasted text."""

from __future__ import annotations

from collections.abc import Iterable

from sickbay.diagnosis.paste.piece import Piece
from sickbay.protocol import urls

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


def described(pieces: Iterable[Piece]) -> list[str]:
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
