"""Finds the name that a misspelled one most resembles, in a small and bounded number of steps.

The result is that of `difflib.get_close_matches(word, names, 1, cutoff)`, which compares the word with every name. Counting the
letters that two names share takes one operation of the processor, and rules out nearly all names.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from sickbay.kernel.memoize import memoized

WORD_CHARACTERS: Final = 64
"""A longer text isn't a misspelled name."""
COMPARED_NAMES: Final = 16
"""Names that are compared letter by letter, those that share the most letters first."""
_REPEATS: Final = 16
"""How often a letter of a name is counted. Names don't repeat one more often."""


class Vocabulary(NamedTuple):
    """Names to choose from, and the letters of each as bits: each repetition of a letter has a bit of its own."""

    names: tuple[str, ...]
    letters: tuple[int, ...]


def vocabulary(names: Iterable[str]) -> Vocabulary:
    """Prepare names that many words are compared with."""
    listed = tuple(names)
    return Vocabulary(listed, tuple(map(_letters, listed)))


def closest(word: str, names: Iterable[str] | Vocabulary, cutoff: float = 0.6) -> str | None:
    """Return the most similar name, or None if none is as similar as `cutoff` (from 0 to 1) or the word is too long."""
    if len(word) > WORD_CHARACTERS:
        return None
    known = names if isinstance(names, Vocabulary) else vocabulary(names)
    sought, size = _letters(word), len(word)
    bounds = [
        (2 * (sought & letters).bit_count() / ((size + len(name)) or 1), name)
        for name, letters in zip(known.names, known.letters, strict=True)
    ]
    matcher = SequenceMatcher()
    matcher.set_seq2(word)
    best = (cutoff, "")
    for bound, name in sorted(pair for pair in bounds if pair[0] >= cutoff)[: -COMPARED_NAMES - 1 : -1]:
        if bound < best[0]:
            break
        matcher.set_seq1(name)
        best = max(best, (matcher.ratio(), name))
    return best[1] or None


@memoized(4096)
def _letters(word: str) -> int:
    """Return the letters as bits. Letters outside ASCII count as one inside it, so that no similar name is ruled out."""
    bits, counts = 0, [0] * 128
    for letter in word:
        code = ord(letter) & 127
        if counts[code] < _REPEATS:
            bits |= 1 << (code * _REPEATS + counts[code])
        counts[code] += 1
    return bits
