"""The search of the documentation: in the server for pages without script, and as a script for everything else.

The server uses the index of the doctor's topics. `static/js/docs.js` finds the same passages in the same order: its index is a
script, which also works if the pages are opened as files.
"""

from __future__ import annotations

import json
from functools import cache
from typing import NamedTuple

from sickbay.doctor import compiled, pages, topics
from sickbay.kernel.word_index import find_word, split_stems
from sickbay.web.docs import library

NAME = "search-index.js"
SEARCH = "search.html"
EXCERPT_CHARACTERS = 160
SHOWN_RESULTS = 50
QUERY_CHARACTERS = 200
"""Maximum number of characters of a query that are read."""


class IndexedPassage(NamedTuple):
    """address: below /docs/. title: that of the page."""

    address: str
    title: str
    heading: str
    text: str


class SearchResult(NamedTuple):
    """The excerpt is before + match + after; match is the first search word in it; "" if only the heading has one."""

    passage: IndexedPassage
    before: str
    match: str
    after: str


@cache
def _index_by_id() -> dict[str, IndexedPassage]:
    """The passages by the ids of their topics."""
    return {passage.id: _index_passage(passage) for passage in pages.read_passages()}


def _index_passage(passage: pages.Passage) -> IndexedPassage:
    address = library.make_address(passage.page) + (f"#{passage.anchor}" if passage.anchor else "")
    return IndexedPassage(address, passage.title, passage.heading, passage.text)


@cache
def list_passages() -> tuple[IndexedPassage, ...]:
    return tuple(_index_by_id().values())


@cache
def write_script() -> str:
    return f"globalThis.sickbayDocs = {json.dumps(list_passages(), ensure_ascii=False, separators=(',', ':'))};\n"


def find(query: str) -> list[SearchResult]:
    """Returns passages with every word of the query; if there are none, passages with any word. The best ones first."""
    query = query[:QUERY_CHARACTERS]
    wanted = frozenset(split_stems(query))
    found = (_index_by_id().get(topic.id) for topic in topics.find_topics(compiled.load_topics(), query, "page"))
    return [_search_result(passage, wanted) for passage in found if passage]


def _search_result(passage: IndexedPassage, wanted: frozenset[str]) -> SearchResult:
    text = passage.text
    place = find_word(text, wanted)
    if place is None:
        return SearchResult(passage, text[:EXCERPT_CHARACTERS], "", "")
    at, end = place
    start = max(0, at - EXCERPT_CHARACTERS // 2)
    after = text[end : at + EXCERPT_CHARACTERS]
    return SearchResult(passage, ("…" if start else "") + text[start:at], text[at:end], after)
