"""Turns a Markdown page into HTML that needs no inline script and no inline style."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Resolve = Callable[[str], str | None]
"""Returns the address of a link on the site; None if its target isn't part of the site."""


class RenderedPage(Struct, frozen=True):
    """headings: (anchor, text) of the headings of level 2. anchors: those of all headings."""

    title: str
    html: str
    headings: tuple[tuple[str, str], ...]
    anchors: frozenset[str]


def render(text: str, resolve: Resolve) -> RenderedPage:
    parser = _markdown_parser()
    tokens = parser.parse(text)
    headings = _name_headings(tokens)
    for token in _walk_tokens(tokens):
        _adapt_token(token, resolve)
    return RenderedPage(
        title=next((name for level, _, name in headings if level == "h1"), ""),
        html=str(parser.renderer.render(tokens, parser.options, {})),
        headings=tuple((anchor, name) for level, anchor, name in headings if level == "h2"),
        anchors=frozenset(anchor for _, anchor, _ in headings),
    )


@cache
def _markdown_parser() -> MarkdownIt:
    """Imported with the first page, because a server whose documentation isn't read doesn't need it."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def make_slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it, so that the same links work on both."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _name_headings(tokens: list[Token]) -> list[tuple[str, str, str]]:
    """Sets the id of each heading. Returns tag, anchor and text."""
    seen: dict[str, int] = {}
    headings = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            text = _extract_text(inline)
            anchor = make_slug(text)
            repeated = seen[anchor] = seen.get(anchor, -1) + 1
            anchor += f"-{repeated}" if repeated else ""
            token.attrSet("id", anchor)
            headings.append((token.tag, anchor, text))
    return headings


def _walk_tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _adapt_token(token: Token, resolve: Resolve) -> None:
    if token.type == "link_open":
        _resolve_attribute(token, "href", resolve)
    elif token.type == "image":
        _resolve_attribute(token, "src", resolve)
    elif "style" in token.attrs:  # the alignment of a table's column
        del token.attrs["style"]


def _resolve_attribute(token: Token, attribute: str, resolve: Resolve) -> None:
    address = resolve(str(token.attrGet(attribute)))
    if address is not None:
        token.attrSet(attribute, address)
    else:
        del token.attrs[attribute]
        token.attrSet("title", "in the source code of Sickbay")


def _extract_text(inline: Token) -> str:
    """The text of a paragraph or a heading without markup."""
    parts = (" " if child.type in ("softbreak", "hardbreak") else child.content for child in inline.children or ())
    return "".join(parts)
