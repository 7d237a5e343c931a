"""Reads conditional request headers and Prefer (RFC 9110 13.1, RFC 7240; FHIR R4, 3.1.0.5)."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from sickbay.fhir.dates import parse_span

Return: TypeAlias = Literal["minimal", "representation", "OperationOutcome"]
_TAG = re.compile(r'(?:W/)?"?(\d{1,18})"?', re.ASCII)
_ADDRESS = re.compile(r"(?:https?://[^=&]*/)?\w*", re.ASCII)
_PREFERENCE = re.compile(r'(?:^|[,;])\s*(return|handling)\s*=\s*"?([\w-]+)', re.ASCII | re.IGNORECASE)
_RETURNS: dict[str, Return] = {"minimal": "minimal", "representation": "representation", "operationoutcome": "OperationOutcome"}


def matches_version(header: str, current: int | None) -> bool:
    """Whether If-Match or If-None-Match matches `current`, the current version; None if there is none. `*` matches any."""
    if current is None:
        return False
    tags = (_TAG.fullmatch(tag.strip()) for tag in header.split(","))
    return header.strip() == "*" or current in [int(tag[1]) for tag in tags if tag]


def is_unmodified(sent: str | None, modified: str) -> bool:
    """Compares If-Modified-Since, an HTTP date or (in a Bundle) an instant, with Last-Modified. Other values are ignored."""
    if sent is None or sent == modified:
        return sent is not None
    since, at = _seconds_of_date(sent), _seconds_of_date(modified)
    return since is not None and at is not None and at <= since


def _seconds_of_date(text: str) -> int | None:
    period = parse_span(text)
    if period is not None:
        return period[0] // 1000
    try:
        from email.utils import parsedate_to_datetime  # few requests have a date

        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError):
        return None


def extract_criteria(condition: str, type: str) -> str:
    """Returns the search in a condition. Clients send it as is, or after `?`, `Type?` or the type's absolute URL."""
    address, mark, search = condition.partition("?")
    return search if mark and _ADDRESS.fullmatch(address) and address.rpartition("/")[2] in ("", type) else condition


def make_etag(version_id: int) -> str:
    return f'W/"{version_id}"'


def read_return(prefer: str | None) -> Return | None:
    """Returns the preferred content of the response to a write (`return=`); None if not sent."""
    return _RETURNS.get(_find_preference(prefer, "return"))


def read_handling(prefer: str | None) -> Literal["strict", "lenient"] | None:
    """Returns the preferred handling of unknown parameters (`handling=`); None if not sent."""
    preference = _find_preference(prefer, "handling")
    return "strict" if preference == "strict" else "lenient" if preference == "lenient" else None


def _find_preference(prefer: str | None, name: str) -> str:
    """Returns the first preference of that name. Names are case-insensitive (RFC 7240, 2)."""
    if not prefer:
        return ""
    return next((value.lower() for key, value in _PREFERENCE.findall(prefer) if key.lower() == name), "")
