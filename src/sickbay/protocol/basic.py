"""The Authorization header of HTTP Basic as OAuth clients send it (RFC 7617; RFC 6749 2.3.1), both of its readings."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote_plus, unquote_plus

Fault: TypeAlias = Literal["newline", "not-base64", "no-colon", "clear"]
Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Basic:
    """raw: id and secret as the base64 holds them. decoded: form-decoded once more, as RFC 6749 2.3.1 wants it.

    Both None where nothing can be read. fault: newline (inside or at the end), not-base64, no-colon, clear (id:secret
    was sent as it is); with a newline the pairs are read without it.
    """

    raw: Pair | None = None
    decoded: Pair | None = None
    fault: Fault | None = None


def is_basic(header: str) -> bool:
    return header[:6].lower() == "basic " or header.lower() == "basic"


def read(header: str) -> Basic:
    """`header`: the whole value, its scheme included."""
    text = header.strip(" ")[5:].strip(" ")
    compact = re.sub(r"\s", "", text)
    try:
        inside = b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode("utf-8")
    except ValueError:
        return Basic(fault="clear" if ":" in text else "not-base64")
    return _pair(inside, broken=compact != text)


_SCHEME = re.compile(r"\s*[\"']?(?:basic|bearer|token)?[\s:=]*", re.I)


def salvaged(header: str) -> Pair | None:
    """Id and secret of a header that is none as it stands: without a colon or quotes around, in clear, or encoded twice."""
    text = header[_SCHEME.match(header).end() :].strip(" \"'")  # type: ignore[union-attr]  # it matches nothing too
    for _ in range(2):
        text = text if ":" in text else _inside(text)
    id, colon, secret = text.partition(":")
    return (id.strip(), secret.strip()) if colon else None


def _inside(text: str) -> str:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except ValueError:
        return ""


def _pair(inside: str, broken: bool) -> Basic:
    id, colon, secret = inside.strip("\r\n").partition(":")
    if not colon:
        return Basic(fault="no-colon")
    fault: Fault | None = "newline" if broken or inside != inside.strip("\r\n") else None
    return Basic((id, secret), (unquote_plus(id), unquote_plus(secret)), fault)


def plain(id: str, secret: str) -> str:
    """The same without encoding, for servers that compare what stands there."""
    return "Basic " + b64encode(f"{id}:{secret}".encode()).decode()


def write(id: str, secret: str) -> str:
    """The header for this id and secret: each form-encoded, then base64 (RFC 6749 2.3.1)."""
    return "Basic " + b64encode(f"{quote_plus(id)}:{quote_plus(secret)}".encode()).decode()
