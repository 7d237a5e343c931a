"""Reads and writes the HTTP Basic header of OAuth clients (RFC 7617), with and without form-encoding (RFC 6749 2.3.1)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Literal, TypeAlias
from urllib.parse import quote_plus, unquote_plus

from msgspec import Struct

Fault: TypeAlias = Literal["newline", "not-base64", "no-colon", "clear"]
Pair: TypeAlias = tuple[str, str]


class Basic(Struct, frozen=True):
    """A parsed Basic header.

    raw:     client ID and secret as in the base64; None if they can't be read.
    decoded: the same, form-decoded as RFC 6749 2.3.1 requires.
    fault:   newline (inside or at the end; the pairs are read without it), not-base64, no-colon, or clear (the text wasn't
             base64-encoded).
    """

    raw: Pair | None = None
    decoded: Pair | None = None
    fault: Fault | None = None


def is_basic(header: str) -> bool:
    return header[:6].lower() == "basic " or header.lower() == "basic"


def read(header: str) -> Basic:
    """`header`: the whole value, including the scheme."""
    text = header.strip(" ")[5:].strip(" ")
    compact = "".join(text.split())
    try:
        inside = b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode("utf-8")
    except ValueError:
        return Basic(fault="clear" if ":" in text else "not-base64")
    return _split_credentials(inside, broken=compact != text)


_SCHEME = re.compile(r"\s*[\"']?(?:basic|bearer|token)?[\s:=]*", re.I)


def read_malformed(header: str) -> Pair | None:
    """Returns client ID and secret of a malformed header: with a colon or quotation marks, not encoded, or encoded twice."""
    text = header[_SCHEME.match(header).end() :].strip(" \"'")  # type: ignore[union-attr]  # the pattern also matches an empty string
    for _ in range(2):
        text = text if ":" in text else _decode_credentials(text)
    id, colon, secret = text.partition(":")
    return (id.strip(), secret.strip()) if colon else None


def _decode_credentials(text: str) -> str:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except ValueError:
        return ""


def _split_credentials(inside: str, broken: bool) -> Basic:
    id, colon, secret = inside.strip("\r\n").partition(":")
    if not colon:
        return Basic(fault="no-colon")
    fault: Fault | None = "newline" if broken or inside != inside.strip("\r\n") else None
    return Basic((id, secret), (unquote_plus(id), unquote_plus(secret)), fault)


def write_plain(id: str, secret: str) -> str:
    """Returns the header without form-encoding, for servers that don't decode it."""
    return "Basic " + b64encode(f"{id}:{secret}".encode()).decode()


def write(id: str, secret: str) -> str:
    """Returns the header for this client ID and secret: form-encoded, then base64-encoded (RFC 6749 2.3.1)."""
    return "Basic " + b64encode(f"{quote_plus(id)}:{quote_plus(secret)}".encode()).decode()
