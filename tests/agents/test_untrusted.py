"""What strangers wrote is cut, and has no invisible characters."""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.agents.instructions import INSTRUCTIONS, texts_in
from tests.laws import for_each
from tests.protocol.test_mcp import JSON

from sickbay.agents.untrusted import NOTE, TEXT_CHARACTERS, TOTAL_CHARACTERS, Untrusted, clean


@for_each(
    "text, cleaned",
    [
        ("a\nb\tc", "a b c"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202eright to left\u202c", "right to left"),
        ("\x1b[2J", "[2J"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("selector\ufe0f\U000e0100", "selector"),
        ("filler\u3164\u2800", "filler"),
        ("line\u2028end", "line end"),
        ("a" * 300, "a" * TEXT_CHARACTERS + "…"),
        ("Zoë, 東京", "Zoë, 東京"),
    ],
)
def test_a_text_is_on_one_line_and_visible(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_no_character_is_hidden(text: str) -> None:
    assert not {unicodedata.category(character) for character in clean(text)} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert len(clean(text)) <= TEXT_CHARACTERS + 1


@given(st.dictionaries(st.sampled_from(["request", "app", "resource"]), JSON | st.sampled_from(INSTRUCTIONS)))
def test_an_object_of_any_values_is_small(values: dict[str, Any]) -> None:
    untrusted = Untrusted()
    for name, value in values.items():
        untrusted.add(name, value)
    marked = untrusted.to_json()
    assert not marked or marked["note"] == NOTE
    assert all(len(text) <= TEXT_CHARACTERS + 1 for text in texts_in(marked))


def test_all_texts_together_are_bounded_and_the_rest_is_counted() -> None:
    untrusted = Untrusted()
    untrusted.add("many", [["x" * 500] * 100 for _ in range(100)])
    marked = untrusted.to_json()
    assert sum(map(len, texts_in(marked["many"]))) <= TOTAL_CHARACTERS + 2 * 400
    assert marked["left_out"] > 0


def test_a_value_that_is_quoted_twice_has_one_name_and_another_value_another() -> None:
    untrusted = Untrusted()
    assert [untrusted.add_fact("received", value) for value in ("a", "b", "a")] == ["‹received›", "‹received-2›", "‹received›"]
    assert untrusted.to_json()["values"] == {"received": "a", "received-2": "b"}


def test_nothing_is_marked_if_there_is_nothing() -> None:
    untrusted = Untrusted()
    untrusted.add("request", {})
    assert untrusted.to_json() == {}
