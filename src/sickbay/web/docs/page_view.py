"""The content of a documentation page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from sickbay.web.docs import library, search_index
from sickbay.web.docs.contents import HOME
from sickbay.web.docs.search_index import SearchResult

if TYPE_CHECKING:
    from markupsafe import Markup


class DocsLink(NamedTuple):
    text: str
    href: str
    current: bool = False


class DocsSection(NamedTuple):
    title: str
    links: tuple[DocsLink, ...]


class DocsView(Struct, frozen=True, kw_only=True):
    """body: HTML, made from Markdown. up: the relative path to the first page, such as ../. assets: the folder of css and js.

    layout: the template around the page, which differs between Sickbay's own pages and the files of `make site`.
    """

    title: str
    body: Markup
    sections: tuple[DocsSection, ...]
    headings: tuple[DocsLink, ...] = ()
    up: str = ""
    assets: str = "/static"
    layout: str = "layout/base.html.j2"
    searches: bool = False
    query: str = ""
    results: tuple[SearchResult, ...] = ()
    found: int = 0


def docs_view(name: str, *, assets: str = "/static", layout: str = "layout/base.html.j2") -> DocsView:
    from markupsafe import Markup

    page = library.render_page(name)
    return DocsView(
        title=page.title,
        body=Markup(page.html),
        sections=_navigation_sections(name),
        headings=tuple(DocsLink(text, f"#{anchor}") for anchor, text in page.headings),
        up=path_to_root(library.make_address(name)),
        assets=assets,
        layout=layout,
    )


def search_view(query: str = "", *, assets: str = "/static", layout: str = "layout/base.html.j2") -> DocsView:
    """The page with the results. Files are written without a query: there only the script searches."""
    from markupsafe import Markup

    found = search_index.find(query)
    return DocsView(
        title="Search",
        body=Markup(""),
        sections=_navigation_sections(HOME, here=False),
        assets=assets,
        layout=layout,
        searches=True,
        query=query,
        results=tuple(found[: search_index.SHOWN_RESULTS]),
        found=len(found),
    )


def path_to_root(address: str) -> str:
    return "../" * address.count("/")


def _navigation_sections(name: str, *, here: bool = True) -> tuple[DocsSection, ...]:
    """The links of all sections, relative to the page `name`."""
    sections = []
    for section in library.list_sections():
        links = (
            DocsLink(
                entry.title,
                library.make_relative(name, entry.page) + (f"#{entry.anchor}" if entry.anchor else ""),
                here and entry.page == name and not entry.anchor,
            )
            for entry in section.entries
        )
        sections.append(DocsSection(section.title, tuple(links)))
    return tuple(sections)
