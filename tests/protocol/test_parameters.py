"""Parameters keep their order, repetitions and raw text; an empty value counts as not sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.parameters import MAXIMUM_PARAMETERS, Parameters, encode, find_first_value, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAIRS = st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6)


@given(PAIRS)
def test_encoded_pairs_are_parsed_back(pairs: list[tuple[str, str]]) -> None:
    assert list(parse(encode(pairs)).pairs) == pairs


@given(st.text(max_size=80))
def test_any_text_can_be_parsed(text: str) -> None:
    assert parse(text).raw == text


@given(st.lists(st.tuples(st.sampled_from(["token", "a", "my-token"]), TEXT), max_size=5))
def test_a_single_parameter_is_found_without_parsing_the_others(pairs: list[tuple[str, str]]) -> None:
    raw = encode(pairs)
    values = [value for name, value in pairs if name == "token"]
    assert find_first_value(raw, "token") == (values[0] if values else None)


def test_the_first_value_of_a_single_parameter_is_found_and_decoded() -> None:
    assert find_first_value("my-token=x&token=a%20b+c&token=d", "token") == "a b c"
    assert find_first_value("my-token=x&tokens=a", "token") is None


def test_plus_and_percent_twenty_are_both_a_space() -> None:
    assert parse("scope=a+b%20c").get("scope") == "a b c"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("%C3%A9+%E2%82%AC", "é €"),
        ("%C3x%A9", "\ufffdx\ufffd"),
        ("%C3%28", "\ufffd("),
        ("100%", "100%"),
        ("%zz", "%zz"),
        ("é+%C3%A9", "é é"),
        ("é%C3", "é\ufffd"),
        ("é", "é"),
        ("%", "%"),
        ("+", " "),
        ("%2B", "+"),
        ("%00", "\0"),
    ],
)
def test_escaped_and_unescaped_characters_are_decoded_as_utf_8(raw: str, value: str) -> None:
    assert parse(f"a={raw}").pairs == (("a", value),)
    assert parse(f"{raw}=a").pairs == ((value, "a"),)


def test_an_empty_value_counts_as_not_sent() -> None:
    parameters = parse("state=&launch")
    assert parameters.get("state") is None
    assert "state" in parameters


@given(PAIRS)
def test_the_first_value_that_is_not_empty_counts(pairs: list[tuple[str, str]]) -> None:
    parameters = Parameters(tuple(pairs))
    for name in (*(key for key, _ in pairs), "absent"):
        assert parameters.get(name) == next((value for key, value in pairs if key == name and value), None)
    assert parameters == Parameters(tuple(pairs))
    assert hash(parameters) == hash(Parameters(tuple(pairs)))


def test_repeated_names_are_listed() -> None:
    assert parse("a=1&b=2&a=1").list_repeated_names() == ("a",)


def test_replacing_keeps_the_position_and_removes_repetitions() -> None:
    parameters = parse("a=1&b=2&a=3").replace([("a", "x y"), ("c", "4"), ("b", None)])
    assert parameters == Parameters((("a", "x y"), ("c", "4")), "a=x%20y&c=4")


def test_everything_after_the_maximum_is_part_of_the_last_value() -> None:
    """Each parameter is compared with the others, so thousands would take too long."""
    read = parse("&".join(f"a{number}=1" for number in range(MAXIMUM_PARAMETERS)) + "&client_id=x&client_id=y")
    assert len(read.names()) == MAXIMUM_PARAMETERS
    assert read.get(f"a{MAXIMUM_PARAMETERS - 1}") == "1&client_id=x&client_id=y"
    more = parse("&".join(["a=1"] * (MAXIMUM_PARAMETERS - 1)) + "&client_id=x&client_id=y")
    assert (more.names(), more.get("client_id")) == (("a", "client_id"), "x&client_id=y")
    assert more.list_repeated_names() == ("a",)
