"""Splits pasted source code of many languages into tokens. Reads any text in linear time and never fails."""

from __future__ import annotations

import re
from typing import NamedTuple

NAME, STRING, NUMBER, OPERATOR = "name", "string", "number", "operator"
_TOKEN = re.compile(
    r"(?P<space>\s+|[:;]-?[()](?=\s|\Z))"
    r"|(?P<comment>(?<!:)//[^\n]*|\#(?![\w{(])[^\n]*|\#(?=\w)(?<=\n\#)[^\n]*|/\*)"
    r"|(?P<address>https?://[^\s\"'`<>()\[\]{},;\\]+)"
    r"|(?P<name>[@$]?[^\W\d]\w*|\$(?=\.))"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<quote>\"\"\"|'''|[\"'`])"
    r"|(?P<operator>=>|->|<-|\?\.|::|:=|\?\?|\|\||&&|[=!<>+.-]=|==|\.\.\.|.)",
    re.S,
)
_INSIDE = {'"': re.compile(r"(?:[^\"\\\n]|\\.)*+", re.S), "'": re.compile(r"(?:[^'\\\n]|\\.)*+", re.S)}
"""What stands between the quotation marks of a string on one line."""
_PREFIXES = frozenset("frbuFRBUL$@") | {"rb", "br", "fr", "rf"}
# a backtick that follows anything else marks code in prose
_BEFORE_TEMPLATE = frozenset("(,=+:?[{&|") | {"=>", "return", "await", "||", "??", "+=", "raw"}
_SMART = str.maketrans("“”„‟‘’‚‛\u00a0\u200b\ufeff", "\"\"\"\"''''   ")


class CodeToken(NamedTuple):
    """`text` of a string is what stands between its quotation marks. `quote` is its prefix and quotation mark, "" if the
    string is a URL without quotation marks.

    is_first: it is the first token of its line.
    """

    kind: str
    text: str
    start: int
    end: int
    quote: str = ""
    is_first: bool = False


def set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


def plain(text: str) -> str:
    """Replaces typographic quotation marks and invisible spaces. The length stays the same."""
    return text.translate(_SMART)


def tokens(text: str) -> list[CodeToken]:
    """The tokens of the text without spaces and comments."""
    found: list[CodeToken] = []
    unclosed: dict[str, int] = {}
    at, is_new_line = 0, True
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # the last alternative matches any character
        kind, at = match.lastgroup or OPERATOR, match.end()
        if kind == "space":
            is_new_line = is_new_line or "\n" in match[0]
        elif kind == "comment":
            at = _after(text, "*/", at, unclosed) if match[0] == "/*" else at
        else:
            kind = STRING if kind == "address" else kind
            token = _string(text, match, found, unclosed) if kind == "quote" else CodeToken(kind, match[0], match.start(), at)
            found.append(token._replace(is_first=is_new_line))
            at, is_new_line = token.end, False
    return found


def _after(text: str, closer: str, at: int, unclosed: dict[str, int]) -> int:
    """The end of a comment; `at` if it is never closed. A failed search is remembered, so the time is linear."""
    end = -1 if closer in unclosed else text.find(closer, at)
    if end < 0:
        unclosed[closer] = len(text)
        return at
    return end + len(closer)


def _string(text: str, match: re.Match[str], found: list[CodeToken], unclosed: dict[str, int]) -> CodeToken:
    """The string that starts here, or the quotation mark as an operator if it is an apostrophe or never closed.

    A prefix such as the f of Python is removed from the tokens.
    """
    mark, start = match[0], match.start()
    before = found[-1] if found else CodeToken(OPERATOR, "", 0, 0)
    touches = before.end == start and bool(found)
    prefix = before.text if touches and before.text in _PREFIXES else ""
    is_name = touches and before.kind == NAME and not prefix
    if (mark == "'" and is_name) or (mark == "`" and before.text not in _BEFORE_TEMPLATE):
        return CodeToken(OPERATOR, mark, start, match.end())
    end = _find_close(text, mark, start, unclosed)
    if end < 0:
        return CodeToken(OPERATOR, mark, start, match.end())
    if prefix:
        found.pop()
    return CodeToken(STRING, text[start + len(mark) : end - len(mark)], start - len(prefix), end, prefix + mark)


def _find_close(text: str, mark: str, start: int, unclosed: dict[str, int]) -> int:
    if start < unclosed.get(mark, 0):
        return -1
    if inside := _INSIDE.get(mark):
        match = inside.match(text, start + 1)
        end = match.end() if match else start + 1
        if text.startswith(mark, end):
            return end + 1
        unclosed[mark] = end  # each quotation mark up to here is escaped, so none of them closes a string or begins one
        return -1
    end = text.find(mark, start + len(mark))
    if end < 0:
        unclosed[mark] = len(text)
        return -1
    return end + len(mark)
