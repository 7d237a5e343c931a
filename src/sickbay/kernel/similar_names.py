"""Finds the name that a misspelled one most resembles, in a small and bounded number of steps.

The result is that of `difflib.get_close_matches(word, names, 1, cutoff)`, which compares the word with every name. Counting the
letters that two names share takes one operation of the processor, and rules out nearly all names. If more than COMPARED_NAMES
remain, the result may be a less similar one, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from sickbay.kernel.memoize import cache_results, memoize

WORD_CHARACTERS: Final = 64
"""Maximum length of a misspelled name, in characters."""
COMPARED_NAMES: Final = 16
"""Maximum number of names that are compared letter by letter, starting with those that share the most letters."""
URL_CHARACTERS: Final = 300
"""Maximum number of characters of a URL that are compared."""
_REPEATS: Final = 16
"""Maximum number of times that a letter is counted. Names don't repeat a letter more often."""


class Vocabulary(NamedTuple):
    """Names to choose from, and the letters of each as bits: each repetition of a letter has its own bit."""

    names: tuple[str, ...]
    letters: tuple[int, ...]


def make_vocabulary(names: Iterable[str]) -> Vocabulary:
    """Prepare names that many words are compared with."""
    listed = tuple(names)
    return Vocabulary(listed, tuple(map(_letter_bits, listed)))


def find_closest(
    word: str, names: Iterable[str] | Vocabulary, cutoff: float = 0.6, longest: int = WORD_CHARACTERS
) -> str | None:
    """Return the most similar name, or None if none is as similar as `cutoff` (from 0 to 1) or the word is too long."""
    if len(word) > longest:
        return None
    known = names if isinstance(names, Vocabulary) else make_vocabulary(names)
    matcher = SequenceMatcher()
    matcher.set_seq2(word)
    best = (cutoff, "")
    for bound, name in sorted(pair for pair in _similarity_bounds(word, known) if pair[0] >= cutoff)[
        : -COMPARED_NAMES - 1 : -1
    ]:
        if bound < best[0]:
            break
        matcher.set_seq1(name)
        best = max(best, (matcher.ratio(), name))
    return best[1] or None


def find_closest_url(url: str, urls: Sequence[str]) -> str | None:
    """Return the URL with the most letters in common, in the same order; None if there is none to choose from.

    Of many, only those that share the most letters are compared, and of long ones only the beginning.
    """
    start, starts = url[:URL_CHARACTERS], [known[:URL_CHARACTERS] for known in urls]
    if len(urls) > COMPARED_NAMES:
        likely = {known for _, known in sorted(_similarity_bounds(start, make_vocabulary(starts)))[-COMPARED_NAMES:]}
        urls = [known for known in urls if known[:URL_CHARACTERS] in likely][:COMPARED_NAMES]
    return max(urls, key=lambda known: _similarity_of(known[:URL_CHARACTERS], start), default=None)


@memoize(256)
def _similarity_of(known: str, url: str) -> float:
    """Cached, because a refusal is explained for each dialect."""
    return SequenceMatcher(None, known, url).ratio()


def _similarity_bounds(word: str, known: Vocabulary) -> list[tuple[float, str]]:
    """Return an upper bound for the similarity of each name."""
    sought, size = _letter_bits(word), len(word)
    return [
        (2 * (sought & letters).bit_count() / ((size + len(name)) or 1), name)
        for name, letters in zip(known.names, known.letters, strict=True)
    ]


@cache_results(4096)
def _letter_bits(word: str) -> int:
    """Return the letters as bits. Letters outside ASCII count as one inside it, so that no similar name is ruled out."""
    bits, counts = 0, [0] * 128
    for letter in word:
        code = ord(letter) & 127
        if counts[code] < _REPEATS:
            bits |= 1 << (code * _REPEATS + counts[code])
        counts[code] += 1
    return bits


def count_common_start(first: str, second: str) -> int:
    """Return the number of characters that both texts begin with."""
    pairs = zip(first, second, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(first), len(second)))
