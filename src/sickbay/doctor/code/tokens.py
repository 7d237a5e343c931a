"""Splits pasted code of many languages into tokens, matches its brackets, and reads its string literals, in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.code.values import (
    PARTS_OF_A_TEXT,
    CodeFields,
    CodeText,
    CodeValue,
    Hole,
    join,
    literal,
    make_unknown,
    spend,
    text_of,
    text_of_parts,
)
from sickbay.kernel.late_patterns import compile_late

NAME, STRING, NUMBER, OPERATOR = "name", "string", "number", "operator"
_TOKEN = compile_late(
    r"(?P<space>\s+|[:;]-?[()](?=\s|\Z))"
    r"|(?P<comment>(?<!:)//[^\n]*|\#(?![\w{(])[^\n]*|\#(?=\w)(?<=\n\#)[^\n]*|/\*)"
    r"|(?P<address>https?://[^\s\"'`<>()\[\]{},;\\]+)"
    r"|(?P<name>[@$]?[^\W\d]\w*|\$(?=\.))"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<quote>\"\"\"|'''|[\"'`])"
    r"|(?P<operator>=>|->|<-|\?\.|::|:=|\?\?|\|\||&&|[=!<>+.-]=|==|\.\.\.|.)",
    re.S,
)
_INSIDE = {'"': compile_late(r"(?:[^\"\\\n]|\\.)*+", re.S), "'": compile_late(r"(?:[^'\\\n]|\\.)*+", re.S)}
"""The text between the quotation marks of a string on one line."""
_PREFIXES = frozenset("frbuFRBUL$@") | {"rb", "br", "fr", "rf"}
# a backtick that follows anything else marks code in prose
_BEFORE_TEMPLATE = frozenset("(,=+:?[{&|") | {"=>", "return", "await", "||", "??", "+=", "raw"}


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


def tokenize(text: str) -> list[CodeToken]:
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
            at = _end_of_comment(text, "*/", at, unclosed) if match[0] == "/*" else at
        else:
            kind = STRING if kind == "address" else kind
            token = (
                _read_string(text, match, found, unclosed) if kind == "quote" else CodeToken(kind, match[0], match.start(), at)
            )
            found.append(token._replace(is_first=True) if is_new_line else token)
            at, is_new_line = token.end, False
    return found


def _end_of_comment(text: str, closer: str, at: int, unclosed: dict[str, int]) -> int:
    """The end of a comment; `at` if it is never closed. A failed search is remembered, so the time is linear."""
    end = -1 if closer in unclosed else text.find(closer, at)
    if end < 0:
        unclosed[closer] = len(text)
        return at
    return end + len(closer)


def _read_string(text: str, match: re.Match[str], found: list[CodeToken], unclosed: dict[str, int]) -> CodeToken:
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


_OPENERS = {")": "(", "]": "[", "}": "{"}


def pair_up(tokens: list[CodeToken]) -> dict[int, int]:
    """The index of the closing bracket for each index of an opening bracket. An unclosed bracket ends with the text."""
    result: dict[int, int] = {}
    open_at: list[int] = []
    count = {"(": 0, "[": 0, "{": 0}
    for index, token in enumerate(tokens):
        if token.kind != OPERATOR:
            continue
        if token.text in count:
            open_at.append(index)
            count[token.text] += 1
        elif token.text in _OPENERS and count[_OPENERS[token.text]]:
            _close(tokens, open_at, count, index, result)
    return result | dict.fromkeys(open_at, len(tokens))


def _close(tokens: list[CodeToken], open_at: list[int], count: dict[str, int], index: int, result: dict[int, int]) -> None:
    """Closes the innermost bracket of this kind, and the unclosed ones in it."""
    opener = _OPENERS[tokens[index].text]
    while open_at:
        start = open_at.pop()
        count[tokens[start].text] -= 1
        result[start] = index
        if tokens[start].text == opener:
            return


Resolve = Callable[[str], CodeValue | None]

_ESCAPE = compile_late(r"\\(?:u\{?([0-9a-fA-F]{4})\}?|x([0-9a-fA-F]{2})|\r?\n|(.))", re.S)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
_DOLLAR = r"\$\{(?P<braces>[^{}]{1,300})\}|\{\$(?P<php>[^{}]{1,300})\}|\$(?P<name>[A-Za-z_]\w*(?:->\w+)?)"
_INSERTIONS = {
    "`": compile_late(r"(?<!\\)\$\{(?P<braces>(?:[^{}]|\{[^{}]*\}){1,300})\}"),
    "f": compile_late(r"\{\{|\}\}|\{(?P<braces>[^{}]{1,300})\}"),
    '"': compile_late(r"\\\((?P<braces>(?:[^()]|\([^()]*\)){1,300})\)|#\{(?P<ruby>[^{}]{1,300})\}"),
    "$": compile_late(r"(?<!\\)(?:" + _DOLLAR + ")"),
}
"""The ways to insert variables, by the kind of the string: template, Python and C#, Swift and Ruby, PHP and Kotlin."""
_PATH = compile_late(r"[A-Za-z_$][\w$]*(?:(?:\.|->|\?\.|!\.|::)[A-Za-z_$][\w$]*)*")
_KEY = compile_late(
    r"(?:get|getItem|getenv|env|environ|Item|query|params|GET|POST|session)\w{0,40}!?\W{1,3}[\"']([\w.-]{1,80})[\"']", re.I
)
_WRAPPERS = compile_late(rf"(?:{'|'.join(LISTS['functions_around_a_value'])})\b")


