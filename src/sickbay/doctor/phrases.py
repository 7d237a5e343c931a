"""Finds phrases in a text: word by word, whatever its case, escapes, quotation marks and line breaks, in linear time.

A phrase is a sequence of words. `…` stands for up to 8 words, `|` separates alternatives of one word, and a `*` behind a letter
stands for digits: `no|not … refresh token`, `aadsts*`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from sickbay.doctor.errors import in_text
from sickbay.doctor.model import Phrase, Trie
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import has_required

READ_CHARACTERS = 1_000_000
"""The maximum number of characters that are searched: the beginning and the end of a longer text."""
GAP_WORDS = 8
PHRASE_WORDS = 24
PLACES_OF_A_PART = 500
DIGITS = "0123456789"
_ENCODED = compile_late(r"%[0-9a-fA-F]{2}")
_OPAQUE = compile_late(
    r"[A-Za-z0-9_-]{60,}|\) ?throws [A-Z]\w{1,60}(?:, ?[A-Z]\w{1,60}){0,5}|\bcatch ?\([^()\n]{1,99}\)|\bexcept [A-Z][\w.]{1,60}"
)
"""Keys, hashes and tokens, which have no words, and exceptions that a program declares or catches."""
_SWITCH = compile_late(r"\b[a-z]{1,40}(?:_[a-z]{1,40}){1,9}[\"']?[ \t]?[:=][ \t]?(?:true|false)\b", re.IGNORECASE)
"""A setting, such as `"https_required": false`. Its name isn't a message."""
_APART = compile_late(r"&(?=[\w.-]{1,60}=)|\n[ \t>]*\n|\n(?=[{<]|HTTP/|//)")
"""Where the next parameter of a query or form begins, between paragraphs, and before a body or a status line."""
_NEGATION = compile_late(r"\b(?:(can)(?:'t|not)|(wo)n't|([a-z]{2,6})n't)\b")
_WORD = compile_late(r"[^\W_]+")
_COMPOUND = compile_late(
    r"(?:(redirect)(ur[il]s?)|(client)(id|secret|assertion)|(access|refresh|id)(tokens?)|(code)(verifier|challenge)"
    r"|(grant|response)(types?)|(user)(info))(?![^\W_])"
)
"""Names of parameters as they are written in code, such as redirectUri. A `\\b` before them would take three times as long."""
_COMPOUNDS = tuple("redirectur clientid clients clienta accesst refresht idtoken codev codec grantt responset userinf".split())
GAP = "\u01c2"
_BOUNDARY = f" {GAP}" * (GAP_WORDS + 1) + " "
"""Words between parameters and paragraphs, because a phrase that begins in one doesn't end in another. No gap is as long."""


class WordRange(NamedTuple):
    """Where a part of a phrase is in a list of words, from `start` up to `end`."""

    start: int
    end: int


def split_words(text: str) -> list[str]:
    """The words of a text in lower case, with escapes undone twice, because redirects nest, and contractions written out."""
    if len(text) > READ_CHARACTERS:
        text = f"{text[: READ_CHARACTERS // 2]}\n{text[-READ_CHARACTERS // 2 :]}"
    for _ in range(2):
        before, text = text, in_text.unescape(text)
        text = unquote(text) if "%" in text and _ENCODED.search(text) else text
        if text == before:
            break
    text = _OPAQUE.sub(" ", text)
    return _words_of_text(_SWITCH.sub(_BOUNDARY, text) if has_required((("true", "false"),), text.lower()) else text)


def _words_of_text(text: str) -> list[str]:
    apart = _APART.sub(_BOUNDARY, text).lower()
    apart = _COMPOUND.sub(_separate_words, apart) if has_required((_COMPOUNDS,), apart) else apart
    return _WORD.findall(_NEGATION.sub(_expand_contraction, apart) if "n't" in apart or "cannot" in apart else apart)


def _separate_words(match: re.Match[str]) -> str:
    is_part_of_word = match.start() and match.string[match.start() - 1].isalnum()
    return match[0] if is_part_of_word else " ".join(filter(None, match.groups()))


def _expand_contraction(match: re.Match[str]) -> str:
    return "can not" if match[1] else "will not" if match[2] else f"{match[3]} not"


