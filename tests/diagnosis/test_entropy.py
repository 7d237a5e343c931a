"""What can be guessed is told from what cannot."""

from __future__ import annotations

import string
import uuid
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.entropy import bits, weakness

LETTERS = string.ascii_letters + string.digits
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize(
    "state",
    [
        "1",
        "abc123",
        "my_state_1",
        "launch_state",
        "someLongStateValue42",
        "LAUNCH_STATE_1",
        "defaultState",
        "1764000000",
        "2026-11-24T10:00:00Z",
        "0" * 60,
    ],
)
def test_words_numbers_and_times_can_be_guessed(state: str) -> None:
    found = weakness(state)
    assert found is not None
    assert found["level"] == "warning"


def test_sixteen_random_characters_are_worth_a_line_and_no_more() -> None:
    found = weakness("aZ3kQ9xT1bC7dE5f")
    assert found is not None
    assert (found["level"], found["bits"]) == ("info", 95)


def test_of_random_texts_of_sixteen_characters_hardly_one_is_taken_for_words() -> None:
    random = Random(7)
    texts = ["".join(random.choices(LETTERS, k=16)) for _ in range(20_000)]
    taken = [text for text in texts if (found := weakness(text)) is None or found["level"] != "info"]
    assert len(taken) <= 4


@given(st.binary(min_size=16, max_size=16))
def test_a_uuid_has_as_many_bits_as_are_asked_for(raw: bytes) -> None:
    assert bits(str(uuid.UUID(bytes=raw, version=4))) == 122
    assert weakness(str(uuid.UUID(bytes=raw, version=4))) is None


@given(st.text(URL_SAFE, min_size=1, max_size=60))
def test_one_more_character_never_takes_bits_away_from_a_varied_text(text: str) -> None:
    if len(set(text)) > 3:
        assert bits(text + text[0]) >= bits(text)


def test_a_long_run_of_letters_that_ends_otherwise_is_no_word() -> None:
    """Cut into words in every way that there is, fifty letters keep everybody else waiting, and eighty for ever."""
    found = weakness("correcthorsebatterystaple" * 400 + "!")
    assert found is None
    assert weakness("Abc_" * 20_000 + "!") is None
