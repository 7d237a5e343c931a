"""Counts and lists in English."""

from __future__ import annotations

from sickbay.kernel.english import count, join


def test_a_count_has_the_right_plural() -> None:
    assert [count(number, "request") for number in (0, 1, 2)] == ["0 requests", "1 request", "2 requests"]
    assert [count(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]


def test_a_list_ends_with_and() -> None:
    assert [join(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert join(("a", "b"), "or") == "a or b"
