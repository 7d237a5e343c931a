"""Finds JSON, JSON Web Tokens, forms and lists of parameters in text, also inside prose and logs, and says what each is."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.pieces.piece import Piece
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import jose, unicode
from sickbay.protocol.parameters import parse

_MARK = compile_late(r"[{}\"]")
_VARIABLE = compile_late(
    r"(\w{1,60})[\"']?\s{0,20}:\s{0,20}(?!(?:[Tt]rue|[Ff]alse|null|None|nil)\b)[A-Za-z_][\w.]{0,60}\s{0,20}[,}()\n]"
)
"""A value without quotation marks. If other values have them, the text is source code, and this is a variable of it."""
_OPAQUE = "Vb9rT2kQx7LmZp4WsYd8HgJc5NfKa3Ue1RoViBtDqXz"
_OF_VARIABLES = {
    "redirect_uri": "https://app.example.org/callback",
    **dict.fromkeys(("code", "code_verifier", "refresh_token", "client_secret", "client_id"), _OPAQUE),
}
"""Values that pass every check, in place of variables."""
_QUOTED = compile_late(r":\s{0,20}[\"']")
_INSIDE = compile_late(r"(?:\\.|[^\"\\\n])*+")
"""The text between the quotation marks of a string."""
PARSED_CHARACTERS = 200_000
"""The maximum number of characters of an object that is parsed. A larger one is recognised by its beginning."""


def find_objects(text: str) -> Iterator[Piece]:
    """The outermost objects in braces. An object that is never closed ends with the text.

    Half a resource isn't read, because the other half may have been an error.
    """
    for start, end in _spans_of_objects(text):
        members = parse_loosely(text[start : min(end, start + PARSED_CHARACTERS)])
        kind = kind_of_object(members) if isinstance(members, Mapping) else ""
        if kind and (kind != "resource" or text[end - 1] == "}"):
            is_code = kind == "parameters" and _QUOTED.search(text, start, end)
            variables = dict.fromkeys(_VARIABLE.findall(text, start, end) if is_code else ())
            unknown = {name: _OF_VARIABLES[name] for name in variables if name in _OF_VARIABLES}
            is_sent = kind != "parameters" or _SENT.search(text, max(0, start - OPTIONS_CHARACTERS), start)
            named = {name: value for name, value in members.items() if (_CAMEL if is_sent else _SNAKE).match(name)}
            values = {name: value for name, value in named.items() if name not in variables} | unknown
            yield Piece(kind="object", start=start, end=end, subkind=kind, values=values, is_whole=not variables)


_SENT = compile_late(r"\b(?:s[ae]nd|sent|sends|sending|post|body|params|parameters|payload|data|request|raw)\b", re.I)
_SNAKE, _CAMEL = compile_late(r"\A(?!scopes\Z|\w{1,20}_url\Z)[a-z][^A-Z]{0,60}\Z"), compile_late(r"(?![A-Z][a-z])")
"""Names of parameters in an object: one that may not be sent, and one that certainly is. Logs have names of their own."""


def find_options(text: str) -> Iterator[tuple[int, int]]:
    """The places of the options of a library: code names them so, and they have its names, and nothing of a request."""
    for start, end in _spans_of_objects(text):
        members = parse_loosely(text[start : min(end, start + PARSED_CHARACTERS)])
        is_named = _OPTIONS.search(text, max(0, start - OPTIONS_CHARACTERS), start) and isinstance(members, Mapping)
        if is_named and not _OF_LIBRARIES.isdisjoint(members) and _OF_REQUESTS.isdisjoint(members):
            yield start, end


_OPTIONS = compile_late(r"\b\w{0,40}(?:options?|config(?:uration)?|settings)\s{0,4}=\s{0,4}\Z", re.I)
OPTIONS_CHARACTERS = 60
"""The maximum number of characters between the beginning of a name in code and the object that gets it."""
_OF_LIBRARIES = frozenset(("clientID", "clientId", "clientSecret", "redirectUri", "redirectURI", "redirectUrl", "callbackURL"))
_OF_REQUESTS = frozenset(("url", "uri", "method", "headers", "body", "data", "form", "json", "params"))


def _spans_of_objects(text: str) -> Iterator[tuple[int, int]]:
    depth, start = 0, 0
    for place in _brace_positions(text):
        if text[place] == "{":
            start = place if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield start, place + 1
    if depth:
        yield start, len(text)


def _brace_positions(text: str) -> Iterator[int]:
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


def kind_of_object(members: Mapping[str, Any]) -> str:
    """ "" if it isn't an object of OAuth, OpenID Connect or FHIR."""
    names = {str(name) for name in members}
    if "active" in names and "resourceType" not in names:
        return ""  # the response of an introspection endpoint has claims, too
    for kind, required in _KINDS:
        if required <= names:
            return kind
    return "resource" if "resourceType" in names else "hooks" if names == {"services"} else ""


