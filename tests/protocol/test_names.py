"""Names that strangers choose show only what they contain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.names import NAME_CHARACTERS, clean_name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Growth chart", "Growth chart"),
        ("Épic 𝕏 نبض 健康 ❤️", "Épic 𝕏 نبض 健康 ❤️"),
        ("  two\t\n words\u00a0here ", "two words here"),
        ("Epic\u202ecipE", "EpiccipE"),
        ("a\u2066b\u2069\u200f", "ab"),
        ("\u200b\u200d\ufeff", ""),
        ("👩\u200d⚕️ Ward 👨🏽\u200d👩\u200d👧", "👩\u200d⚕️ Ward 👨🏽\u200d👩\u200d👧"),
        ("a\u200db\u200d👩\u200d\u200d👧 \u200d c\u200d", "ab👩👧 c"),
        ("\u3164\u2800", ""),
        ("\ufe0f\u0301", ""),
        ("a\u0000\u0007b", "ab"),
        ("a" * 500, "a" * NAME_CHARACTERS),
        ("", ""),
    ],
)
def test_a_name_keeps_its_visible_characters(sent: str, name: str) -> None:
    assert clean_name(sent) == name


@given(st.text() | st.text("👩👧❤a \u200d\ufe0f\u200b"), st.integers(1, 50))
def test_a_clean_name_is_printable_short_and_stays_the_same(sent: str, most: int) -> None:
    name = clean_name(sent, most)
    assert len(name) <= most
    assert name == name.strip()
    assert "  " not in name
    assert all(letter.isprintable() or letter == "\u200d" for letter in name)
    assert "\u200d\u200d" not in name
    assert name == name.strip("\u200d")
    assert clean_name(name, most) == name
