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
        ("\u3164\u2800", ""),
        ("\ufe0f\u0301", ""),
        ("a\u0000\u0007b", "ab"),
        ("a" * 500, "a" * NAME_CHARACTERS),
        ("", ""),
    ],
)
def test_a_name_keeps_its_visible_characters(sent: str, name: str) -> None:
    assert clean_name(sent) == name


@given(st.text(), st.integers(1, 50))
def test_a_clean_name_is_printable_short_and_stays_the_same(sent: str, most: int) -> None:
    name = clean_name(sent, most)
    assert len(name) <= most
    assert name == name.strip()
    assert "  " not in name
    assert all(letter.isprintable() for letter in name)
    assert clean_name(name, most) == name
