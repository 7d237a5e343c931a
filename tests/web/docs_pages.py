"""Sample views of the documentation: a page with everything, the search, and both as files."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.web.page_frames import DEVELOPER

from sickbay.web.docs.page_view import docs_view, search_view
from sickbay.web.pages.parts import Frame

FILE = "layout/docs_file.html.j2"


def docs_pages() -> dict[str, tuple[str, Any, Frame]]:
    here = replace(DEVELOPER, here="Docs")
    return {
        "docs": ("docs_page", docs_view("running"), here),
        "docs-least": ("docs_page", docs_view("rules/answer"), here),
        "docs-search": ("docs_page", search_view("invalid_grant"), here),
        "docs-search-least": ("docs_page", search_view(), here),
        "docs-search-none": ("docs_page", search_view("<b>no such word"), here),
        "docs-file": ("docs_page", docs_view("architecture/search", assets="../assets", layout=FILE), DEVELOPER),
        "docs-search-file": ("docs_page", search_view(assets="assets", layout=FILE), DEVELOPER),
    }
