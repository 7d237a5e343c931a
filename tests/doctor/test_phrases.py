"""A phrase is found word by word, however the words are written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.doctor import phrases
from sickbay.doctor.phrases import PhraseTable


def is_in(phrase: str, text: str) -> bool:
    table = PhraseTable()
    numbers = table.add(phrase)
    return bool(phrases.find_phrase(numbers, phrases.find_parts(table.trie, phrases.split_words(text))))


@for_each(
    "phrase, text",
    [
        ("redirect uri mismatch", "Error: REDIRECT_URI_MISMATCH"),
        ("redirect uri mismatch", "the redirectUri mismatch"),
        ("redirect uri mismatch", "error=redirect%5Furi+mismatch"),
        ("client id", "clientId"),
        ("userinfo endpoint", "the `userinfo_endpoint` of the document"),
        ("does not match", "it doesn't\n  match"),
        ("can not be null", "id can't be null"),
        ("can not be null", "id cannot be null"),
        ("aadsts*", "AADSTS50011: The redirect URI"),
        ("the error e* occurred", "The error E1205 occurred"),
        ("not|never found", "client never found"),
        ("no … refresh token", "there was no usable or valid refresh_token"),
        ("unknown client", "error_description%3Dunknown%2520client"),
        ("unknown client", "unknown\\u0020client"),
    ],
)
def test_a_phrase_is_in_a_text(phrase: str, text: str) -> None:
    assert is_in(phrase, text)


@for_each(
    "phrase, text",
    [
        ("state", "statement"),
        ("aadsts*", "AADSTS"),
        ("not|never found", "client found"),
        ("no … refresh token", "no one two three four five six seven eight nine refresh token"),
        ("no … refresh token", "refresh token no"),
        ("redirect uri", "redirect the URI"),
    ],
)
def test_it_is_not_in_another_one(phrase: str, text: str) -> None:
    assert not is_in(phrase, text)


@for_each("phrase", ["", "…", "word … ", " ".join(["word"] * 25)])
def test_a_phrase_needs_words_but_not_too_many(phrase: str) -> None:
    with pytest.raises(ValueError, match="1 to 24 words"):
        PhraseTable().add(phrase)


@for_each("phrase", ["*", "error 12*", "e2*"])
def test_digits_have_to_follow_a_letter(phrase: str) -> None:
    with pytest.raises(ValueError, match="has to follow a letter"):
        PhraseTable().add(phrase)


def test_equal_parts_have_the_same_number() -> None:
    table = PhraseTable()
    assert table.add("one … two")[1] == table.add("two")[0]


def test_keys_and_tokens_have_no_words() -> None:
    assert phrases.split_words(f"before {'eyJhbGciOi' * 10} after") == ["before", "after"]


def test_of_a_long_text_the_beginning_and_the_end_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "READ_CHARACTERS", 1_000)
    words = phrases.split_words("first " + "x " * 1_000 + "last")
    assert (words[0], words[-1]) == ("first", "last")
    assert 490 < len(words) <= 510


def test_a_part_is_found_a_limited_number_of_times() -> None:
    table = PhraseTable()
    (number,) = table.add("again")
    assert len(phrases.find_parts(table.trie, ["again"] * 5000)[number]) == phrases.PLACES_OF_A_PART


def test_the_letters_that_a_phrase_covers_are_counted() -> None:
    table = PhraseTable()
    numbers = table.add("one … two")
    words = ["one", "or", "two"]
    assert phrases.count_letters(phrases.find_phrase(numbers, phrases.find_parts(table.trie, words)), words) == 6


@given(st.lists(st.sampled_from(["unknown", "client", "the", "is"]), max_size=12))
def test_a_phrase_is_in_a_text_if_its_words_follow_each_other(words: list[str]) -> None:
    follows = any(pair == ("unknown", "client") for pair in pairwise(words))
    assert is_in("unknown client", " ".join(words)) is follows


ADDRESS = "https://app.example/cb?error_description={first}&{second}=1&code=2"
WORD = st.from_regex(r"[a-z]{2,12}", fullmatch=True).filter(lambda word: word not in ADDRESS)


@given(WORD, WORD)
def test_a_phrase_does_not_go_on_in_the_next_parameter(first: str, second: str) -> None:
    address = ADDRESS.format(first=first, second=second)
    assert not is_in(f"{first} {second}", address)
    assert not is_in(f"{first} … {second}", address)


def test_a_phrase_does_not_go_on_in_the_next_paragraph() -> None:
    assert is_in("key … invalid", "the key\nof the client is invalid")
    assert not is_in("key … invalid", "Valid values: [the key]\n\nThis should not be invalid")
