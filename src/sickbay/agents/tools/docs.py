"""The tool docs: searches the documentation, or returns a page or one section of it as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.api import SickbayApi
from sickbay.agents.result import ToolResult, refuse
from sickbay.doctor import compiled, pages, topics
from sickbay.kernel.similar_names import find_closest

HITS: Final = 8
EXCERPT_CHARACTERS: Final = 300
PAGE_CHARACTERS: Final = 4_000
"""Maximum length of the part of a page or section that one call returns, in characters."""
QUERY_CHARACTERS: Final = 200


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    page, query = arguments.get("page", ""), arguments.get("query", "").strip()
    if bool(page) == bool(query):
        return refuse("Send either page or query.").add_next("docs", "The overview.", page="README")
    if query:
        return await api.compute(_search_pages, query[:QUERY_CHARACTERS])
    cursor = arguments.get("cursor", "0")
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 8 else 0
    return await api.compute(_read_page, page, arguments.get("section", ""), start)


def _search_pages(query: str) -> ToolResult:
    by_id = {passage.id: passage for passage in pages.read_passages()}
    found = [by_id[topic.id] for topic in topics.find_topics(compiled.load_topics(), query, "page") if topic.id in by_id]
    hits = [
        {"page": passage.page, "section": passage.heading, "excerpt": passage.text[:EXCERPT_CHARACTERS]}
        for passage in found[:HITS]
    ]
    result = ToolResult({"hits": hits} | ({"left_out": len(found) - HITS} if len(found) > HITS else {}))
    if not hits:
        return result.add_next("docs", "The overview, with links to all pages.", page="README")
    return result.add_next("docs", "The best hit in full.", page=hits[0]["page"], section=hits[0]["section"])


def _read_page(page: str, section: str, start: int) -> ToolResult:
    names = [file.removesuffix(".md") for file in pages.PAGES.list_files(".md")]
    name = page.strip("/").removesuffix(".md").removesuffix(".html").partition("#")[0]
    if name not in names:
        closest = find_closest(name, names)
        result = refuse("There is no page with this name.")
        return result.add_next("docs", "The most similar name.", page=closest or "README")
    sections = pages.split_markdown(pages.PAGES.read_text(f"{name}.md"))
    headings = [heading for heading, _ in sections]
    if section and section not in headings:
        closest = find_closest(section, headings)
        result = refuse("The page has no section with this heading.")
        return result.add_next("docs", "The most similar one.", page=name, section=closest or headings[0])
    whole = "".join(text for _, text in sections)
    if section or len(whole) <= PAGE_CHARACTERS:
        text = next((text for heading, text in sections if heading == section), whole)
        return _add_excerpt(ToolResult({"page": name}), text, start, section)
    result = _add_excerpt(ToolResult({"page": name, "sections": headings[1:]}), sections[0][1], start, "")
    return result.add_next("docs", "The first section.", page=name, section=headings[min(1, len(headings) - 1)])


def _add_excerpt(result: ToolResult, text: str, start: int, section: str) -> ToolResult:
    """Adds at most PAGE_CHARACTERS from `start` on, and the call that continues there."""
    result.shown["markdown"] = text[start : start + PAGE_CHARACTERS]
    if left := max(0, len(text) - start - PAGE_CHARACTERS):
        result.shown |= {"left_out_characters": left, "cursor": str(start + PAGE_CHARACTERS)}
        result.add_next("docs", "The rest.", page=result.shown["page"], section=section, cursor=result.shown["cursor"])
    return result
