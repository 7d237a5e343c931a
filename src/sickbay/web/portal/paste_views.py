"""The views of a pasted text on the doctor's page: what was recognised in it, likely causes, and decoded tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sickbay.diagnosis.paste.describe import describe
from sickbay.diagnosis.paste.piece import Piece
from sickbay.protocol.parameters import parse
from sickbay.services.journal import masking

LONGEST = 20_000
"""The maximum number of characters of a paste that is shown with what was recognised in it."""
TIMES = ("exp", "iat", "nbf", "auth_time")
"""Claims in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class PastePart:
    """A part of the paste. name: what was recognised in it; "" for the text between. number: its place in the list."""

    text: str
    name: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class TokenView:
    """A decoded JSON Web Token. Its signature isn't shown, so it can't be used."""

    name: str
    header: str
    claims: str


def parts(text: str, pieces: Sequence[Piece]) -> tuple[PastePart, ...]:
    """The paste in parts with its secrets masked. Empty if it is long, or if it is just one piece or none."""
    named = [piece for piece in pieces if describe(piece)]
    is_one = len(named) == 1 and named[0].end - named[0].start >= len(text.strip())
    if not named or is_one or len(text) > LONGEST:
        return ()
    hidden = _secrets(pieces)
    return tuple(part for part in _parts(text, named, hidden) if part.text)


def _parts(text: str, pieces: Sequence[Piece], hidden: set[str]) -> Iterator[PastePart]:
    place = 0
    for number, piece in enumerate(pieces, 1):
        yield PastePart(_masked(text[place : piece.start], hidden))
        yield PastePart(_masked(text[piece.start : piece.end], hidden), describe(piece), number)
        place = piece.end
    yield PastePart(_masked(text[place:], hidden))


def _masked(text: str, hidden: set[str]) -> str:
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, masking.masked(secret))
    return text


def _secrets(pieces: Sequence[Piece]) -> set[str]:
    """The secrets of all pieces, as they are written in the text."""
    found: set[str] = set()
    for piece in pieces:
        values = piece.values
        sent = [parse(str(values.get("body") or "")), parse(str(values.get("url") or "").replace("#", "?").partition("?")[2])]
        headers = {str(name).lower(): str(value) for name, value in dict(values.get("headers") or {}).items()}
        found |= masking.secrets(headers, *sent, fhir=piece.subkind == "fhir_request") | masking.given(dict(values))
        found |= {str(values["token"])} if piece.kind == "jwt" else set()
    return {secret for secret in found if len(secret) > 3}


def tokens(pieces: Sequence[Piece]) -> tuple[TokenView, ...]:
    """The decoded tokens of a paste, at most three."""
    read = [piece for piece in pieces if piece.kind == "jwt"][:3]
    return tuple(TokenView(describe(piece), _json(piece.values["header"]), _claims(piece.values["claims"])) for piece in read)


def _claims(claims: dict[str, Any]) -> str:
    """The claims as JSON. Times are followed by the date."""
    lines = _json(claims).splitlines()
    return "\n".join(_dated(line, claims) for line in lines)


def _dated(line: str, claims: dict[str, Any]) -> str:
    name = line.strip().partition(":")[0].strip('"')
    seconds = claims.get(name)
    if name not in TIMES or not isinstance(seconds, int) or not 0 < seconds < 1 << 36:
        return line
    return f"{line}  // {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
