"""The search of the documentation: in the server for pages without script, and as a script for everything else.

`static/js/docs.js` finds the same passages in the same order. Its index is a script, which also works if the pages are opened
as files.
"""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

from sickbay.web.docs import library

NAME = "search-index.js"
SEARCH = "search.html"
LISTS = {"rules/README"}
"""Pages that only list what other pages explain: they would come before these."""
LENGTH = 160
"""Characters of an excerpt."""
MOST = 50
"""Results that are shown."""
LONGEST = 200
"""Characters of a query that are read."""


class IndexedPassage(NamedTuple):
    """address: below /docs/. title: of the page."""

    address: str
    title: str
    heading: str
    text: str


class SearchResult(NamedTuple):
    """The excerpt is before + match + after; match is "" if only the heading has the words."""

    passage: IndexedPassage
    before: str
    match: str
    after: str


@cache
def passages() -> tuple[IndexedPassage, ...]:
    return tuple(
        IndexedPassage(
            library.address(name) + (f"#{passage.anchor}" if passage.anchor else ""),
            library.page(name).title,
            passage.heading or library.page(name).title,
            passage.text,
        )
        for name in sorted(library.names() - LISTS)
        for passage in library.page(name).passages
    )


@cache
def script() -> str:
    return f"globalThis.sickbayDocs = {json.dumps(passages(), ensure_ascii=False, separators=(',', ':'))};\n"


def find(query: str) -> list[SearchResult]:
    """The passages that contain all words of the query, the best ones first."""
    words = query[:LONGEST].lower().split()
    if not words:
        return []
    rated = [(_score(passage, words), passage) for passage in passages()]
    best = sorted((pair for pair in rated if pair[0]), key=lambda pair: -pair[0])
    return [_result(passage, words[0]) for _, passage in best]


def _score(passage: IndexedPassage, words: list[str]) -> int:
    """0 if a word is missing. A word in the heading counts more than one in the title, and that more than one in the text."""
    heading, title, text = passage.heading.lower(), passage.title.lower(), passage.text.lower()
    if not all(word in heading or word in title or word in text for word in words):
        return 0
    return 1 + sum(8 * (word in heading) + 4 * (word in title) + min(3, text.count(word)) for word in words)


def _result(passage: IndexedPassage, word: str) -> SearchResult:
    text = passage.text
    at = text.lower().find(word)
    if at < 0:
        return SearchResult(passage, text[:LENGTH], "", "")
    start, end = max(0, at - LENGTH // 2), at + len(word)
    return SearchResult(passage, ("…" if start else "") + text[start:at], text[at:end], text[end : at + LENGTH])
