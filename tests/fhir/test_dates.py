"""The ranges that dates cover, by precision and time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.dates import BEGINNING, END, parse_span

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))


@given(MOMENTS)
def test_a_more_precise_date_is_within_the_less_precise_one(moment: datetime) -> None:
    forms = [f"{moment.year:04}", f"{moment.year:04}-{moment.month:02}", moment.date().isoformat()]
    forms += [moment.strftime("%H:%M").join([forms[2] + "T", "Z"])]
    forms += [f"{forms[2]}T{moment:%H:%M:%S}Z", f"{forms[2]}T{moment:%H:%M:%S}.{moment.microsecond // 1000:03}Z"]
    spans = [parse_span(form) for form in forms]
    for outer, inner in pairwise(spans):
        assert outer is not None
        assert inner is not None
        assert outer[0] <= inner[0] < inner[1] <= outer[1]


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_zone_moves_the_instant_without_changing_its_length(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    text = zoned.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + zoned.strftime("%z")[:3] + ":" + zoned.strftime("%z")[3:]
    expected = (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_span(text) == (expected, expected + 1000)


@given(st.integers(1, 9998))
def test_consecutive_years_have_no_gap_or_overlap(year: int) -> None:
    first, second = parse_span(f"{year:04}"), parse_span(f"{year + 1:04}")
    assert first is not None
    assert second is not None
    assert first[1] == second[0]


def test_the_first_and_the_last_year_reach_the_ends_of_time() -> None:
    assert (parse_span("0001") or (0, 0))[0] == BEGINNING
    assert (parse_span("9999") or (0, 0))[1] == END
    assert (parse_span("9999-12") or (0, 0))[1] == END


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20",
        "2020-13",
        "2021-02-29",
        "2020-1-1",
        "01/02/2020",
        "2020-01-01T25:00",
        "2020-01-01T10",
        "2020-01-01Z",
        "2020-01-01T10:00:00+15:00",
        "0000",
        "٢٠٢٠",
        "2020-01-01 ",
        "2020-01-01T10:00:61Z",
    ],
)
def test_an_invalid_date_has_no_range(text: str) -> None:
    assert parse_span(text) is None
