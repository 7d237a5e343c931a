"""`ap` covers a tenth of the value on both sides, ends included, and what the written precision covers (R4, 3.1.1.4.6)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.search.matching import compare_ranges
from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.query import QuantityValue
from sickbay.fhir.search.values import parse_number, parse_quantity

DECIMALS = st.decimals(-10_000, 10_000, places=2).map(lambda value: value.normalize() if value else Decimal(0))


def approximate(text: str) -> QuantityValue:
    parameter = find("r4", "Observation", "value-quantity")
    assert parameter is not None
    value = parse_quantity(parameter, None, f"ap{text}", "")
    assert isinstance(value, QuantityValue)
    assert parse_number(parameter, None, f"ap{text}", "") == value
    return value


def is_found(text: str, stored: Decimal) -> bool:
    value, at = approximate(text), float(stored)
    return compare_ranges(value.prefix, at, at, value.low, value.high)


@given(DECIMALS, st.integers(-300, 300))
def test_a_value_is_found_up_to_a_tenth_away(searched: Decimal, thousandths: int) -> None:
    text = f"{searched:f}"
    stored = searched + abs(searched) * thousandths / 1000
    half = Decimal(5).scaleb(min(0, searched.as_tuple().exponent) - 1)  # type: ignore[operator]
    if abs(thousandths) <= 100:
        assert is_found(text, stored)
    elif abs(stored - searched) > half:
        assert not is_found(text, stored)


@pytest.mark.parametrize(
    ("text", "low", "high"), [("70", "63", "77"), ("0.7", "0.63", "0.77"), ("-70", "-77", "-63"), ("1e2", "90", "110")]
)
def test_both_ends_are_included(text: str, low: str, high: str) -> None:
    assert is_found(text, Decimal(low))
    assert is_found(text, Decimal(high))
    assert not is_found(text, Decimal(low) - Decimal("0.01"))
    assert not is_found(text, Decimal(high) + Decimal("0.01"))
