"""Slots are filled with values from the text, or with words, and never left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.doctor.fill import VALUE_CHARACTERS, VALUES, WORDLESS, capture_values, fill
from sickbay.doctor.model import Message

URI = "https://app.example.org/cb"


def message(*captures: str) -> Message:
    return Message("m", "", "", captures=captures)


def test_a_slot_is_filled_with_a_value_or_with_words() -> None:
    assert fill("Register {redirect_uri} exactly.", {"redirect_uri": URI}) == f"Register `{URI}` exactly."
    assert fill("Register {redirect_uri} exactly.", {}) == "Register the redirect URI exactly."
    for cut in ("https://", "https%3A%2F%2F"):  # the host was left open, as in https://<host>/
        assert fill("Register {redirect_uri} exactly.", {"redirect_uri": cut}) == "Register the redirect URI exactly."


def test_a_sentence_whose_value_has_no_words_is_left_out() -> None:
    text = "Two differ. Expected {expected}, received {received}. Compare them."
    assert fill(text, {}) == fill(text, {"expected": "", "received": "b"}) == "Two differ. Compare them."
    assert fill(text, {"expected": "a", "received": "b"}) == "Two differ. Expected `a`, received `b`. Compare them."


def test_a_title_loses_the_tail_whose_value_is_missing() -> None:
    assert fill("The URI isn't registered: {redirect_uri}", {}) == "The URI isn't registered"
    assert fill("The URI isn't registered: {redirect_uri}", {"redirect_uri": URI}) == f"The URI isn't registered: `{URI}`"


def test_names_with_underscores_are_code() -> None:
    assert fill("Send client_id and `grant_type` to https://a.example/b_c.", {}) == (
        "Send `client_id` and `grant_type` to https://a.example/b_c."
    )


def test_a_value_is_decoded_and_has_a_limited_length() -> None:
    assert fill("{redirect_uri}", {"redirect_uri": "https%3A%2F%2Fapp.example.org%2Fcb"}) == f"`{URI}`"
    assert len(fill("{redirect_uri}", {"redirect_uri": "a" * 500})) == VALUE_CHARACTERS + 3


@for_each("masked", ["xxxxxxxx", "***", "XXX", "…", "[FILTERED]"])
def test_a_masked_value_is_not_repeated(masked: str) -> None:
    assert (
        fill("Register {redirect_uri} as it is sent.", {"redirect_uri": masked}) == "Register the redirect URI as it is sent."
    )


def test_the_call_of_a_function_is_not_taken_for_a_name() -> None:
    assert fill("client_id and base64_encode($hash)", {}) == "`client_id` and base64_encode($hash)"


def test_a_value_is_captured_between_the_words_of_a_template() -> None:
    found = message("redirect URI '{redirect_uri}' specified", "for resource {resource}")
    text = f"The redirect   URI\n'{URI}' specified in the request, for resource Observation, isn't"
    assert capture_values([found], text) == {"redirect_uri": URI, "resource": "Observation"}
    assert capture_values([found], "something else") == {}


def test_the_first_value_that_is_captured_counts() -> None:
    assert capture_values([message("a={value}"), message("b={value}")], "b=2 a=1") == {"value": "1"}


@given(st.dictionaries(st.sampled_from([*VALUES, *WORDLESS]), st.text(min_size=1, max_size=20)))
def test_no_slot_is_left(values: dict[str, str]) -> None:
    for name in (*VALUES, *WORDLESS):
        assert f"{{{name}}}" not in fill(f"First. Then {{{name}}} is used.", {k: v.replace("{", "") for k, v in values.items()})
