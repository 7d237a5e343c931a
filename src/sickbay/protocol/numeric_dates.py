"""Times of a JWT: numbers of seconds since 1970 (RFC 7519 2, NumericDate)."""

from __future__ import annotations

from typing import Final

LATEST: Final = 10**11
"""The largest number that is taken for seconds: a time in the year 5138."""
UNITS: Final = {"milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
"""Units that programs mistake for seconds, and how many of them a second has."""


def find_unit(time: object) -> str | None:
    """The unit of a number that is too large for seconds; None if it isn't, and for values of other types."""
    if not isinstance(time, int | float) or time <= LATEST:
        return None
    return next((unit for unit, divisor in UNITS.items() if time <= LATEST * divisor), "nanoseconds")


def convert_to_seconds(time: float) -> int:
    return int(time) // UNITS.get(find_unit(time) or "", 1)
