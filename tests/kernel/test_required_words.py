"""A text without the required words of a pattern is one that the pattern doesn't match."""

from __future__ import annotations

import re
from itertools import chain

from tests.laws import for_each

from sickbay.kernel.required_words import find_required_words
from sickbay.kernel.text_search import fold_case, has_required

REQUIRED = {
    "no": ("no",),
    "Client[-_ ]Credentials": ("credentials",),
    r"(?:can|could)not\b": ("not",),
    "(?:red|blue|red)": ("blue", "red"),
    "(?:red|blue)?green|(?i:Black)+": ("black", "green"),
    "red(?!blue)(?=yellow)": ("yellow",),
    "(?<!yellow)red(?>blue)": ("blue",),
    r"(?P<word>[a-z]{3})(?:red|x)": (),
    "(?:yellow)*": (),
    r"[a-z]ü\d": (),
    "|".join(f"{number}a{number}" for number in range(12, 45)): (),
}


@for_each("pattern, words", REQUIRED.items())
def test_each_match_has_one_of_these_words(pattern: str, words: tuple[str, ...]) -> None:
    assert find_required_words(pattern) == words


def test_a_character_that_a_pattern_takes_for_a_letter_of_ascii_is_folded_to_it() -> None:
    for char in map(chr, chain(range(128, 0x3000), range(0xFB00, 0xFF5F))):
        same = re.findall("[a-z]", char, re.I) and [each for each in "abcdefghijklmnopqrstuvwxyz" if re.match(each, char, re.I)]
        assert [each for each in fold_case(char) if "a" <= each <= "z"] == same, char
    assert fold_case("CLİENT_ıD ſtate") == "client_id state"


def test_a_text_needs_a_word_of_each_group() -> None:
    assert has_required([("a", "b"), ("c",)], "bc")
    assert not has_required([("a", "b"), ("c",)], "ab")
    assert has_required([], "")
