"""Values that can be guessed are recognised, and random ones are not."""

from __future__ import annotations

import string
import uuid
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.diagnosis.rules.authorize.state import describe_weakness, estimate_bits

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
    facts = describe_weakness(state)
    assert facts is not None
    assert facts["level"] == "warning"


def test_sixteen_random_characters_are_only_a_hint() -> None:
    facts = describe_weakness("aZ3kQ9xT1bC7dE5f")
    assert facts is not None
    assert (facts["level"], facts["bits"]) == ("info", 95)


def test_random_texts_of_sixteen_characters_are_hardly_ever_taken_for_words() -> None:
    random = Random(7)
    texts = ["".join(random.choices(LETTERS, k=16)) for _ in range(20_000)]
    taken = [text for text in texts if (facts := describe_weakness(text)) is None or facts["level"] != "info"]
    assert len(taken) <= 4


@given(st.binary(min_size=16, max_size=16))
def test_a_uuid_has_exactly_the_required_number_of_bits(raw: bytes) -> None:
    assert estimate_bits(str(uuid.UUID(bytes=raw, version=4))) == 122
    assert describe_weakness(str(uuid.UUID(bytes=raw, version=4))) is None


@given(st.text(URL_SAFE, min_size=1, max_size=60))
def test_another_character_never_reduces_the_bits_of_a_varied_text(text: str) -> None:
    if len(set(text)) > 3:
        assert estimate_bits(text + text[0]) >= estimate_bits(text)


def test_a_long_run_of_letters_with_another_ending_is_not_a_word() -> None:
    """Backtracking over all splits into words would take very long for 50 letters, and forever for 80."""
    facts = describe_weakness("correcthorsebatterystaple" * 400 + "!")
    assert facts is None
    assert describe_weakness("Abc_" * 20_000 + "!") is None