class PhraseTable:
    """Collects phrases while the knowledge is compiled."""

    def __init__(self) -> None:
        self.trie: Trie = {}
        self._numbers: dict[str, int] = {}

    def add(self, phrase: str) -> Phrase:
        """Returns the phrase as the numbers of its parts. Raises ValueError if a part has no words or too many."""
        return tuple(self._number_of_part(part.strip()) for part in phrase.split("…"))

    def _number_of_part(self, part: str) -> int:
        known = self._numbers.get(part)
        if known is not None:
            return known
        number = self._numbers[part] = len(self._numbers)
        for sequence in _word_sequences(part):
            if not 0 < len(sequence) <= PHRASE_WORDS:
                raise ValueError(f"a phrase needs 1 to {PHRASE_WORDS} words: {part!r}")
            node = self.trie
            for word in sequence:
                node = node.setdefault(word, {})
            node.setdefault("", []).append(number)
        return number


def _word_sequences(part: str) -> Iterator[list[str]]:
    """The word sequences of a part, one for each combination of its alternatives."""
    for chosen in product(*(word.split("|") for word in part.split())):
        yield [word for text in chosen for word in _words_with_digits(text)]


def _words_with_digits(text: str) -> list[str]:
    if not text.endswith("*"):
        return _words_of_text(text)
    *before, last = _words_of_text(text[:-1]) or [""]
    if not last or last[-1].isdigit():
        raise ValueError(f"* has to follow a letter: {text!r}")
    return [*before, f"{last}*"]


def find_parts(phrases: dict[str, Any], found: Sequence[str]) -> dict[int, list[WordRange]]:
    """Where the parts of phrases are in a list of words. phrases: of the knowledge, decoded for the words that were there."""
    for word in {*found, *(f"{word.rstrip(DIGITS)}*" for word in found if word[-1].isdigit())}:
        if isinstance(node := phrases.get(word), msgspec.Raw):
            phrases[word] = msgspec.msgpack.decode(node)
    parts: dict[int, list[WordRange]] = {}
    nodes_of = {word: nodes for word in {*found} if (nodes := _next_nodes([phrases], word))}
    for start, first in enumerate(found):
        if first in nodes_of:
            _follow_words(nodes_of[first], found, start, parts)
    return parts


def _next_nodes(nodes: Sequence[Trie], word: str) -> list[Trie]:
    if not word[-1].isdigit():
        return [node[word] for node in nodes if word in node]
    endings = word, f"{word.rstrip(DIGITS)}*"
    return [node[ending] for node in nodes for ending in endings if ending in node]


def _follow_words(nodes: list[Trie], found: Sequence[str], start: int, parts: dict[int, list[WordRange]]) -> None:
    """Adds the parts that begin at `start`. nodes: those of the first word."""
    end = start
    while nodes:
        end += 1
        for node in nodes:
            for number in node.get("", ()):
                if len(known := parts.setdefault(number, [])) < PLACES_OF_A_PART:
                    known.append(WordRange(start, end))
        nodes = _next_nodes(nodes, found[end]) if end < len(found) else []


def find_phrase(phrase: Phrase, parts: Mapping[int, Sequence[WordRange]]) -> tuple[WordRange, ...]:
    """The places of the phrase's parts at its first occurrence in the text. Empty if there is none."""
    if len(phrase) == 1:
        return tuple(parts.get(phrase[0], ())[:1])
    for number in phrase:  # called so often that a generator would take most of the time
        if number not in parts:
            return ()
    return next(filter(None, (_continue_phrase(phrase, place, parts) for place in parts[phrase[0]])), ())


def _continue_phrase(phrase: Phrase, place: WordRange, parts: Mapping[int, Sequence[WordRange]]) -> tuple[WordRange, ...]:
    taken = [place]
    for number in phrase[1:]:
        following = parts[number]
        index = bisect_left(following, (taken[-1].end,))
        if index == len(following) or following[index].start - taken[-1].end > GAP_WORDS:
            return ()
        taken.append(following[index])
    return tuple(taken)


def count_letters(taken: Sequence[WordRange], found: Sequence[str]) -> int:
    """The number of letters in the text that the phrase covers."""
    return sum(len(word) for place in taken for word in found[place.start : place.end])
