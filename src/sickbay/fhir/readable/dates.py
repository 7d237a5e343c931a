"""Writes FHIR dates and times for people, as precise as they are."""

from __future__ import annotations

import re

from sickbay.kernel import english

_TIME = re.compile(r"T(\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}", re.ASCII)


def describe_date(text: str) -> str:
    """'12 Mar 1969', 'Mar 1969', '12 Mar 1969, 10:31 UTC', '12 Mar 1969, 10:31 +01:00'. Anything else stays as it is."""
    date = _DATE.match(text)
    if date is None:
        return text
    day, rest = english.format_fhir_date(date[0]), text[date.end() :]
    if not rest:
        return day
    time = _TIME.fullmatch(rest)
    if time is None:
        return text
    seconds = time[2] if time[2] and time[2] != ":00" else ""
    zone = "UTC" if time[3] in ("Z", "+00:00") else time[3] or ""
    return f"{day}, {time[1]}{seconds} {zone}".rstrip()


def describe_period(start: str, end: str) -> str:
    if not (start and end):
        return f"since {describe_date(start)}" if start else f"until {describe_date(end)}" if end else ""
    first, last = describe_date(start), describe_date(end)
    return first if first == last else f"{first} to {last}"
