"""Finds all pieces of evidence in a pasted text, in linear time."""

from __future__ import annotations

from itertools import islice

from sickbay.doctor.code import find as code
from sickbay.doctor.pieces import addresses, http_messages, structured
from sickbay.doctor.pieces.piece import Piece, leave_out_overlaps

READ_CHARACTERS = 2_000_000
"""The maximum number of characters that are read."""
OF_A_KIND = 500
"""The maximum number of pieces that one reader finds."""


def find_pieces(text: str) -> list[Piece]:
    """The pieces in the order of the text. A request includes its URL and its form, so those aren't listed again."""
    text = text[:READ_CHARACTERS]
    return leave_out_overlaps([piece for find in READERS for piece in islice(find(text), OF_A_KIND)])


READERS = (
    code.find_pieces,
    http_messages.find_http_messages,
    structured.find_objects,
    structured.find_forms,
    addresses.find_urls,
    structured.find_tokens,
)
"""In the order of precedence."""
