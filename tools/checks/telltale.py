"""Finds telltale words of sentences that have to be read twice. A few are refused, the others are counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tools.checks.files import read_ceiling
from tools.checks.prose import read_passages

REFUSED = re.compile(
    r"\b(?:anew|whoever|mend(?:s|ed|ing)?|astray|puts? right|putting right|stands in|stands? in the way)\b", re.I
)
SUSPECT = re.compile(
    r"\b(?:nobody|somebody|beside|wherein|lest|lies in|(?:is|was) told|is asked for|(?<!there )is no(?! longer)|none of them is"
    r"|alone(?=\s*(?:[.,;:!?)]|\Z))|goes on|given out|took back|of which|by itself|what it is not)\b",
    re.I,
)
SKIPPED = ("tools/checks/telltale.py", "tests/tools/test_telltale.py")
"""This check and its tests, which list the words."""


@dataclass
class Count:
    words: int = 0
    refused: list[str] = field(default_factory=list)
    suspect: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Return the telltale words per thousand words."""
        return 1000 * (len(self.refused) + len(self.suspect)) / max(1, self.words)


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    result = count(tuple(paths), root)
    if len(result.refused) > read_ceiling(root, "telltale_refused"):
        yield from result.refused
    most = read_ceiling(root, "telltale_in_a_thousand")
    if most and result.rate > most:
        yield f"telltale words: {result.rate:.2f} in a thousand, more than {most}; list them with tools/check.py --words"


def list_notes(paths: list[Path], root: Path) -> Iterator[str]:
    result = count(tuple(paths), root)
    yield f"telltale words that are refused: {len(result.refused)} (allowed: {read_ceiling(root, 'telltale_refused'):.0f})"
    most = read_ceiling(root, "telltale_in_a_thousand")
    yield f"telltale words in all: {result.rate:.2f} in a thousand of {result.words} (allowed: {most})"
    yield "; ".join(f"{word} {number}" for word, number in result.kinds.most_common())


@cache
def count(paths: tuple[Path, ...], root: Path) -> Count:
    result = Count()
    for path in paths:
        name = path.relative_to(root).as_posix()
        if name not in SKIPPED:
            for line, text in read_passages(path):
                _add_counts(result, f"{name}:{line}", text)
    return result


def _add_counts(result: Count, place: str, text: str) -> None:
    plain = " ".join(text.split())
    result.words += len(plain.split())
    for pattern, places in ((REFUSED, result.refused), (SUSPECT, result.suspect)):
        for match in pattern.finditer(plain):
            result.kinds[match[0].lower()] += 1
            places.append(f"{place}: “{match[0]}” in: …{plain[max(0, match.start() - 40) : match.end() + 40]}…")
