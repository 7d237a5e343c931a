"""Handles of tokens, which reveal nothing about a token."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.records import digest
from sickbay.services.viewers import handle_of


@given(st.text(min_size=20))
def test_a_handle_contains_no_part_of_the_token_or_its_hash(token: str) -> None:
    key = digest(token)
    handle = handle_of(key)
    assert len(handle) == 16
    assert handle not in key
    assert handle not in token


def test_two_tokens_have_different_handles() -> None:
    assert len({handle_of(digest(str(number))) for number in range(1000)}) == 1000
