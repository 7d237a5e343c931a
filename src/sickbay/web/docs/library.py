"""Finds the pages of the documentation, renders them, and resolves the links between them.

The pages are the files of docs/, and one page for each stage of rules, which is written from the rules when someone reads it.
"""

from __future__ import annotations

import posixpath
from functools import cache
from itertools import chain
from pathlib import PurePosixPath

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.doctor import rule_docs
from sickbay.doctor.pages import PAGES
from sickbay.web.docs import markdown
from sickbay.web.docs.contents import HOME, SECTIONS, Entry, Section
from sickbay.web.docs.markdown import RenderedPage

INDEX = "README"
RULES = "rules/"
CASES = "/diagnosis/cases/"
"""The path in the repository to which the list of rules links. On the site, these links go to the rules."""
EXTERNAL = ("http://", "https://", "mailto:")
FILES = ".json"
"""Files next to the pages that the site serves too. Pictures are only in the repository: they would be a tenth of the wheel."""


@cache
def list_names() -> frozenset[str]:
    """The names of all pages: paths below docs/, without .md."""
    in_files = (file.removesuffix(".md") for file in PAGES.list_files(".md"))
    return frozenset((*in_files, *(RULES + stage for stage in rule_docs.group_by_stage())))


@cache
def list_files() -> frozenset[str]:
    return frozenset(PAGES.list_files(FILES))


def render_page(name: str) -> RenderedPage:
    return _render_cached(name, markdown_of(name))


def markdown_of(name: str) -> str:
    stage = name.removeprefix(RULES)
    is_stage = name != stage and stage in rule_docs.group_by_stage()
    return rule_docs.stage_page(stage) if is_stage else PAGES.read_text(f"{name}.md")


@cache
def _render_cached(name: str, text: str) -> RenderedPage:
    """Cached by the text, so that a change of the file is visible on the next request."""
    return markdown.render(text, lambda link: resolve_link(name, link))


def resolve_link(name: str, link: str) -> str | None:
    """The address of a link on page `name`, relative to that page; None if its target isn't part of the site."""
    if link.startswith((*EXTERNAL, "#")):
        return link
    if CASES in link and (rule := BY_ID.get(PurePosixPath(link).stem)):
        return f"{make_relative(name, RULES + rule.stage)}#{rule.id}"
    target, _, anchor = link.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if path in list_files():
        return target
    page = _page_of(path)
    return None if page is None else make_relative(name, page) + (f"#{anchor}" if anchor else "")


def _page_of(path: str) -> str | None:
    candidates = (path.removesuffix(".md"), posixpath.join(path, INDEX))
    return next((candidate for candidate in candidates if candidate in list_names()), None)


def make_address(name: str) -> str:
    """The path of a page below /docs/. The page README of a folder is its index."""
    directory, stem = posixpath.split(name)
    return posixpath.join(directory, f"{'index' if stem == INDEX else stem}.html")


def make_relative(origin: str, target: str) -> str:
    """The address of a page, relative to another page, so that links work at /docs and in a folder of files."""
    return posixpath.relpath(make_address(target), posixpath.dirname(make_address(origin)) or ".")


def find_by_address(path: str) -> str | None:
    """The name of the page at a path below /docs/; None if there is none."""
    return _index_by_address().get(path or make_address(HOME))


def find_address(path: str) -> str | None:
    """The address of the page that has this path as its name; None if there is none."""
    name = path.rstrip("/")
    return make_address(name) if name in list_names() else None


def _title_of_file(name: str) -> str:
    """Returns the title of a page in a file without rendering the page: its first line is its heading."""
    return PAGES.read_text(f"{name}.md").partition("\n")[0].removeprefix("#").strip().replace("`", "")


@cache
def _index_by_address() -> dict[str, str]:
    return {make_address(name): name for name in list_names()}


@cache
def list_sections() -> tuple[Section, ...]:
    """Returns the table of contents without missing pages, with a last section for unlisted pages."""
    listed = {entry.page for section in SECTIONS for entry in section.entries}
    others = sorted(name for name in list_names() - listed if not name.startswith(RULES))
    more = Section("More", tuple(Entry(_title_of_file(name), name) for name in others))
    kept = ((section.title, tuple(entry for entry in section.entries if entry.page in list_names())) for section in SECTIONS)
    return tuple(section for section in chain(map(Section._make, kept), [more]) if section.entries)
