"""Finds JSON objects in text, also inside prose and logs, and says what each of them is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sickbay.doctor.pieces import loose_json
from sickbay.doctor.pieces.piece import Piece

_MARK = re.compile(r"[{}\"]")
_VARIABLE = re.compile(
    r"(\w{1,60})[\"']?\s{0,20}:\s{0,20}(?!(?:[Tt]rue|[Ff]alse|null|None|nil)\b)[A-Za-z_][\w.]{0,60}\s{0,20}[,}()\n]"
)
"""A value without quotation marks. If other values have them, the text is source code, and this is a variable of it."""
_OPAQUE = "Vb9rT2kQx7LmZp4WsYd8HgJc5NfKa3Ue1RoViBtDqXz"
_OF_VARIABLES = {
    "redirect_uri": "https://app.example.org/callback",
    **dict.fromkeys(("code", "code_verifier", "refresh_token", "client_secret", "client_id"), _OPAQUE),
}
"""Values that pass every check, in place of variables."""
_QUOTED = re.compile(r":\s{0,20}[\"']")
_INSIDE = re.compile(r"(?:\\.|[^\"\\\n])*+")
"""What stands between the quotation marks of a string."""
LARGEST = 200_000
"""The maximum number of characters of an object that is parsed. A larger one is recognised by its beginning."""


def find(text: str) -> Iterator[Piece]:
    """The outermost objects in braces. An object that is never closed ends with the text.

    Half a resource isn't read, because the other half may have been an error.
    """
    for start, end in _spans(text):
        members = loose_json.parse(text[start : min(end, start + LARGEST)])
        kind = kind_of(members) if isinstance(members, Mapping) else ""
        if kind and (kind != "resource" or text[end - 1] == "}"):
            variables = (
                set(_VARIABLE.findall(text, start, end)) if kind == "parameters" and _QUOTED.search(text, start, end) else set()
            )
            unknown = {name: _OF_VARIABLES[name] for name in variables if name in _OF_VARIABLES}
            values = {name: value for name, value in members.items() if name not in variables} | unknown
            yield Piece(kind="object", start=start, end=end, subkind=kind, values=values, is_whole=not variables)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    depth, start = 0, 0
    for place in _braces(text):
        if text[place] == "{":
            start = place if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield start, place + 1
    if depth:
        yield start, len(text)


def _braces(text: str) -> Iterator[int]:
    """The places of the braces outside strings. A quotation mark that isn't closed on its line begins no string."""
    closed = unclosed = 0
    for match in _MARK.finditer(text):
        place = match.start()
        if place < closed:
            continue
        if match[0] != '"':
            yield place
        elif place >= unclosed:
            inside = _INSIDE.match(text, place + 1)
            end = inside.end() if inside else place + 1
            closed, unclosed = (end + 1, unclosed) if text.startswith('"', end) else (closed, end)


def kind_of(members: Mapping[str, Any]) -> str:
    """ "" if it is none of the objects of OAuth, OpenID Connect or FHIR."""
    names = {str(name) for name in members}
    if "active" in names:
        return ""  # the response of an introspection endpoint has claims, too
    for kind, required in _KINDS:
        if any(group <= names for group in required):
            return kind
    return "resource" if "resourceType" in names else ""


_KINDS: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = tuple(
    (kind, tuple(frozenset(group.split()) for group in groups))
    for kind, groups in {
        "har": ("log",),
        "collection": ("info item", "resources __export_format"),
        "token_response": ("access_token", "id_token"),
        "discovery": ("token_endpoint issuer", "token_endpoint authorization_endpoint", "authorization_endpoint issuer"),
        "parameters": ("grant_type", "response_type client_id"),
        "registration": ("redirect_uris",),
        "jwks": ("keys",),
        "jwk": ("kty",),
        "decoded_jwt": ("header payload", "header claims"),
        "jwt_header": ("alg typ", "alg kid"),
        "jwt_claims": ("iss sub aud", "iss aud exp", "iss aud jti", "sub aud exp", "iss sub exp"),
        "error": ("error", "errorCode", "error_description"),
    }.items()
)
