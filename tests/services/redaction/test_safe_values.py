"""A run of letters and digits looks random if it changes often between lower case, upper case and digits."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.redaction.safe_values import UUID, looks_random

KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def changes(run: str) -> int:
    """Counts the letters and digits that follow one of another kind, character by character."""
    kinds = [next((index for index, kind in enumerate(KINDS) if char in kind), None) for char in run]
    return sum(None not in pair and pair[0] != pair[1] for pair in itertools.pairwise(kinds))


@given(st.text(alphabet="abYZ09_+/=-", min_size=16, max_size=60))
def test_a_run_looks_random_if_it_changes_often_for_its_length(run: str) -> None:
    often = changes(run) >= max(3, 0.2 * len(run)) or (len(run) >= 43 and changes(run) > 2)
    assert looks_random(run) is (often and UUID.fullmatch(run) is None)


@pytest.mark.parametrize(
    ("text", "random"),
    [
        ("authorization-code-grant-Type", False),
        ("5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d", False),
        ("kX7mQ2vTn9RbW4cJ8sLzHd", True),
        ("a kX7mQ2vTn9RbW4cJ8sLzHd", True),
        ("kX7mQ2vTn9", False),
        ("eyJhbGciOiJub25l.", True),
    ],
)
def test_words_and_uuids_do_not_look_random_but_tokens_do(text: str, random: bool) -> None:
    assert looks_random(text) is random
