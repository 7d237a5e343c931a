"""The primitive types (R4, 2.24.0.1): what a value in JSON must be, as functions that say what is wrong or nothing."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from sickbay.kernel.memoize import memoized

Says: TypeAlias = Callable[[Any], str | None]
"""None where the value is good; else what is wrong with it, to follow the value's place."""

_DAY = r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_ZONE = r"(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)"
_INT = 2**31
_SHORT = 120
"""Characters of a text that is worth keeping."""
HUGE = 1e300
"""No number is as large; stands for an open end of a range of numbers, too."""


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be empty; leave it out"
    return "must not hold control characters" if _CONTROL.search(value) else None


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _matching(pattern: str, said: str, flags: int = re.ASCII) -> Says:
    fits = re.compile(pattern, flags).fullmatch

    def says(value: Any) -> str | None:
        if isinstance(value, str) and fits(value):
            return None
        return f"must be {said}"

    return says


def _known(says: Says) -> Says:
    """Of what comes again and again, systems and dates: a short text is looked at once."""
    kept = memoized(16_384)(says)
    return lambda value: kept(value) if isinstance(value, str) and len(value) <= _SHORT else says(value)


def _dated(pattern: str, said: str) -> Says:
    """The form, and that there is such a day."""
    form = _matching(pattern, said)

    def says(value: Any) -> str | None:
        found = form(value)
        return found if found or len(value) < 10 or _is_a_day(value[:10]) else f"must be {said}: there is no such day"

    return _known(says)


def _is_a_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false, without quotation marks"


def _whole(low: int, said: str) -> Says:
    def says(value: Any) -> str | None:
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value < _INT
        return None if good else f"must be {said}"

    return says


def _decimal(value: Any) -> str | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "must be a number, without quotation marks"
    return None if abs(value) < HUGE else "must be a number below 1e300: no index and few readers hold more"


def _base64(value: Any) -> str | None:
    fault = "must be base64"
    if not isinstance(value, str) or not value:
        return fault
    plain = "".join(value.split())
    return None if len(plain) % 4 == 0 and _BASE64(plain) else fault


_BASE64 = re.compile(r"[0-9A-Za-z+/]*={0,2}", re.ASCII).fullmatch
_uri = _known(_matching(r"\S+", "a URI without blanks", 0))

PRIMITIVES: dict[str, Says] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri,
    "code": _matching(r"[^\s]+(\s[^\s]+)*", "a code, without blanks around it", 0),
    "date": _dated(_DAY, "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _dated(rf"{_DAY}|\d{{4}}-\d\d-\d\dT{_TIME}{_ZONE}", "a dateTime: YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"),
    "decimal": _decimal,
    "id": _matching(r"[A-Za-z0-9\-.]{1,64}", "1 to 64 letters, digits, '-' or '.'"),
    "instant": _dated(rf"\d{{4}}-\d\d-\d\dT{_TIME}{_ZONE}", "an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz"),
    "integer": _whole(-_INT, "a whole number"),
    "integer64": _matching(r"0|-?[1-9]\d{0,18}", "a whole number as a string"),
    "markdown": _text,
    "oid": _matching(r"urn:oid:[0-2](\.(0|[1-9]\d*))+", "an OID as urn:oid:1.2.3"),
    "positiveInt": _whole(1, "a whole number of 1 or more"),
    "string": _text,
    "time": _matching(_TIME, "a time: hh:mm:ss"),
    "unsignedInt": _whole(0, "a whole number of 0 or more"),
    "uri": _uri,
    "url": _uri,
    "uuid": _matching(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "a UUID as urn:uuid:…", re.ASCII | re.I),
}
