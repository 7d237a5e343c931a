"""Writes index entries as the values of search parameters: dates, numbers, positions and composites."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sickbay.fhir.dates import parse_span
from sickbay.fhir.search.index_entries import IndexEntries, Part
from sickbay.fhir.search.parameters import SearchParameter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_day(at: int) -> str:
    """`2024-05-01`. at: epoch milliseconds."""
    return f"{EPOCH + timedelta(milliseconds=at):%Y-%m-%d}".zfill(10)


def format_dates(low: int, high: int) -> list[str]:
    """Return dates that contain the range, the most precise one first."""
    at = EPOCH + timedelta(milliseconds=low)
    texts = [
        format_day(low)[:4],
        format_day(low)[:7],
        format_day(low),
        f"{format_day(low)}T{at:%H:%M}Z",
        f"{format_day(low)}T{at:%H:%M:%S}Z",
    ]
    if low % 1000:
        texts.append(f"{format_day(low)}T{at:%H:%M:%S}.{low % 1000:03}Z")
    spans = [(text, parse_span(text)) for text in texts]
    return [text for text, around in reversed(spans) if around and around[0] <= low and high <= around[1]]


def format_number(value: float) -> str:
    """`120`, `5.4`."""
    return f"{value:.12g}"


def format_token(system: str | None, code: str) -> str:
    return f"{escape(system)}|{escape(code)}" if system else escape(code)


def escape(text: str) -> str:
    """Put a backslash before the characters that separate values."""
    return "".join(f"\\{letter}" if letter in ",|$\\" else letter for letter in text)


def format_composites(entries: IndexEntries, parameter: SearchParameter) -> list[str]:
    """Return the values of a composite that a resource has."""
    rows = (_format_parts(parts) for number, parts in entries.composites if number in parameter.numbers)
    return ["$".join(texts) for texts in rows if all(texts)]


def _format_parts(parts: Sequence[Part]) -> list[str]:
    return [_format_part(part) for part in parts]


def _format_part(part: Sequence[Any]) -> str:
    """Return a component as it is written; "" if it can't be written."""
    match part:
        case ("token", system, code):
            return format_token(system, code)
        case ("quantity", _, _, low, _) | ("number", low, _):
            return format_number(low)
        case ("date", low, high):
            return next(iter(format_dates(low, high)), "")
        case ("reference", type, id):
            return f"{type}/{id}"
        case ("string", folded, _):
            return escape(folded)
        case ("uri", value):
            return escape(value)
    return ""


def format_positions(entries: IndexEntries, parameter: SearchParameter) -> list[str]:
    """Return `latitude|longitude` of a resource."""
    return [
        f"{latitude / 1e6:g}|{longitude / 1e6:g}"
        for number, latitude, longitude in entries.positions
        if number == parameter.number
    ]
