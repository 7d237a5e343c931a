"""Splits pasted source code of many languages into tokens. Reads any text in linear time and never fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

NAME, STRING, NUMBER, OPERATOR = "name", "string", "number", "operator"
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>//(?<!:)[^\n]*|\#(?![\w{(])[^\n]*|\#(?=\w)(?<=\n\#)[^\n]*|/\*)"
    r"|(?P<name>[@$]?[^\W\d]\w*|\$(?=\.))"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<quote>\"\"\"|'''|[\"'`])"
    r"|(?P<operator>=>|->|<-|\?\.|::|:=|\?\?|\|\||&&|[=!<>+.-]=|==|\.\.\.|.)",
    re.S,
)
_ONE_LINE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.S)
_PREFIXES = frozenset("frbuFRBUL$@") | {"rb", "br", "fr", "rf"}
_BEFORE_TEMPLATE = frozenset("(,=+:?[{&|") | {"=>", "return", "await", "||", "??", "+="}
_SMART = str.maketrans("“”„‟‘’‚‛\u00a0\u200b\ufeff", "\"\"\"\"''''   ")


class CodeToken(NamedTuple):
    """`text` of a string is what stands between its quotation marks. `quote` is its prefix and quotation mark."""

    kind: str
    text: str
    start: int
    end: int
    quote: str = ""


def set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


def plain(text: str) -> str:
    """Replaces typographic quotation marks and invisible spaces. The length stays the same."""
    return text.translate(_SMART)


def tokens(text: str) -> list[CodeToken]:
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[CodeToken]:
    at, before = 0, CodeToken(OPERATOR, "", 0, 0)
    unclosed: dict[str, int] = {}
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # the last alternative matches any character
        kind, at = match.lastgroup or OPERATOR, match.end()
        if kind == "comment" and match[0] == "/*":
            at = _after(text, "*/", at, unclosed)
        elif kind == "quote":
            before = _string(text, match, before, unclosed)
            at = before.end
            yield before
        elif kind not in ("space", "comment"):
            before = CodeToken(kind, match[0], match.start(), at)
            yield before


def _after(text: str, closer: str, at: int, unclosed: dict[str, int]) -> int:
    """The end of a comment; `at` if it is never closed. A failed search is remembered, so the time is linear."""
    end = -1 if closer in unclosed else text.find(closer, at)
    if end < 0:
        unclosed[closer] = len(text)
        return at
    return end + len(closer)


def _string(text: str, match: re.Match[str], before: CodeToken, unclosed: dict[str, int]) -> CodeToken:
    """The string that starts here, or the quotation mark as an operator if it is an apostrophe or never closed."""
    mark, start = match[0], match.start()
    touches = before.kind == NAME and before.end == start
    prefix = before.text if touches and before.text in _PREFIXES else ""
    if before.kind == OPERATOR and before.end == start and before.text in ("$", "@"):
        prefix = before.text
    if (mark == "'" and touches and not prefix) or (mark == "`" and not _opens_template(before, touches)):
        return CodeToken(OPERATOR, mark, start, match.end())
    end = _closed(text, mark, start, unclosed)
    if end < 0:
        return CodeToken(OPERATOR, mark, start, match.end())
    return CodeToken(STRING, text[start + len(mark) : end - len(mark)], start, end, prefix + mark)


def _opens_template(before: CodeToken, touches: bool) -> bool:
    """Whether a backtick starts a template string of JavaScript or a raw string of Go. In prose it marks code."""
    return before.text in _BEFORE_TEMPLATE or touches


def _closed(text: str, mark: str, start: int, unclosed: dict[str, int]) -> int:
    if start < unclosed.get(mark, 0):
        return -1
    if mark in ('"', "'"):
        match = _ONE_LINE.match(text, start)
        if match:
            return match.end()
        end = text.find("\n", start)
        unclosed[mark] = len(text) if end < 0 else end
        return -1
    end = text.find(mark, start + len(mark))
    if end < 0:
        unclosed[mark] = len(text)
        return -1
    return end + len(mark)
