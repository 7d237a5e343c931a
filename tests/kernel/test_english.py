"""Counts and lists in English."""

from __future__ import annotations

import pytest

from sickbay.kernel.english import add_article, count, describe_duration, join


def test_a_count_has_the_right_plural() -> None:
    assert [count(number, "request") for number in (0, 1, 2)] == ["0 requests", "1 request", "2 requests"]
    assert [count(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]


def test_a_noun_has_the_article_of_its_first_letter() -> None:
    assert [add_article(noun) for noun in ("Patient", "Observation", "encounter")] == [
        "a Patient",
        "an Observation",
        "an encounter",
    ]


def test_a_list_ends_with_and() -> None:
    assert [join(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert join(("a", "b"), "or") == "a or b"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (5, "a few seconds"),
        (6, "about 10 seconds"),
        (50, "about 50 seconds"),
        (51, "about 1 minute"),
        (61, "about 2 minutes"),
        (5340, "about 89 minutes"),
        (5341, "about 2 hours"),
        (36_001, "about 11 hours"),
    ],
)
def test_an_estimate_is_rounded_up(seconds: int, words: str) -> None:
    assert describe_duration(seconds) == words
