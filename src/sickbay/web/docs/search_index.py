"""The search of the documentation: in the server for pages without script, and as a script for everything else.

`static/js/docs.js` finds the same passages in the same order. Its index is a script, which also works if the pages are opened
as files.
"""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

from sickbay.kernel.word_index import WordIndex, build, find_word, search, split_stems
from sickbay.web.docs import library

NAME = "search-index.js"
SEARCH = "search.html"
LISTS = {"rules/README"}
"""Pages that only list what other pages explain: they would come before these."""
HEADING_WEIGHT, TITLE_WEIGHT = 4, 2
"""A word in the heading of a passage counts as often, and one in the title of its page."""
EXCERPT_CHARACTERS = 160
SHOWN_RESULTS = 50
QUERY_CHARACTERS = 200
"""How much of a query is read."""


class IndexedPassage(NamedTuple):
    """address: below /docs/. title: of the page."""

    address: str
    title: str
    heading: str
    text: str


class SearchResult(NamedTuple):
    """The excerpt is before + match + after; match is the first word that was looked for; "" if only the heading has one."""

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


@cache
def _index() -> WordIndex:
    return build(
        ((passage.heading, HEADING_WEIGHT), (passage.title, TITLE_WEIGHT), (passage.text, 1)) for passage in passages()
    )


def find(query: str) -> list[SearchResult]:
    """The passages with every word of the query; if there are none, those with any of them. The best ones first."""
    query = query[:QUERY_CHARACTERS]
    found = search(_index(), query, every_word=True) or search(_index(), query, every_word=False)
    wanted = frozenset(split_stems(query))
    return [_result(passages()[number], wanted) for number, _ in found]


def _result(passage: IndexedPassage, wanted: frozenset[str]) -> SearchResult:
    text = passage.text
    place = find_word(text, wanted)
    if place is None:
        return SearchResult(passage, text[:EXCERPT_CHARACTERS], "", "")
    at, end = place
    start = max(0, at - EXCERPT_CHARACTERS // 2)
    after = text[end : at + EXCERPT_CHARACTERS]
    return SearchResult(passage, ("…" if start else "") + text[start:at], text[at:end], after)
