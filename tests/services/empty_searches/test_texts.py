"""Index entries written as search values are read as the same entries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.dates import parse_span
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.text import split, unescape
from sickbay.services.empty_searches import texts
from sickbay.storage.terms import decode_sortable, encode_sortable

DATES = (
    "2024",
    "2024-05",
    "2024-05-01",
    "2024-05-01T10:20:00Z",
    "2024-05-01T10:20:30Z",
    "2024-05-01T10:20:30.123Z",
    "0987-01-02",
)


@pytest.mark.parametrize("date", DATES)
def test_a_date_is_written_as_exactly_as_it_was_read(date: str) -> None:
    low, high = parse_span(date) or (0, 0)
    assert texts.format_dates(low, high)[0] == date


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 40_000_000_000))
def test_every_written_date_contains_the_range(low: int, length: int) -> None:
    for text in texts.format_dates(low, low + length):
        around = parse_span(text)
        assert around is not None
        assert around[0] <= low
        assert low + length <= around[1]


@given(st.text(alphabet="ab,|$\\ é", max_size=20))
def test_an_escaped_text_is_one_value_without_a_system(text: str) -> None:
    for separator in ",|$":
        (part,) = split(texts.escape(text), separator)
        assert unescape(part) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_from_the_index(value: float) -> None:
    assert decode_sortable(encode_sortable(value)) == value


def test_a_composite_is_written_part_by_part() -> None:
    parameter = find("r4", "Observation", "code-value-quantity")
    assert parameter is not None
    parts = (("token", "http://loinc.org", "8867-4"), ("quantity", "http://unitsofmeasure.org", "/min", 70.0, 70.0))
    entries = IndexEntries(composites=((parameter.number, parts), (parameter.number + 1, parts)))
    assert texts.format_composites(entries, parameter) == ["http://loinc.org|8867-4$70"]


def test_a_part_that_cannot_be_written_leaves_out_the_composite() -> None:
    parameter = find("r4", "Observation", "code-value-date")
    assert parameter is not None
    parts = (("token", None, "a"), ("date", 0, 10**14))
    assert texts.format_composites(IndexEntries(composites=((parameter.number, parts),)), parameter) == []
