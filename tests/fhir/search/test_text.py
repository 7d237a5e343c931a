"""Folding text for string search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.search.text import LENGTH, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Müller-Lüdenscheidt ", "muller-ludenscheidt"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ann\tMary", "ann mary"),
        ("Łukasz Đorđević-Ørsted", "lukasz dordevic-orsted"),
        ("Ǿ Æble ıÞ", "o aeble ith"),
    ],
)
def test_case_accents_and_extra_spaces_are_ignored(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=200))
def test_folded_text_has_a_maximum_length_and_does_not_change_when_folded_again(text: str) -> None:
    assert len(fold(text)) <= LENGTH
    assert fold(fold(text)) == fold(text)


@given(st.text("aBcÄé ", max_size=30), st.integers(0, 30))
def test_the_beginning_of_a_text_folds_to_the_beginning_of_the_folded_text(text: str, length: int) -> None:
    assert fold(text).startswith(fold(text[:length]))
