"""Folded text."""

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
def test_capitals_accents_and_spaces_do_not_count(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=200))
def test_folding_is_bounded_and_bends_capitals_alike(text: str) -> None:
    assert len(fold(text)) <= LENGTH
    assert fold(fold(text)) == fold(text)


@given(st.text("aBcÄé ", max_size=30), st.integers(0, 30))
def test_the_beginning_of_a_word_folds_to_the_beginning_of_what_it_folds_to(text: str, length: int) -> None:
    assert fold(text).startswith(fold(text[:length]))
