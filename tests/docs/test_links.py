"""No link between the Markdown files of the repository is broken: neither the file nor the heading is missing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from tests.laws import for_each
from tools.checks.files import ROOT, list_tracked

from sickbay.web.docs import library, markdown

CASES = ROOT / "src"
"""Markdown files in src are the cases of rules, not pages."""
PAGES = [path for path in list_tracked(ROOT) if path.suffix == ".md" and CASES not in path.parents]


def links(path: Path) -> list[str]:
    tokens = MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8"))
    children = [child for token in tokens for child in token.children or ()]
    found = [child.attrGet("href" if child.type == "link_open" else "src") for child in children]
    return [str(link) for link in found if link and not str(link).startswith(library.EXTERNAL)]


@cache
def anchors(path: Path) -> frozenset[str]:
    return markdown.render(path.read_text(encoding="utf-8"), lambda link: link).anchors


def is_broken(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = (page.parent / target).resolve() if target else page
    if not path.exists():
        return True
    path = path / "README.md" if path.is_dir() else path
    return bool(anchor) and (path.suffix != ".md" or anchor not in anchors(path))


@for_each("page", PAGES)
def test_no_link_of_a_page_is_broken(page: Path) -> None:
    assert [link for link in links(page) if is_broken(page, link)] == []


def test_a_missing_file_and_a_missing_heading_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n## In CI\n\n[a](#in-ci) [b](#gone) [c](page.md#in-ci) [d](other.md) `[e](no.md)` [f](http://a/)")
    assert [link for link in links(page) if is_broken(page, link)] == ["#gone", "other.md"]
    assert [is_broken(page, link) for link in ("#in-ci", "page.md#in-ci")] == [False, False]
