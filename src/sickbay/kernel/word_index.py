"""A full-text index: finds whole words in any of their endings, and ranks documents by BM25.

`static/js/docs.js` finds the same documents in the same order.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from itertools import accumulate

from msgspec import Struct

SATURATION, LENGTH_SHARE = 1.2, 0.75
"""The parameters k1 and b of BM25."""
QUERY_WORDS = 200
"""Maximum number of different words of a query that are looked up."""
_WORD = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?:ies|y|es|s|ing|ed|d|e)$")
_SHORTEST_STEM = 3
_STOP_WORDS = """
a an and are as at be but by can do does for from has have how i if in is it its my no not of on or so that the then there this
to was we what when which why will with you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


class WordIndex(Struct, frozen=True):
    """postings: for each stem, in turn, how far its next document is behind the one before, and how often the stem is in it.

    The distances are small numbers, so that the index takes little space. lengths: those of the documents.
    """

    postings: dict[str, list[int]]
    lengths: list[int]


def split_stems(text: str) -> list[str]:
    """Returns the words of a text in lower case without their endings. Stop words are left out."""
    return [_stem_of_word(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def _stem_of_word(word: str) -> str:
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else word


def find_word(text: str, wanted: Container[str]) -> tuple[int, int] | None:
    """Returns the start and the end of the first word with one of these stems."""
    matches = (match for match in _WORD.finditer(text) if _stem_of_word(match[0].lower()) in wanted)
    return next((match.span() for match in matches), None)


def build_index(documents: Iterable[Sequence[tuple[str, int]]]) -> WordIndex:
    """Builds the index. documents: each as its texts with their weights. A word of weight 3 counts as three."""
    postings: dict[str, list[int]] = {}
    last: dict[str, int] = {}
    lengths = []
    for number, texts in enumerate(documents):
        counts: Counter[str] = Counter()
        for text, weight in texts:
            for stem, times in Counter(split_stems(text)).items():
                counts[stem] += weight * times
        for stem, times in counts.items():
            postings.setdefault(stem, []).extend((number - last.get(stem, 0), times))
            last[stem] = number
        lengths.append(counts.total())
    return WordIndex(postings, lengths)


def search_index(
    index: WordIndex, query: str, among: range | None = None, *, every_word: bool, least: float = 0
) -> list[tuple[int, float]]:
    """Returns documents with any word of the query (or every word), as numbers and scores, the best first.

    among: the numbers of the documents that are searched, as if the others weren't in the index; by default all. least: the
    smallest score of a document that is returned.
    """
    among = range(len(index.lengths)) if among is None else among
    wanted = list(dict.fromkeys(split_stems(query)))[:QUERY_WORDS]
    known = [postings for stem in wanted if (postings := _postings_of_stem(index, stem, among))]
    if not known or (every_word and len(known) < len(wanted)):
        return []
    words: Counter[int] = Counter()
    average = sum(index.lengths[among.start : among.stop]) / len(among)
    norms = [SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / average) for length in index.lengths]
    scores = [0.0] * len(norms)
    for postings in known:
        rarity = math.log(1 + len(among) / (len(postings) + 0.5))
        for number, times in postings:
            scores[number] += rarity * times * (SATURATION + 1) / (times + norms[number])
        words.update(number for number, _ in postings if every_word)
    enough = ((number, score) for number, score in enumerate(scores) if score > 0 and score >= least)
    found = ((number, score) for number, score in enough if not every_word or words[number] == len(known))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _postings_of_stem(index: WordIndex, stem: str, among: range) -> list[tuple[int, int]]:
    """Returns the numbers of the documents with this stem, and how often each has it."""
    postings = index.postings.get(stem, ())
    numbers = [*accumulate(postings[::2])]
    part = slice(bisect_left(numbers, among.start), bisect_left(numbers, among.stop))
    return [*zip(numbers[part], postings[1::2][part], strict=True)]
