"""Whether a request can be read at all: valid UTF-8 without U+0000, and not too large.

Live, this is decided before anything else is looked at, so it is the only refusal.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_to_bytes

from sickbay.authorization.refusals import request as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Refusal, check
from sickbay.protocol.unicode import BadByte, bad_byte

FORM_LIMIT = 65_536
"""Bytes of a form, or of the JSON of a registration."""
LONGEST_NAME = 60
"""Characters of a parameter's name that an explanation quotes."""
LOOKED_AT = 65_536
"""Bytes of a body in which a parameter is named: so much of it is kept for redaction, which decides what may be quoted."""


def not_utf8(part: str, sent: bytes) -> Refusal | None:
    """None if it is text. part: path, query, form, or body; the first three are percent-encoded."""
    bad = bad_byte(sent, encoded=part != "body")
    if bad is None:
        return None
    facts = {"part": part, "place": _place(part, sent, bad.at), "received": _shown(bad), "position": bad.at + 1}
    if bad.meant:
        facts |= {"meant": bad.meant, "corrected": _corrected(part, bad.meant)}
    return refusals.REQUEST_NOT_UTF8.with_facts(facts)


def too_large(limit: int, unit: str = "bytes") -> Refusal:
    """RFC 9110 15.5.14."""
    return refusals.REQUEST_TOO_LARGE(limit=limit, unit=unit)


@check()
def request_is_utf8(request: Any, known: Any) -> Refusal | None:
    """Of a pasted request: whatever of its address and its form is percent-encoded."""
    address, _, query = (getattr(request, "raw", "") or request.url).partition("?")
    sent = request.query.raw if isinstance(request, TokenRequest) else query or request.parameters.raw
    body = getattr(request, "body", "")
    form = body if "json" not in getattr(request, "headers", {}).get("content-type", "") else ""
    parts = (("path", address), ("query", sent), ("form", form))
    found = (not_utf8(part, text.encode("utf-8", "replace")) for part, text in parts)
    return next((one for one in found if one is not None), None)


@check()
def form_is_small_enough(request: TokenRequest, known: Any) -> Refusal | None:
    """By what was sent, and by the length that was announced."""
    told = request.headers.get("content-length", "")
    announced = int(told[:19]) if told.isascii() and told.isdigit() else 0
    return too_large(FORM_LIMIT) if max(len(request.body.encode()), announced) > FORM_LIMIT else None


def _place(part: str, sent: bytes, at: int) -> str:
    """The parameter, where it is one."""
    if part in ("path", "body"):
        return f"the {part}"
    start = sent.rfind(b"&", 0, at) + 1
    raw, equals, _ = sent[start:at].partition(b"=")
    name = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")
    if not equals:
        return f"the name of a parameter in the {part}"
    return f"the parameter '{name}'" if name and len(name) <= LONGEST_NAME and at < LOOKED_AT else "a parameter"


def _shown(bad: BadByte) -> str:
    return f"{'%' if bad.escaped else '0x'}{bad.value:02X}"


def _corrected(part: str, meant: str) -> str:
    """In UTF-8, in the form that this part of a request has."""
    return " ".join(f"0x{one:02X}" for one in meant.encode()) if part == "body" else quote(meant, safe="")
