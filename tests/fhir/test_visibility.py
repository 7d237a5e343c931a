"""The resources that a request may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.fhir.visibility import EVERYTHING, NOTHING, Clause, Granular, Visibility

LAB = Granular("category", (("c", "laboratory"),))
CODES = (("category", "c", "laboratory"), ("code", None, "x"))
TYPES = st.sampled_from(["Patient", "Observation", "Slot"])
LETTERS = st.sampled_from(list("cruds"))
PATIENTS = st.frozensets(st.sampled_from("abc"))


@given(TYPES, LETTERS, PATIENTS)
def test_nothing_is_visible_by_default_and_everything_with_everything(type: str, letter: str, patients: frozenset[str]) -> None:
    assert not NOTHING.allows(type, letter, patients, CODES)
    assert not Visibility((Clause("*", "cruds"),)).allows(type, letter, patients, CODES)
    assert EVERYTHING.allows(type, letter, patients, CODES)


CLAUSES = st.builds(
    Clause,
    st.sampled_from(["*", "Patient", "Observation"]),
    st.text("cruds", max_size=3),
    st.none() | PATIENTS,
    st.sampled_from([(), (LAB,)]),
)


@given(st.lists(CLAUSES, max_size=3), CLAUSES, TYPES, LETTERS, PATIENTS)
def test_an_additional_clause_never_hides_anything(
    clauses: list[Clause], more: Clause, type: str, letter: str, patients: frozenset[str]
) -> None:
    before = Visibility(tuple(clauses)).allows(type, letter, patients, CODES)
    after = Visibility((*clauses, more)).allows(type, letter, patients, CODES)
    assert after or not before
    assert after == (before or Visibility((more,)).allows(type, letter, patients, CODES))


@pytest.mark.parametrize(
    ("type", "letter", "patients", "codes", "expected"),
    [
        ("Observation", "r", ["a"], CODES, True),
        ("Observation", "s", ["b", "a"], CODES, True),
        ("Observation", "u", ["a"], CODES, False),
        ("Condition", "r", ["a"], CODES, False),
        ("Observation", "r", ["b"], CODES, False),
        ("Observation", "r", [], CODES, False),
        ("Observation", "r", ["a"], [("category", "d", "laboratory")], False),
        ("Observation", "r", ["a"], [("code", "c", "laboratory")], False),
        ("Observation", "r", ["a"], [], False),
    ],
)
def test_type_letter_compartment_and_filter_must_all_match(
    type: str, letter: str, patients: list[str], codes: list[tuple[str, str | None, str]], expected: bool
) -> None:
    visibility = Visibility((Clause("Observation", "rs", frozenset("a"), (LAB,)),))
    assert visibility.allows(type, letter, patients, codes) is expected


def test_all_filters_of_a_clause_must_match_with_any_of_their_codings() -> None:
    both = Clause("Observation", "r", None, (LAB, Granular("code", ((None, "x"), (None, "y")))))
    assert Visibility((both,)).allows("Observation", "r", (), CODES)
    assert not Visibility((both,)).allows("Observation", "r", (), CODES[:1])
