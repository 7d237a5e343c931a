"""The most similar name is the one that difflib finds, in a bounded number of steps."""

from __future__ import annotations

from difflib import SequenceMatcher, get_close_matches
from string import ascii_letters

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sickbay.fhir.search.parameters import load_parameters, resource_types
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel import similar_names
from sickbay.kernel.similar_names import COMPARED_NAMES, WORD_CHARACTERS, _similarity_bounds, find_closest, make_vocabulary

TYPES = resource_types("r4")
LISTS = (
    TYPES,
    tuple(load_parameters("r4", "Patient")),
    tuple(load_parameters("r5", "Observation")),
    ("read", "write", "rs", "cruds"),
)


def _edit(word: str) -> set[str]:
    """The word with one letter removed, doubled, replaced or swapped with the next, and in another case."""
    edits = {word.lower(), word.upper(), word + "s", word.rstrip("s")}
    for at in range(len(word)):
        edits |= {word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + "x" + word[at + 1 :]}
        edits.add(word[:at] + word[at : at + 2][::-1] + word[at + 2 :])
    return edits


@pytest.mark.parametrize("version", VERSIONS)
def test_a_type_with_a_typing_error_gets_the_suggestion_of_difflib(version: str) -> None:
    types = resource_types(version)
    for word in sorted({edit for name in types[::7] for edit in _edit(name)}):
        assert [find_closest(word, types)] == [*get_close_matches(word, types, 1, 0.6), None][:1], word


@given(st.sampled_from(LISTS), st.text(ascii_letters + "-_é", max_size=20), st.sampled_from((0.5, 0.6, 0.75, 0.8)))
def test_a_random_word_gets_the_suggestion_of_difflib(names: tuple[str, ...], word: str, cutoff: float) -> None:
    """Unless so many names share enough letters with it that not all are compared."""
    assume(len([bound for bound, _ in _similarity_bounds(word, make_vocabulary(names)) if bound >= cutoff]) <= COMPARED_NAMES)
    assert [find_closest(word, names, cutoff)] == [*get_close_matches(word, names, 1, cutoff), None][:1]


def test_only_some_names_are_compared_letter_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[float] = []

    class Counting(SequenceMatcher[str]):
        def ratio(self) -> float:
            compared.append(0.0)
            return super().ratio()

    monkeypatch.setattr(similar_names, "SequenceMatcher", Counting)
    names = make_vocabulary(f"{number:04}abcdefghij" for number in range(5000))
    assert find_closest("jihgfedcba0123", names) is None
    assert len(compared) == COMPARED_NAMES


def test_a_long_text_is_not_a_misspelled_name() -> None:
    name = (ascii_letters * 2)[: WORD_CHARACTERS + 1]
    assert find_closest(name[:-1], [name]) == name
    assert find_closest(name, [name]) is None
    assert find_closest("", ["a"]) is None
    assert find_closest("a", []) is None
