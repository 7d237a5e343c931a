"""Percentiles of infants match values that the CDC published with its growth charts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sickbay.population.growth import HEAD_FOR_AGE, WEIGHT_FOR_LENGTH, Table, find_percentile


@pytest.mark.parametrize(
    ("table", "sex", "at", "value", "expected"),
    [
        (WEIGHT_FOR_LENGTH, "male", 65.5, 6.461, 5),
        (WEIGHT_FOR_LENGTH, "male", 65.5, 7.304, 50),
        (WEIGHT_FOR_LENGTH, "male", 65.5, 8.494, 95),
        (WEIGHT_FOR_LENGTH, "male", 86.5, 11.643, 25),
        (WEIGHT_FOR_LENGTH, "male", 71.5, 9.801, 90),
        (WEIGHT_FOR_LENGTH, "female", 61.5, 5.575, 10),
        (WEIGHT_FOR_LENGTH, "female", 72.5, 9.421, 75),
        (WEIGHT_FOR_LENGTH, "female", 95.5, 16.412, 95),
        (HEAD_FOR_AGE, "male", 12.5, 44.427, 5),
        (HEAD_FOR_AGE, "male", 12.5, 48.650, 95),
        (HEAD_FOR_AGE, "male", 9.5, 44.618, 25),
        (HEAD_FOR_AGE, "female", 5.5, 42.083, 50),
        (HEAD_FOR_AGE, "female", 12.5, 45.195, 50),
    ],
)
def test_a_percentile_matches_the_published_value(table: Table, sex: str, at: float, value: float, expected: int) -> None:
    """Between the rows of the thinned-out tables the result may differ by one percentile."""
    computed = find_percentile(table, sex, at, value)
    assert computed is not None
    assert abs(computed - expected) <= 1


@pytest.mark.parametrize("sex", ["female", "male"])
def test_there_is_no_percentile_outside_the_tables(sex: str) -> None:
    assert find_percentile(WEIGHT_FOR_LENGTH, sex, 45.4, 2.4) is None
    assert find_percentile(WEIGHT_FOR_LENGTH, sex, 103.6, 16.0) is None
    assert find_percentile(HEAD_FOR_AGE, sex, -0.1, 35.0) is None
    assert find_percentile(HEAD_FOR_AGE, sex, 36.1, 49.0) is None
    assert find_percentile(HEAD_FOR_AGE, sex, 0, 35.0) is not None
    assert find_percentile(HEAD_FOR_AGE, sex, 36, 49.0) is not None


@given(some.sampled_from(["female", "male"]), some.floats(46, 103), some.floats(2, 20), some.floats(0, 3))
def test_a_heavier_child_of_the_same_length_has_no_lower_percentile(
    sex: str, length: float, weight: float, more: float
) -> None:
    lighter, heavier = (find_percentile(WEIGHT_FOR_LENGTH, sex, length, kilograms) for kilograms in (weight, weight + more))
    assert lighter is not None
    assert heavier is not None
    assert 1 <= lighter <= heavier <= 99
