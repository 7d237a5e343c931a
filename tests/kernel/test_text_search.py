"""A search in parts finds what a search in the whole text finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.kernel.text_search import find_first_match, find_matches

PATTERNS = (r"ab{0,3}c?", r"(?<![ab])c", r"\bb+\b", r"^\W{0,2}a$", r"a(?=b)", r"(?<=a)\n", r"b{2}|c", r"[abc ]{1,4}(?!b)")


@given(st.text(alphabet="abc \n", max_size=60), st.sampled_from(PATTERNS), st.integers(1, 12))
def test_a_search_in_parts_finds_the_same(text: str, pattern: str, window: int) -> None:
    compiled = re.compile(pattern, re.M)
    expected = [(match.span(), match[0]) for match in compiled.finditer(text) if match[0]]
    found = [(match.span(), match[0]) for match in find_matches(compiled, text, window, 61) if match[0]]
    assert found == expected


@pytest.mark.parametrize("length", [0, 1, 19_999, 20_000, 20_001, 24_000, 60_000])
def test_the_first_match_is_found_wherever_it_starts(length: int) -> None:
    pattern = re.compile(r"error=(\w+)")
    match = find_first_match(pattern, "-" * length + "error=found" + "-" * 50_000)
    assert match is not None
    assert (match.start(), match[1]) == (length, "found")
    assert find_first_match(pattern, "-" * length) is None
