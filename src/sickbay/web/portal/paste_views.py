"""The views of a pasted text on the doctor's page: recognised parts, likely causes, and decoded tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from sickbay.doctor.pieces.piece import Piece, describe
from sickbay.services.redaction import named_secrets, pasted_secrets
from sickbay.services.redaction.named_secrets import Span

MAXIMUM_SHOWN_CHARACTERS = 20_000
"""Maximum number of characters of a paste in which recognised parts are marked."""
TIMES = ("exp", "iat", "nbf", "auth_time")
"""Claims in seconds since 1970."""


class PastePart(Struct, frozen=True):
    """A part of the paste. name: what was recognised in it; "" for the text between. number: its place in the list."""

    text: str
    name: str = ""
    number: int = 0


class TokenView(Struct, frozen=True):
    """A decoded JSON Web Token. Its signature isn't shown, so it can't be used."""

    name: str
    header: str
    claims: str


def split_into_parts(text: str, pieces: Sequence[Piece]) -> tuple[PastePart, ...]:
    """The paste in parts with its secrets masked. Empty if it is long, or if it is just one piece or none."""
    named = [piece for piece in pieces if describe(piece)]
    is_one = len(named) == 1 and named[0].end - named[0].start >= len(text.strip())
    if not named or is_one or len(text) > MAXIMUM_SHOWN_CHARACTERS:
        return ()
    return tuple(part for part in _paste_parts(text, named) if part.text)


def _paste_parts(text: str, pieces: Sequence[Piece]) -> Iterator[PastePart]:
    spans, place = pasted_secrets.find_in_paste(text, pieces), 0
    for number, piece in enumerate(pieces, 1):
        yield PastePart(_mask(text, place, piece.start, spans))
        yield PastePart(_mask(text, piece.start, piece.end, spans), describe(piece), number)
        place = piece.end
    yield PastePart(_mask(text, place, len(text), spans))


def _mask(text: str, start: int, end: int, spans: Sequence[Span]) -> str:
    """This part of the text. A secret that reaches into the next part is masked in both."""
    inside = [(max(first, start) - start, min(last, end) - start) for first, last in spans if first < end and last > start]
    return named_secrets.mask_spans(text[start:end], inside)


def list_tokens(pieces: Sequence[Piece]) -> tuple[TokenView, ...]:
    """The decoded tokens of a paste, at most three."""
    read = [piece for piece in pieces if piece.kind == "jwt"][:3]
    return tuple(
        TokenView(describe(piece), _indented_json(piece.values["header"]), _claims_as_json(piece.values["claims"]))
        for piece in read
    )


def _claims_as_json(claims: dict[str, Any]) -> str:
    """The claims as JSON. Times are followed by the date."""
    lines = _indented_json(claims).splitlines()
    return "\n".join(_add_date(line, claims) for line in lines)


def _add_date(line: str, claims: dict[str, Any]) -> str:
    name = line.strip().partition(":")[0].strip('"')
    seconds = claims.get(name)
    if name not in TIMES or not isinstance(seconds, int) or not 0 < seconds < 1 << 36:
        return line
    return f"{line}  // {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _indented_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
