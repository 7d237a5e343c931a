"""Reads multipart/form-data (RFC 7578): the fields of our own form that uploads a file."""

from __future__ import annotations

import re
from typing import Final

MAXIMUM_PARTS: Final = 20
HEADER_BYTES: Final = 4_000
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))')
_NAME: Final = re.compile(rb'(?<![\w*-])name="([^"]{1,100})"')


def parse(content_type: str, body: bytes) -> dict[str, bytes]:
    """Return the values by the names of their fields. File names are ignored. Raises ValueError."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise ValueError("the form has no boundary")
    mark = b"--" + (match[1] or match[2]).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark, MAXIMUM_PARTS + 1)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the form is truncated, or has too many fields")
    return dict(_read_part(piece) for piece in pieces[1:-1])


def _read_part(piece: bytes) -> tuple[str, bytes]:
    end = piece.find(b"\r\n\r\n", 0, HEADER_BYTES)
    name = _NAME.search(piece, 0, end) if end >= 0 else None
    if name is None:
        raise ValueError("a field of the form has no name")
    return name[1].decode("utf-8", "replace"), piece[end + 4 :]
