"""Checks for the primitive types (R4, 2.24.0.1), as functions that return what is wrong with a JSON value, or None."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from sickbay.kernel.memoize import memoized

ValueCheck: TypeAlias = Callable[[Any], str | None]
"""Returns None if the value is valid; otherwise what is wrong with it, to follow the element's path."""

_DAY = r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_ZONE = r"(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)"
_INT = 2**31
_SHORT = 120
"""Longest cached text, in characters."""
HUGE = 1e300
"""Numbers must be smaller. Also the open end of a range of numbers."""


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be empty; leave it out"
    return "must not contain control characters" if _CONTROL.search(value) else None


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _matching(pattern: str, form: str, flags: int = re.ASCII) -> ValueCheck:
    fits = re.compile(pattern, flags).fullmatch

    def check(value: Any) -> str | None:
        if isinstance(value, str) and fits(value):
            return None
        return f"must be {form}"

    return check


def _known(check: ValueCheck) -> ValueCheck:
    """Caches a check for short texts, such as systems and dates, which occur many times."""
    cached = memoized(16_384)(check)
    return lambda value: cached(value) if isinstance(value, str) and len(value) <= _SHORT else check(value)


def _dated(pattern: str, form: str) -> ValueCheck:
    """Checks the form, and that the day exists."""
    check_form = _matching(pattern, form)

    def check(value: Any) -> str | None:
        problem = check_form(value)
        return problem if problem or len(value) < 10 or _is_a_day(value[:10]) else f"must be {form}: there is no such day"

    return _known(check)


def _is_a_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false, without quotation marks"


def _whole(low: int, form: str) -> ValueCheck:
    def check(value: Any) -> str | None:
        valid = isinstance(value, int) and not isinstance(value, bool) and low <= value < _INT
        return None if valid else f"must be {form}"

    return check


def _decimal(value: Any) -> str | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "must be a number, without quotation marks"
    return None if abs(value) < HUGE else "must be a number below 1e300, because larger ones can't be indexed"


def _base64(value: Any) -> str | None:
    fault = "must be base64"
    if not isinstance(value, str) or not value:
        return fault
    plain = "".join(value.split())
    return None if len(plain) % 4 == 0 and _BASE64(plain) else fault


_BASE64 = re.compile(r"[0-9A-Za-z+/]*={0,2}", re.ASCII).fullmatch
_uri = _known(_matching(r"\S+", "a URI without spaces", 0))

PRIMITIVES: dict[str, ValueCheck] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri,
    "code": _matching(r"[^\s]+(\s[^\s]+)*", "a code, without spaces before or after it", 0),
    "date": _dated(_DAY, "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _dated(rf"{_DAY}|\d{{4}}-\d\d-\d\dT{_TIME}{_ZONE}", "a dateTime: YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"),
    "decimal": _decimal,
    "id": _matching(r"[A-Za-z0-9\-.]{1,64}", "1 to 64 letters, digits, '-' or '.'"),
    "instant": _dated(rf"\d{{4}}-\d\d-\d\dT{_TIME}{_ZONE}", "an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz"),
    "integer": _whole(-_INT, "a whole number"),
    "integer64": _matching(r"0|-?[1-9]\d{0,18}", "a whole number as a string"),
    "markdown": _text,
    "oid": _matching(r"urn:oid:[0-2](\.(0|[1-9]\d*))+", "an OID such as urn:oid:1.2.3"),
    "positiveInt": _whole(1, "a whole number of 1 or more"),
    "string": _text,
    "time": _matching(_TIME, "a time: hh:mm:ss"),
    "unsignedInt": _whole(0, "a whole number of 0 or more"),
    "uri": _uri,
    "url": _uri,
    "uuid": _matching(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "a UUID such as urn:uuid:…", re.ASCII | re.I),
}
