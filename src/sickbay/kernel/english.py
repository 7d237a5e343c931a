"""Counts, lists, dates and times in English: 2 requests; a, b and c; 24 Nov 2026, 10:31:07. Nothing here reads the clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def count(number: int, noun: str, plural: str = "") -> str:
    """'1 request', '2 requests'. plural: the plural of an irregular noun, such as 'entries'."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def add_article(noun: str) -> str:
    """'a Patient', 'an Observation'."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def join(words: Sequence[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    *first, end = words or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def join_as_code(items: Iterable[object], *, word: str = "and") -> str:
    """The items as a phrase: `a`, `a` and `b`, `a`, `b` and `c`. Without items it is "none"."""
    return join([f"`{item}`" for item in items] or ["none"], word)


def describe_duration(seconds: int) -> str:
    """'a few seconds', 'about 40 seconds', 'about 4 minutes', 'about 2 hours': an estimate, rounded up."""
    if seconds <= 5:
        return "a few seconds"
    if seconds <= 50:
        return f"about {-(-seconds // 10) * 10} seconds"
    minutes = -(-seconds // 60)
    return f"about {count(minutes, 'minute')}" if minutes < 90 else f"about {count(-(-minutes // 60), 'hour')}"


_SPANS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def describe_span(seconds: int) -> str:
    """'2 hours', '1 day, 12 hours and 5 minutes': exact, without units that are 0."""
    parts = []
    for name, length in _SPANS:
        number, seconds = divmod(seconds, length)
        if number:
            parts.append(count(number, name))
    return join(parts) or "0 seconds"


def describe_size(number: int) -> str:
    """'12 KB', '3.4 MB'. number: the number of bytes."""
    return f"{number / 1_000_000:.1f} MB" if number >= 1_000_000 else f"{-(-number // 1000)} KB"


def describe_offset(offset: float) -> str:
    """'2 hours ahead of real time', '30 minutes behind real time' or 'real time'. offset: in seconds."""
    seconds = round(offset)
    if not seconds:
        return "real time"
    return f"{describe_span(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'} real time"


def parse_datetime(at: float | str) -> datetime:
    """Parse epoch seconds or ISO 8601; without a time zone, it is UTC."""
    if isinstance(at, (int, float)):
        return datetime.fromtimestamp(at, UTC)
    parsed = datetime.fromisoformat(at)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def format_day(when: date) -> str:
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def format_weekday(when: date) -> str:
    return f"{WEEK[when.weekday()]}, {when.day} {MONTH_NAMES[when.month - 1]}"


def format_clock(when: datetime, seconds: bool = False) -> str:
    return when.strftime("%H:%M:%S" if seconds else "%H:%M")


def format_time(at: float | str) -> str:
    when = parse_datetime(at)
    return f"{format_day(when)}, {format_clock(when, seconds=True)}"


def format_iso(at: float | str) -> str:
    return parse_datetime(at).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_date(text: str | None) -> date | None:
    """Returns the date in a FHIR date or dateTime; None if it has no day."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def format_fhir_date(text: str | None) -> str:
    """Format a FHIR date: a day, a month or a year, as precise as the value."""
    known = parse_date(text)
    if known:
        return format_day(known)
    year, _, month = (text or "")[:7].partition("-")
    return f"{MONTHS[int(month) - 1]} {year}" if month.isascii() and month.isdigit() and 1 <= int(month) <= 12 else year


def age_in_years(born: str | None, today: date) -> int | None:
    """Returns the age in whole years; None if the day of birth isn't known."""
    birth = parse_date(born)
    if birth is None:
        return None
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
