"""Properties of parsing a search, tested with generated values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.fhir.search_parsing import BASE, only

from sickbay.fhir.dates import parse_span
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import DateValue, QuantityValue, Query
from sickbay.fhir.search.text import split, unescape
from sickbay.fhir.search.values import determine_precision


@given(st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]), st.dates())
def test_a_date_keeps_its_prefix_and_covers_its_day(prefix: str, day: object) -> None:
    (value,) = only("Observation", "date", f"{prefix}{day}").values
    low, high = parse_span(str(day)) or (0, 0)
    assert value == DateValue(prefix or "eq", low, high)  # type: ignore[arg-type]


@given(st.dates())
def test_an_approximate_date_covers_more_than_the_date(day: object) -> None:
    (value,) = only("Observation", "date", f"ap{day}").values
    low, high = parse_span(str(day)) or (0, 0)
    assert isinstance(value, DateValue)
    assert value.low <= low < high <= value.high
    assert value.high - value.low > high - low


@given(st.integers(-(10**6), 10**6), st.integers(0, 6))
def test_each_additional_digit_narrows_the_range_of_a_number(whole: int, digits: int) -> None:
    shorter, longer = (
        determine_precision(f"{whole}.{'0' * digits}" if digits else f"{whole}"),
        determine_precision(f"{whole}.{'0' * (digits + 1)}"),
    )
    assert shorter is not None
    assert longer is not None
    assert shorter[0] < longer[0] < whole < longer[1] < shorter[1]


def test_precision_matters_only_for_equality() -> None:
    assert only("Observation", "value-quantity", "100").values == (QuantityValue("eq", 99.5, 100.5),)
    assert only("Observation", "value-quantity", "1e2").values == (QuantityValue("eq", 95, 105),)
    assert only("Observation", "value-quantity", "gt100||mg").values == (QuantityValue("gt", 100, 100, None, "mg"),)
    (after,) = only("Observation", "value-quantity", "sa100").values
    assert isinstance(after, QuantityValue)
    assert after.low > 100


@given(st.floats(-1e290, 1e290, allow_subnormal=False))
def test_a_number_with_all_digits_of_a_float_matches_itself(value: float) -> None:
    """Half of its last digit is less than the spacing of floats: 77.40632870281955."""
    covered = determine_precision(repr(value))
    assert covered is not None
    assert covered[0] <= value < covered[1]
    assert determine_precision(f"{value:.17e}") is not None


@given(st.lists(st.text("ab,|$\\", max_size=4), min_size=1, max_size=4))
def test_unescaping_restores_escaped_text(parts: list[str]) -> None:
    written = ["".join("\\" + letter if letter in ",|$\\" else letter for letter in part) for part in parts]
    assert [unescape(part) for part in split(",".join(written))] == parts


NAMES = st.sampled_from(
    [
        "name",
        "patient",
        "subject",
        "code",
        "date",
        "value-quantity",
        "identifier",
        "nonsense",
        "_tag",
        "_id",
        "_count",
        "_sort",
        "_include",
        "_revinclude",
        "_total",
        "_summary",
        "_elements",
        "_lastUpdated",
        "code:not",
        "x:y",
        ":",
        "",
        "subject:Patient",
        "subject:Patient.name",
        "patient.birthdate",
        "patient.",
        ".",
        "code:missing",
        "subject.name",
    ]
)


@given(
    st.sampled_from(["r4", "dstu2"]),
    st.sampled_from(["Patient", "Observation", "Encounter"]),
    st.lists(st.tuples(NAMES, st.text(max_size=12) | st.text("|\\,$:/.0129gelt-TZ+", max_size=16)), max_size=4),
    st.booleans(),
)
def test_any_search_becomes_a_query_or_errors(version: str, type: str, pairs: list[tuple[str, str]], strict: bool) -> None:
    result = parse(version, type, pairs, base=BASE, strict=strict)
    if isinstance(result, Query):
        assert all(pair in pairs for pair in result.applied)
        assert parse(version, type, result.applied, base=BASE, strict=True) == parse(
            version, type, result.applied, base=BASE, strict=False
        )
    else:
        assert result
        assert all(error.rule and error.expected for error in result)