_KINDS = tuple(
    (kind, frozenset(names.split(","))) for kind, _, names in (it.partition(":") for it in LISTS["kinds_of_objects"])
)


_PAIR = compile_late(
    r"[\"'`]?(?P<name>[A-Za-z_][\w.-]{0,60})[\"'`]?\s{0,20}(?:=>|[:=])\s{0,20}"
    r"(?:\"(?P<double>(?:\\.|[^\"\\\n]){0,4000})\"|'(?P<single>(?:\\.|[^'\\\n]){0,4000})'|(?P<bare>[\w.+/:@%~-]{1,400}))"
)
_LITERALS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "nil": None}


def parse_loosely(text: str) -> Any:
    """The parsed JSON; otherwise a dictionary of the names and values that look like members. {} if there are none."""
    for candidate in (text, _remove_backslashes(text)):
        try:
            return unicode.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return read_pairs(text)


def read_object(text: str | None) -> dict[str, Any]:
    """The members of an object in JSON. {} if the text is something else."""
    try:
        document = unicode.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def read_pairs(text: str) -> dict[str, Any]:
    """`name: value`, `"name" = "value"` and `'name' => 'value'`. The first value of a name counts."""
    found: dict[str, Any] = {}
    for match in _PAIR.finditer(_remove_backslashes(text)):
        value = match["double"] or match["single"] or match["bare"] or ""
        found.setdefault(match["name"], _LITERALS.get(value, value) if match["bare"] else value)
    return found


def _remove_backslashes(text: str) -> str:
    """Removes the backslashes that a log or Markdown added before quotes, underscores and line breaks."""
    for _ in range(3):
        if (undone := re.sub(r"\\([\"'_\[\]{}*/])|\\[rnt]", lambda match: match[1] or " ", text)) == text:
            break
        text = undone
    return text


_JWT = compile_late(r"(?<![\w-])eyJ[\w-]{8,20000}\.[\w-]{2,40000}(?:\.[\w-]{0,8000})?")


def find_tokens(text: str) -> Iterator[Piece]:
    for match in _JWT.finditer(text) if "eyJ" in text else ():
        jwt = jose.decode_unverified(match[0])
        if jwt is None:
            continue
        values = {"token": match[0], "header": jwt.header, "claims": jwt.claims}
        yield Piece(
            kind="jwt", start=match.start(), end=match.end(), subkind=kind_of_token(jwt.claims), values=values, is_whole=True
        )


HEADER: Mapping[str, Any] = {"alg": "RS384", "kid": "KEY-ID", "typ": "JWT"}
"""A correct header, for claims that were pasted without one."""


