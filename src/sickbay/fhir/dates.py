"""Converts a date, dateTime or instant of any precision to the range it covers, [low, high) in epoch milliseconds."""

from __future__ import annotations

import re
from datetime import date

from sickbay.kernel.memoize import memoize

BEGINNING = -62_135_596_800_000
"""0001-01-01: the low end of a period without a start."""
END = 253_402_300_800_000
"""10000-01-01: the high end of a period without an end."""

_DAY = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_FORM = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


@memoize(16_384)
def parse_span(text: str) -> tuple[int, int] | None:
    """Returns the range of a date of any precision, or None if it isn't a date. Without a zone: UTC (R4, 3.1.1.4.7)."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    year, month, day = form["year"], form["month"], form["day"]
    try:
        if month is None:
            return _days_of_month(int(year), 1), _days_of_month(int(year) + 1, 1)
        if day is None:
            return _days_of_month(int(year), int(month)), _next_month(int(year), int(month))
        low = (date(int(year), int(month), int(day)).toordinal() - _EPOCH) * _DAY
    except ValueError:
        return None
    return (low, low + _DAY) if form["hour"] is None else _moment_of_day(low, form)


def is_instant(text: str) -> bool:
    """Whether it is an instant, which has seconds and a time zone (R4, 2.24.0.1)."""
    form = _FORM.fullmatch(text)
    return form is not None and bool(form["second"] and form["zone"]) and parse_span(text) is not None


def _moment_of_day(day: int, form: re.Match[str]) -> tuple[int, int] | None:
    hour, minute, second = int(form["hour"]), int(form["minute"]), int(form["second"] or 0)
    zone = _offset_of_zone(form["zone"])
    if hour > 23 or minute > 59 or second > 60 or zone is None:
        return None
    low = day + ((hour * 60 + minute) * 60 + second) * 1000 - zone
    if form["second"] is None:
        return low, low + 60_000
    fraction = form["fraction"]
    if fraction is None:
        return low, low + 1000
    low += int(fraction[:3].ljust(3, "0"))
    return low, low + max(1, 10 ** (3 - len(fraction)) if len(fraction) < 3 else 1)


def _offset_of_zone(text: str | None) -> int | None:
    """Returns the offset from UTC in milliseconds, positive to the east; None if it isn't a valid zone."""
    if text is None or text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * 60_000 * (-1 if text[0] == "-" else 1)


def _days_of_month(year: int, month: int) -> int:
    return END if year == 10_000 else (date(year, month, 1).toordinal() - _EPOCH) * _DAY


def _next_month(year: int, month: int) -> int:
    return _days_of_month(year + 1, 1) if month == 12 else _days_of_month(year, month + 1)
