"""Splits the pages of the documentation into passages, for the search."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sickbay.diagnosis.case import list_paths, read_text
from sickbay.kernel.packed_folder import PackedFolder

PAGES = PackedFolder(Path(__file__).parents[3] / "docs", Path(__file__).parents[1] / "web" / "docs" / "pages.json")
"""The pages of the documentation."""
RULES = "rules"
"""The folder of the list of rules, and of the pages that the site writes from the rules."""
LIST = f"{RULES}/README"
CONTENTS = "Table of Contents"
"""The heading of a passage that only lists the headings of its page."""
_RULE = re.compile(r"^- \[`(?P<id>[\w-]++)`\]\([^()\s]{1,200}\): (?P<outcome>.++)$")
_HEADING = re.compile(r"^(?P<level>#{1,3}) (?P<text>.+)$")
_FENCE = re.compile(r"^(?:```|~~~)")
_LINK = re.compile(r"!?\[([^\[\]]{1,300})\]\([^()\s]{1,500}\)")
_MARKS = re.compile(r"[`*]")
_BLOCKS = re.compile(r"[|>]|^\s{0,3}[-+] |^\s{0,3}\d{1,2}\. ", re.M)
"""What makes a table, a quotation or a list."""


class Passage(NamedTuple):
    """The text below one heading. page: the path below docs/ without .md. anchor: "" before the first heading of level 2."""

    page: str
    title: str
    anchor: str
    heading: str
    text: str

    @property
    def id(self) -> str:
        """The path of the page and the anchor."""
        return f"{self.page}#{self.anchor}" if self.anchor else self.page


def read_passages() -> list[Passage]:
    """The passages of all pages, in the order of their paths."""
    passages: list[Passage] = []
    for file in PAGES.list_files(".md"):
        name, text = file.removesuffix(".md"), PAGES.read_text(file)
        passages += _split_rule_list(text) if name == LIST else split_page(name, text)
    return [passage for passage in passages if passage.heading != CONTENTS]


def _split_rule_list(index: str) -> Iterator[Passage]:
    """A passage for each rule of the list: its outcome, and the prose and the fix of its case."""
    stage, cases = "", list_paths()
    for level, line in _read_heading_levels(index):
        if level:
            stage = line
        elif rule := _RULE.match(line):
            id = rule["id"]
            text = f"({rule['outcome']}) {' '.join(read_prose(cases[id]))}"
            yield Passage(f"{RULES}/{stage}", f"Rules of the stage {stage}", id, id, text)


def read_prose(path: PurePosixPath) -> tuple[str, str]:
    """The prose and the fix of a rule's case, as plain text."""
    text = read_text(path)
    fix = text.partition("\n## Fix\n")[2].partition("\n## ")[0]
    return to_plain_text(text.partition("\n")[2].partition("\n## ")[0]), to_plain_text(fix)


def split_page(page: str, text: str) -> Iterator[Passage]:
    """The passages of a page: one before the first heading of level 2, and one for each heading of level 2 or 3."""
    title, anchor, heading = "", "", ""
    lines: list[str] = []
    seen: Counter[str] = Counter()
    for level, line in _read_heading_levels(text):
        if not level:
            lines.append(line)
            continue
        name = to_slug(line)
        seen[name] += 1
        if level == 1:
            title = heading = to_heading(line)
            continue
        yield Passage(page, title, anchor, heading, to_plain_text("\n".join(lines)))
        anchor, heading = name if seen[name] == 1 else f"{name}-{seen[name] - 1}", to_heading(line)
        lines = [line]
    yield Passage(page, title, anchor, heading, to_plain_text("\n".join(lines)))


def split_markdown(text: str) -> list[tuple[str, str]]:
    """The sections of a page with their headings, as Markdown: the beginning, then one for each heading of level 2."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    in_code = False
    for line in text.splitlines(keepends=True):
        in_code ^= _FENCE.match(line) is not None
        heading = None if in_code else _HEADING.match(line.rstrip())
        if heading and len(heading["level"]) == 2:
            sections.append((to_heading(heading["text"]), []))
        elif heading and len(heading["level"]) == 1 and not sections[0][0]:
            sections[0] = (to_heading(heading["text"]), sections[0][1])
        sections[-1][1].append(line)
    return [(heading, "".join(lines)) for heading, lines in sections]


def _read_heading_levels(text: str) -> Iterator[tuple[int, str]]:
    """Each line with the level of its heading, 0 if it is none. Code has no headings."""
    in_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            in_code = not in_code
        elif not in_code and (heading := _HEADING.match(line)):
            yield len(heading["level"]), heading["text"].strip()
        else:
            yield 0, line


def to_slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it, so that the same links work on both."""
    return re.sub(r"[^\w\- ]", "", to_heading(heading).lower()).replace(" ", "-")


def to_heading(text: str) -> str:
    """The text of a heading without markup. It may begin with a number."""
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1", text)).split())


def to_plain_text(text: str) -> str:
    """Markdown as plain text on one line."""
    return to_heading(_BLOCKS.sub(" ", text))
