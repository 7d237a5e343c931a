"""What fits on a page."""

from __future__ import annotations

from html import escape

from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.readable.budget import VALUE_CHARACTERS, PageBudget, cut_lines, html_bytes, shorten_text


@given(st.text())
def test_the_bytes_in_html_are_never_more_than_counted(text: str) -> None:
    assert len(escape(text).encode("utf-8", "replace")) <= html_bytes(text)


@given(st.text(alphabet="a<&\né", max_size=400), st.integers(0, 500))
def test_the_beginning_and_what_is_missing_are_the_whole_text(text: str, limit: int) -> None:
    beginning, missing = cut_lines(text, limit)
    assert text.startswith(beginning)
    assert html_bytes(beginning) <= limit
    assert len(beginning.encode()) + missing == len(text.encode())


def test_a_long_text_is_cut_at_the_end_of_a_line() -> None:
    assert cut_lines("first\nsecond\nthird", 14) == ("first\nsecond\n", 5)
    assert cut_lines("first\nsecond", 100) == ("first\nsecond", 0)


def test_a_long_value_says_how_much_is_missing() -> None:
    assert shorten_text("abcdef", 6) == "abcdef"
    assert shorten_text("abcdefg", 6) == "abcdef… (1 more characters)"
    assert len(PageBudget(10).take("x" * 5000, 0)) < VALUE_CHARACTERS + 40


def test_a_budget_remembers_that_something_was_left_out() -> None:
    budget = PageBudget(10)
    budget.take("12345", 4)
    assert not budget.is_spent
    assert not budget.is_exceeded
    budget.take("1", 0)
    assert not budget.is_exceeded
    assert budget.is_spent
    assert budget.is_exceeded
