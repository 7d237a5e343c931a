"""The text of all pages, as a script that the search loads. A script also works if the pages are opened as files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from sickbay.web.docs import library

NAME = "search-index.js"
SEARCH = "search.html"
LISTS = {"rules/README"}
"""Pages that only list what other pages explain: they would come before these."""


def entries() -> Iterator[tuple[str, str, str, str]]:
    """Yields the address, the title of the page, the heading and the text of each passage."""
    for name in sorted(library.names() - LISTS):
        page = library.page(name)
        for passage in page.passages:
            address = library.address(name) + (f"#{passage.anchor}" if passage.anchor else "")
            yield address, page.title, passage.heading or page.title, passage.text


@cache
def script() -> str:
    return f"globalThis.sickbayDocs = {json.dumps([*entries()], ensure_ascii=False, separators=(',', ':'))};\n"
