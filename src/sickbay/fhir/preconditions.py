"""The headers that make a write conditional, and what Prefer asks for (RFC 9110 13.1, RFC 7240; FHIR R4, 3.1.0.5)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from sickbay.fhir.dates import span

Return: TypeAlias = Literal["minimal", "representation", "OperationOutcome"]
_TAG = re.compile(r'(?:W/)?"?(\d{1,18})"?', re.ASCII)
_ADDRESS = re.compile(r"(?:https?://[^=&]*/)?\w*", re.ASCII)
_PREFERENCE = re.compile(r'(?:^|[,;])\s*(return|handling)\s*=\s*"?([\w-]+)', re.ASCII | re.IGNORECASE)
_RETURNS: dict[str, Return] = {
    "minimal": "minimal",
    "representation": "representation",
    "operationoutcome": "OperationOutcome",
}


def names(header: str, current: int | None) -> bool:
    """Whether If-Match or If-None-Match names the version there; None where nothing is. `*` names whatever is there."""
    if current is None:
        return False
    found = (_TAG.fullmatch(one.strip()) for one in header.split(","))
    return header.strip() == "*" or current in [int(one[1]) for one in found if one]


def unmodified(sent: str | None, modified: str) -> bool:
    """If-Modified-Since, a date of HTTP or (in a Bundle) an instant, against Last-Modified. Anything else is no condition."""
    if sent is None or sent == modified:
        return sent is not None
    since, at = _seconds(sent), _seconds(modified)
    return since is not None and at is not None and at <= since


def _seconds(text: str) -> int | None:
    found = span(text)
    if found is not None:
        return found[0] // 1000
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError):
        return None


def criteria(condition: str, type: str) -> str:
    """The search that a condition is: alone, or as clients send it, behind `?`, `Type?` or the whole address of the type."""
    address, mark, search = condition.partition("?")
    return search if mark and _ADDRESS.fullmatch(address) and address.rpartition("/")[2] in ("", type) else condition


def etag(version_id: int) -> str:
    return f'W/"{version_id}"'


def wanted(prefer: str | None) -> Return | None:
    """What the answer to a write should hold; None where nothing is asked."""
    return _RETURNS.get(_preferred(prefer, "return"))


def handling(prefer: str | None) -> Literal["strict", "lenient"] | None:
    """How a parameter that is not understood is to be taken; None where nothing is asked."""
    asked = _preferred(prefer, "handling")
    return "strict" if asked == "strict" else "lenient" if asked == "lenient" else None


def _preferred(prefer: str | None, name: str) -> str:
    """The first of a name counts; names are the same in capitals (RFC 7240, 2)."""
    if not prefer:
        return ""
    return next((value.lower() for key, value in _PREFERENCE.findall(prefer) if key.lower() == name), "")
