"""Extracts the sentences of a file: documents, templates, docstrings, comments, texts of four words or more, and test names."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

WORDS_OF_A_TEXT = 4
"""Shorter strings are names and values."""
ATTRIBUTES = frozenset(
    ("title", "alt", "placeholder", "aria-label", "aria-description", "label", "content", "value", "data-label")
)
Passage = tuple[int, str]
"""A line number and the text that begins there."""
_FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2[^\S\n]*$", re.M | re.S)
_CODE = re.compile(r"`[^`\n]*`")
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
_QUOTED = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")


def read_passages(path: Path) -> Iterator[Passage]:
    text = path.read_text(encoding="utf-8", errors="ignore") if path.suffix in (".md", ".py", ".html", ".j2") else ""
    match path.suffix:
        case ".md":
            yield from split_markdown(text)
        case ".py":
            yield from split_python(text)
        case ".html" | ".j2":
            yield from split_template(text)


def split_markdown(text: str) -> Iterator[Passage]:
    """Yield the lines without code."""
    plain = _CODE.sub("x", _FENCE.sub(_keep_newlines, text))
    yield from ((number, line) for number, line in enumerate(plain.splitlines(), 1) if line.strip())


def split_python(text: str) -> Iterator[Passage]:
    tree = ast.parse(text)
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings of any length
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            if id(node) in documented or _is_text(node.value):
                yield node.lineno, _CODE.sub("x", node.value)
        elif isinstance(node, ast.JoinedStr) and _is_text(joined := _text_of_fstring(node)):
            yield node.lineno, _CODE.sub("x", joined)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.removeprefix("test_").replace("_", " ")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], _CODE.sub("x", token.string.lstrip("# "))


def split_template(text: str) -> Iterator[Passage]:
    """Yield text nodes, attributes that are shown or read aloud, and texts within Jinja tags."""
    for match in _JINJA.finditer(text):
        if not match[0].startswith("{#"):
            for quoted in _QUOTED.finditer(match[0]):
                if _is_text(content := quoted[1] or quoted[2] or ""):
                    yield text.count("\n", 0, match.start()) + 1, content
    parser = _Texts()
    parser.feed(_JINJA.sub(_keep_newlines, text))
    yield from parser.passages_


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.passages_: list[Passage] = []
        self._ignored = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._ignored = tag in ("script", "style")
        self.passages_.extend((self.getpos()[0], value) for name, value in attrs if name in ATTRIBUTES and value)

    def handle_endtag(self, tag: str) -> None:
        self._ignored = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._ignored:
            self.passages_.append((self.getpos()[0], data))


def _keep_newlines(match: re.Match[str]) -> str:
    return "x" + "\n" * match[0].count("\n")


def _is_text(value: str) -> bool:
    return len(value.split()) >= WORDS_OF_A_TEXT


def _text_of_fstring(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
