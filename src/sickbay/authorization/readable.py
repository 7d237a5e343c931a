"""Checks that a request can be read at all: valid UTF-8 without U+0000, and not too large.

On a running server this is decided before everything else, so it is the only refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from sickbay.authorization.checks import check
from sickbay.authorization.refusals import request as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Refusal
from sickbay.protocol.unicode import BadByte, find_bad_byte

FORM_LIMIT = 65_536
"""Maximum size in bytes of a form, or of the JSON of a registration."""
LONGEST_NAME = 60
"""Maximum length of a parameter's name that an explanation quotes, in characters."""
LOOKED_AT = 65_536
"""Number of bytes at the start of a body whose parameters may be named. Redaction keeps this much."""


def refuse_if_not_utf8(part: str, sent: bytes) -> Refusal | None:
    """Returns None if it is valid text. part: path, query, form or body; the first three are percent-encoded."""
    invalid = find_bad_byte(sent, encoded=part != "body")
    if invalid is None:
        return None
    facts = {
        "part": part,
        "place": _locate_byte(part, sent, invalid.at),
        "received": _byte_notation(invalid),
        "position": invalid.at + 1,
    }
    if invalid.meant:
        facts |= {"meant": invalid.meant, "corrected": _encode_as_utf8(part, invalid.meant)}
    return refusals.REQUEST_NOT_UTF8.with_facts(facts)


def refuse_too_large(limit: int, unit: str = "bytes") -> Refusal:
    """Returns the refusal of a request that is too large (RFC 9110 15.5.14)."""
    return refusals.REQUEST_TOO_LARGE(limit=limit, unit=unit)


CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress")
"""The content codings that an explanation names (RFC 9110 8.4.1, RFC 7932, RFC 8878)."""


def refuse_if_compressed(headers: Mapping[str, str]) -> Refusal | None:
    """Returns None if the body is sent as it is. Otherwise its bytes would be read as characters (RFC 9110 15.5.16)."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return None
    return refusals.REQUEST_BODY_COMPRESSED(received=coding if coding in CODINGS else "(another)")


@check(requires=("server",))
def form_is_not_compressed(request: TokenRequest, context: Any) -> Refusal | None:
    """Another server may decompress it."""
    return refuse_if_compressed(request.headers)


@check()
def request_is_utf8(request: Any, context: Any) -> Refusal | None:
    """For a pasted request, checks the percent-encoded parts of its URL and form."""
    address, _, query = (getattr(request, "raw", "") or request.url).partition("?")
    sent = request.query.raw if isinstance(request, TokenRequest) else query or request.parameters.raw
    body = getattr(request, "body", "")
    form = body if "json" not in getattr(request, "headers", {}).get("content-type", "") else ""
    parts = (("path", address), ("query", sent), ("form", form))
    refused = (refuse_if_not_utf8(part, text.encode("utf-8", "replace")) for part, text in parts)
    return next((refusal for refusal in refused if refusal is not None), None)


@check()
def form_is_small_enough(request: TokenRequest, context: Any) -> Refusal | None:
    """Checks both the received size and the announced length."""
    content_length = request.headers.get("content-length", "")
    announced = int(content_length[:19]) if content_length.isascii() and content_length.isdigit() else 0
    return refuse_too_large(FORM_LIMIT) if max(len(request.body.encode()), announced) > FORM_LIMIT else None


FORM_CHECKS = (form_is_small_enough, form_is_not_compressed, request_is_utf8)


def _locate_byte(part: str, sent: bytes, at: int) -> str:
    """Names the parameter if the byte is in one."""
    if part in ("path", "body"):
        return f"the {part}"
    start = sent.rfind(b"&", 0, at) + 1
    raw, equals, _ = sent[start:at].partition(b"=")
    name = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")
    if not equals:
        return f"the name of a parameter in the {part}"
    return f"the parameter '{name}'" if name and len(name) <= LONGEST_NAME and at < LOOKED_AT else "a parameter"


def _byte_notation(invalid: BadByte) -> str:
    return f"{'%' if invalid.escaped else '0x'}{invalid.value:02X}"


def _encode_as_utf8(part: str, meant: str) -> str:
    """Returns the corrected text in UTF-8, encoded as this part of a request needs it."""
    return " ".join(f"0x{byte:02X}" for byte in meant.encode()) if part == "body" else quote(meant, safe="")
