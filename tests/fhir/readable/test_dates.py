"""FHIR dates as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.fhir.readable.dates import describe_date, describe_period


@for_each(
    "text, described",
    [
        ("1969", "1969"),
        ("1969-03", "Mar 1969"),
        ("1969-03-12", "12 Mar 1969"),
        ("1969-03-12T10:31:00Z", "12 Mar 1969, 10:31 UTC"),
        ("1969-03-12T10:31:05.123+01:00", "12 Mar 1969, 10:31:05 +01:00"),
        ("1969-03-12T10:31", "12 Mar 1969, 10:31"),
        ("1969-03-12 10:31", "1969-03-12 10:31"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_a_date_is_as_precise_as_it_was_written(text: str, described: str) -> None:
    assert describe_date(text) == described


@given(st.from_regex(r"[0-9]{4}(-[0-9]{2}){0,2}(T.{0,20})?", fullmatch=True))
def test_any_text_that_looks_like_a_date_is_described_without_an_error(text: str) -> None:
    assert describe_date(text)


def test_a_period_without_an_end_begins_and_one_of_a_day_is_a_day() -> None:
    assert describe_period("2026-01-01", "") == "since 1 Jan 2026"
    assert describe_period("", "") == ""
    assert describe_period("2026-01-01", "2026-01-01") == "1 Jan 2026"