def read_literal(token: CodeToken, resolve: Resolve, dollar: bool) -> CodeText:
    """The value of a string token. `dollar`: the language inserts $name into strings."""
    insertions = _insertion_pattern(token, dollar)
    raw = token.quote[:1] in ("r", "R", "@") or (token.quote == "`" and "\\" not in token.text)
    if insertions is None:
        return literal(token.text if raw else _unescape(token.text))
    parts: list[str] = []
    at = 0
    for match in insertions.finditer(token.text):
        parts.append(_unescape(token.text[at : match.start()]))
        expression = next((group for group in match.groups() if group), "")
        spend()
        parts += _resolve_inserted(expression, resolve) if expression else [match[0][0]]
        if len(parts) > PARTS_OF_A_TEXT:
            return make_unknown("value")
        at = match.end()
    parts.append(_unescape(token.text[at:]))
    return text_of_parts(parts)


def _insertion_pattern(token: CodeToken, dollar: bool) -> re.Pattern[str] | None:
    if token.quote == "`":
        return _INSERTIONS["`"] if "${" in token.text else None
    if token.quote[:1] in ("f", "F", "$"):
        return _INSERTIONS["f"] if "{" in token.text else None
    if dollar and "$" in token.text:
        return _INSERTIONS["$"]
    return _INSERTIONS['"'] if '"' in token.quote and ("\\(" in token.text or "#{" in token.text) else None


_FIELDS = compile_late(
    r"(?:[\w.]*urlencode|new URLSearchParams|qs\.stringify|querystring\.stringify|http_build_query)\(\s*(\$?\w+)\s*\)"
    r"|(\w+)\.(?:toString|Encode)\(\)"
)


def _resolve_inserted(expression: str, resolve: Resolve) -> tuple[str, ...]:
    expression = expression.strip()
    value = resolve(expression) if _PATH.fullmatch(expression) else None
    if match := _FIELDS.fullmatch(expression):
        value = resolve(match[1] or match[2])
        value = CodeFields(value.pairs, "form") if isinstance(value, CodeFields) else value
    if value is not None:
        return text_of(value).parts
    return (Hole(hole_name(expression)),)


@lru_cache(maxsize=200)
def hole_name(expression: str) -> str:
    """A name for the value of an expression: the variable in it, or the key that is looked up."""
    expression = expression[:300]
    if match := _KEY.search(expression):
        return match[1]
    bare = _WRAPPERS.sub(" ", expression)
    paths = [match for match in _PATH.finditer(bare) if bare[match.start() - 1 : match.start()] not in ('"', "'")]
    if not paths:
        return "value"
    path = path_of(paths[0][0])
    is_method = bare[paths[0].end() : paths[0].end() + 1] == "(" and "." in path
    return path.rpartition(".")[0] if is_method else path


def path_of(path: str) -> str:
    """The path with dots only, and without the $ of variables."""
    return path if path.isidentifier() else re.sub(r"->|\?\.|!\.|::", ".", path).replace("$", "")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescape_match, text) if "\\" in text else text


def _unescape_match(match: re.Match[str]) -> str:
    if code := match[1] or match[2]:
        return chr(int(code, 16))
    letter = match[3] or ""
    return _LETTERS.get(letter, letter)


_BLANK = compile_late(r"%(?:\((?P<word>\w+)\))?[sdvqf@]|\{(?P<field>\w*)(?::[^{}]*)?\}")


def fill_blanks(template: CodeText, values: list[CodeValue], names: CodeFields | None = None) -> CodeText:
    """Fills the blanks of a format string: `%s`, `{}`, `{0}` and `{name}`."""
    pieces: list[CodeText] = []
    for part in template.parts:
        pieces += [CodeText((part,))] if isinstance(part, Hole) else _fill_blanks(part, values, names or CodeFields())
    return join(pieces)


def _fill_blanks(text: str, values: list[CodeValue], names: CodeFields) -> list[CodeText]:
    pieces: list[CodeText] = []
    at = number = 0
    for match in _BLANK.finditer(text):
        name = match["word"] or match["field"] or ""
        position = int(name) if name.isdecimal() else number
        value = names.get(name) if name and not name.isdecimal() else values[position] if position < len(values) else None
        if value is None:
            continue
        spend()
        number += not name
        pieces += [literal(text[at : match.start()]), text_of(value)]
        at = match.end()
    return [*pieces, literal(text[at:])]
