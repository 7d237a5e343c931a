"""Documents are found by whole words in any of their endings, the best first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.kernel.word_index import WordIndex, build_index, search_index, split_stems


def index(*documents: str) -> WordIndex:
    return build_index([(text, 1)] for text in documents)


def find(texts: WordIndex, query: str, *, every_word: bool = True) -> list[int]:
    return [number for number, _ in search_index(texts, query, every_word=every_word)]


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("certificates", "certificate"),
        ("registered", "register"),
        ("registering", "registers"),
        ("queries", "query"),
        ("Redirect", "redirects"),
    ],
)
def test_a_word_is_found_in_its_other_forms(word: str, other: str) -> None:
    assert find(index(f"the {word} of it"), other) == [0]


def test_a_part_of_a_word_is_not_found() -> None:
    assert find(index("the statement", "the state"), "state") == [1]


def test_a_short_word_keeps_its_ending() -> None:
    assert split_stems("used use red ids") == ["used", "use", "red", "ids"]


def test_words_with_a_hyphen_are_two_words() -> None:
    texts = index("a self-signed certificate", "a signed letter")
    assert find(texts, "self signed") == find(texts, "self-signed") == [0]


def test_every_word_or_any_word_is_looked_for() -> None:
    texts = index("redirect uri", "redirect page", "uri")
    assert find(texts, "redirect uri") == [0]
    assert find(texts, "redirect uri", every_word=False)[0] == 0
    assert sorted(find(texts, "redirect uri", every_word=False)) == [0, 1, 2]
    assert find(texts, "redirect nonsense") == []
    assert sorted(find(texts, "redirect nonsense", every_word=False)) == [0, 1]


def test_a_rare_word_counts_more_than_a_frequent_one() -> None:
    texts = index("token one", "token two", "token three", "launch")
    assert find(texts, "token launch", every_word=False)[0] == 3


def test_a_word_in_the_title_counts_more() -> None:
    texts = build_index([[("other words here", 1), ("token", 1)], [("other words here", 1), ("token", 4)]])
    assert find(texts, "token") == [1, 0]


def test_stop_words_are_not_looked_for() -> None:
    assert find(index("how the app is launched"), "how do I launch an app") == [0]
    assert find(index("the"), "the") == []


def test_an_empty_index_and_an_empty_query_find_nothing() -> None:
    assert find(index(), "token") == find(index("token"), "") == find(index("token"), "", every_word=False) == []


@given(st.lists(st.lists(st.sampled_from(["token", "scope", "launch", "patient"]), min_size=1).map(" ".join), max_size=6))
def test_a_document_is_found_exactly_if_it_has_the_word_and_the_score(documents: list[str]) -> None:
    expected = [number for number, text in enumerate(documents) if "scope" in text.split()]
    scored = search_index(index(*documents), "scopes", every_word=True)
    assert sorted(number for number, _ in scored) == expected
    least = max((score for _, score in scored), default=0)
    best = [(number, score) for number, score in scored if score >= least]
    assert search_index(index(*documents), "scopes", every_word=True, least=least) == best


WORDS = st.lists(st.lists(st.sampled_from(["token", "scope", "launch", "patient"]), min_size=1).map(" ".join), max_size=6)


@given(WORDS, WORDS, WORDS)
def test_a_part_of_an_index_answers_like_an_index_of_this_part(before: list[str], part: list[str], after: list[str]) -> None:
    among = range(len(before), len(before) + len(part))
    found = search_index(index(*before, *part, *after), "scopes and tokens", among, every_word=False)
    alone = search_index(index(*part), "scopes and tokens", every_word=False)
    assert [(number - len(before), score) for number, score in found] == alone