def find_decoded_tokens(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The client assertion whose header and claims were pasted as JSON. It gets a signature that isn't verified.

    is_whole: its header was pasted too.
    """
    if any(piece.kind == "jwt" for piece in pieces):
        return
    headers = [(piece, piece.values) for piece in pieces if piece.subkind == "jwt_header"]
    claims = [(piece, piece.values) for piece in pieces if piece.subkind == "jwt_claims"]
    for piece in pieces:
        if piece.subkind == "decoded_jwt":
            headers += _pieces_of_member(piece, "header")
            claims += _pieces_of_member(piece, "payload") or _pieces_of_member(piece, "claims")
    header = headers[0][1] if headers else HEADER
    if claims and kind_of_token(claims[0][1]) == "client_assertion":
        piece, members = claims[0]
        values = {
            "token": f"{_encode_members(header)}.{_encode_members(members)}.c2lnbmF0dXJl",
            "header": header,
            "claims": members,
        }
        place = {"start": piece.start, "end": piece.end}
        yield Piece(kind="jwt", **place, subkind="client_assertion", values=values, is_whole=bool(headers))


def _pieces_of_member(piece: Piece, name: str) -> list[tuple[Piece, Mapping[str, Any]]]:
    value = piece.values.get(name)
    return [(piece, value)] if isinstance(value, Mapping) else []


def _encode_members(members: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(dict(members)).encode()).rstrip(b"=").decode()


def kind_of_token(claims: Mapping[str, Any]) -> str:
    """A client assertion names a client to the URL of a server; an ID token names a user to a client."""
    if "iss" in claims and claims.get("iss") == claims.get("sub") and "aud" in claims:
        return "client_assertion"
    if {"scope", "scp", "scopes"} & claims.keys():
        return "access_token"
    if {"nonce", "auth_time", "at_hash", "fhirUser", "azp"} & claims.keys():
        return "id_token"
    audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    is_for_a_server = any(_is_url(audience) and _OF_AUTHORIZATION.search(str(audience)) for audience in audiences)
    return "client_assertion" if is_for_a_server and not _is_url(claims.get("iss")) and not _OTHER & claims.keys() else "jwt"


_OF_AUTHORIZATION = compile_late(r"auth|token|/realms/|connect|login|fhir|/r4\b", re.I)
"""A part of the address of an authorization server, or of a FHIR base that is mistaken for one."""
_OTHER = frozenset(("client_id", "cid", "appid", "roles", "groups", "email", "name", "preferred_username"))
"""Claims of access tokens and of users."""


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


NAMES = frozenset(LISTS["parameters_in_lists"])
_TELLING = frozenset(("grant_type", "response_type", "code_verifier", "client_assertion"))
"""Parameters that occur only in requests. A list without any of them may be anything."""
_NAME = r"[A-Za-z_][\w.-]{0,40}="
_FIRST_NAME, _NEXT_NAME = compile_late(rf"(?<![\w?&=.%/-]){_NAME}"), compile_late(rf"\s{{0,9}}&\s{{0,9}}{_NAME}")
_JOIN = compile_late(r"\s{0,9}&\s{0,9}")
_VALUE = compile_late(r"[^\s&\"'<>`]*+")
_LINE = compile_late(
    rf"^[ \t>*•+-]{{0,12}}[\"'`]?(?P<name>{'|'.join(sorted(NAMES))})[\"'`]?[ \t]{{0,20}}(?:=>|[:=])[ \t]{{0,20}}"
    r"(?::(?=[a-z]))?(?P<value>[^\r\n]{1,8000}?)[ \t,;&]{0,8}$",  # a symbol of Ruby begins with a colon
    re.M | re.I,
)
GAP = 160
"""The maximum number of characters between two lines of one list."""


def find_forms(text: str) -> Iterator[Piece]:
    for start, end in _spans_of_forms(text) if "&" in text else ():
        is_template = text[start - 1 : start] == "`" and "${" in text[start:end]  # code, which isn't sent as it is
        if not is_template and ((names := set(parse(text[start:end]).names())) & _TELLING or len(names & NAMES) > 2):
            yield Piece(kind="form", start=start, end=end, values={"body": _JOIN.sub("&", text[start:end])})
    yield from _group_lists(text)


def _spans_of_forms(text: str) -> Iterator[tuple[int, int]]:
    """The places of two or more pairs with `&` between them. A value is read once, so the time is linear."""
    place = 0
    while first := _FIRST_NAME.search(text, place):
        end = place = _find_end_of_value(text, first.end())
        while following := _NEXT_NAME.match(text, place):
            place = _find_end_of_value(text, following.end())
        if place > end:
            yield first.start(), place


def _find_end_of_value(text: str, place: int) -> int:
    value = _VALUE.match(text, place)
    return value.end() if value else place


def _group_lists(text: str) -> Iterator[Piece]:
    group: list[re.Match[str]] = []
    for match in _LINE.finditer(text):
        if group and match.start() - group[-1].end() > GAP:
            yield from _find_lists(group)
            group = []
        group.append(match)
    yield from _find_lists(group)


def _find_lists(group: list[re.Match[str]]) -> Iterator[Piece]:
    values = {match["name"].lower(): match["value"].strip().strip("\"'`") for match in group}
    if len(values) > 1 and _TELLING & values.keys():
        yield Piece(kind="parameters", start=group[0].start(), end=group[-1].end(), values=values)


def encode_form(values: dict[str, str]) -> str:
    """The parameters as a form."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())
