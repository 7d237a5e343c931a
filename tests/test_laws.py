"""A law over a table fails with every case that breaks it, and can't pass without a case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.laws import for_each


def is_even(number: int) -> None:
    assert number % 2 == 0


def test_each_case_that_fails_is_reported_with_its_values() -> None:
    with pytest.raises(ExceptionGroup, match="2 of 4 cases failed") as raised:
        for_each("number", [2, 3, 4, 5])(is_even)()
    assert [failure.__notes__ for failure in raised.value.exceptions] == [["with number = 3"], ["with number = 5"]]


@pytest.mark.parametrize("end", [pytest.skip, pytest.fail])
def test_a_case_that_is_skipped_or_failed_by_name_does_not_hide_the_others(end: Callable[[str], None]) -> None:
    def law(number: int) -> None:
        if number == 1:
            end("first")
        is_even(number)

    with pytest.raises(ExceptionGroup) as raised:
        for_each("number", [1, 3])(law)()
    assert len(raised.value.exceptions) == 2


def test_a_table_without_cases_is_refused() -> None:
    with pytest.raises(ValueError, match="No case for number"):
        for_each("number", [])


def test_a_name_that_the_law_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="is_even has no parameter letter"):
        for_each("letter", "ab")(is_even)


def test_a_coroutine_is_refused_because_calling_it_does_nothing() -> None:
    async def law(number: int) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="coroutine"):
        for_each("number", [1])(law)  # type: ignore[arg-type]


@for_each("left, right", [("a", "a"), ("b", "b")])
def test_a_law_gets_its_fixtures_and_all_values_of_a_case(left: str, tmp_path: Path, right: str) -> None:
    assert left == right
    assert tmp_path.is_dir()


@for_each("number", [1, 2])
@for_each("letter", ["a", "b"])
def test_tables_can_be_combined(number: int, letter: str) -> None:
    assert f"{number}{letter}" in ("1a", "1b", "2a", "2b")
