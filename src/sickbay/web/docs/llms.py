"""/llms.txt: the contents of the documentation for agents, with one line per page (llmstxt.org)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sickbay.doctor import pages
from sickbay.web.docs import library

FIRST = "how-to/coding-agents"
"""The page that an agent should read first."""
SUMMARY_CHARACTERS = 160


@cache
def format_index(base: str) -> str:
    """base: the URL that the addresses of the pages begin with."""
    return "\n".join(_index_lines(base)) + "\n"


def _index_lines(base: str) -> Iterator[str]:
    yield "# Sickbay"
    yield ""
    yield "> An EHR on your own machine for developers of SMART on FHIR apps. It explains why a request was refused."
    yield ""
    yield "## For agents"
    yield ""
    yield _index_line(base, "Let your coding agent debug your launch", FIRST)
    yield f"- Tools (Model Context Protocol): `sickbay mcp` over stdio, or POST {base}/mcp"
    yield f"- [All rules]({base}/rules.md): each has a page {base}/rules/ID.md"
    yield f"- An exchange or an error_uri as Markdown: GET {base}/exchanges/ID with Accept: text/markdown"
    listed = {FIRST}
    for section in library.list_sections():
        yield from ("", f"## {section.title}", "")
        for entry in section.entries:
            if entry.page not in listed:
                listed.add(entry.page)
                yield _index_line(base, entry.title, entry.page)


def _index_line(base: str, title: str, page: str) -> str:
    summary = _page_summaries().get(page, "")
    return f"- [{title}]({base}/docs/{page}.md)" + (f": {summary}" if summary else "")


@cache
def _page_summaries() -> dict[str, str]:
    """The first sentence of each page."""
    first: dict[str, str] = {}
    for passage in pages.read_passages():
        sentence = passage.text.partition(". ")[0].strip()
        if not passage.anchor and sentence:
            first.setdefault(passage.page, sentence[:SUMMARY_CHARACTERS].removesuffix(".") + ".")
    return first
