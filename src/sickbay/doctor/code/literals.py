"""Reads string literals: escapes and the ways in which languages insert variables into strings."""

from __future__ import annotations

import re
from collections.abc import Callable

from sickbay.doctor.code import budget
from sickbay.doctor.code.tokens import CodeToken
from sickbay.doctor.code.values import (
    PARTS_OF_A_TEXT,
    CodeFields,
    CodeText,
    CodeValue,
    Hole,
    as_text,
    joined,
    known,
    of_parts,
    unknown,
)

Resolve = Callable[[str], CodeValue | None]

_ESCAPE = re.compile(r"\\(?:u\{?([0-9a-fA-F]{4})\}?|x([0-9a-fA-F]{2})|\r?\n|(.))", re.S)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
_DOLLAR = r"\$\{(?P<braces>[^{}]{1,300})\}|\{\$(?P<php>[^{}]{1,300})\}|\$(?P<name>[A-Za-z_]\w*(?:->\w+)?)"
_INSERTIONS = {
    "`": re.compile(r"(?<!\\)\$\{(?P<braces>(?:[^{}]|\{[^{}]*\}){1,300})\}"),
    "f": re.compile(r"\{\{|\}\}|\{(?P<braces>[^{}]{1,300})\}"),
    '"': re.compile(r"\\\((?P<braces>(?:[^()]|\([^()]*\)){1,300})\)|#\{(?P<ruby>[^{}]{1,300})\}"),
    "$": re.compile(r"(?<!\\)(?:" + _DOLLAR + ")"),
}
"""The ways to insert variables, by the kind of the string: template, Python and C#, Swift and Ruby, PHP and Kotlin."""
_PATH = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|->|\?\.|!\.|::)[A-Za-z_$][\w$]*)*")
_KEY = re.compile(
    r"(?:get|getItem|getenv|env|environ|Item|query|params|GET|POST|session)\w{0,40}!?\W{1,3}[\"']([\w.-]{1,80})[\"']", re.I
)
_WRAPPERS = re.compile(
    r"(?:encodeURI(?:Component)?|Uri\.EscapeDataString|HttpUtility\.UrlEncode|WebUtility\.UrlEncode|urllib\.parse\.quote\w*"
    r"|quote|urlencode|rawurlencode|str|String|await|new|btoa|Buffer\.from|URLEncoder\.encode|CGI\.escape|JSON\.stringify)\b"
)


def literal(token: CodeToken, resolve: Resolve, dollar: bool) -> CodeText:
    """The value of a string token. `dollar`: the language inserts $name into strings."""
    insertions = _insertions(token, dollar)
    raw = token.quote[:1] in ("r", "R", "@") or (token.quote == "`" and "\\" not in token.text)
    if insertions is None:
        return known(token.text if raw else _unescaped(token.text))
    parts: list[str] = []
    at = 0
    for match in insertions.finditer(token.text):
        parts.append(_unescaped(token.text[at : match.start()]))
        expression = next((group for group in match.groups() if group), "")
        budget.spend()
        parts += _inserted(expression, resolve) if expression else [match[0][0]]
        if len(parts) > PARTS_OF_A_TEXT:
            return unknown("value")
        at = match.end()
    parts.append(_unescaped(token.text[at:]))
    return of_parts(parts)


def _insertions(token: CodeToken, dollar: bool) -> re.Pattern[str] | None:
    if token.quote == "`":
        return _INSERTIONS["`"] if "${" in token.text else None
    if token.quote[:1] in ("f", "F", "$"):
        return _INSERTIONS["f"] if "{" in token.text else None
    if dollar and "$" in token.text:
        return _INSERTIONS["$"]
    return _INSERTIONS['"'] if '"' in token.quote and ("\\(" in token.text or "#{" in token.text) else None


_FIELDS = re.compile(
    r"(?:[\w.]*urlencode|new URLSearchParams|qs\.stringify|querystring\.stringify|http_build_query)\(\s*(\$?\w+)\s*\)"
    r"|(\w+)\.(?:toString|Encode)\(\)"
)


def _inserted(expression: str, resolve: Resolve) -> tuple[str, ...]:
    expression = expression.strip()
    value = resolve(expression) if _PATH.fullmatch(expression) else None
    if match := _FIELDS.fullmatch(expression):
        value = resolve(match[1] or match[2])
        value = CodeFields(value.pairs, "form") if isinstance(value, CodeFields) else value
    if value is not None:
        return as_text(value).parts
    return (Hole(hole_name(expression)),)


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
    return re.sub(r"->|\?\.|!\.|::", ".", path).replace("$", "")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_replacement, text) if "\\" in text else text


def _replacement(match: re.Match[str]) -> str:
    if code := match[1] or match[2]:
        return chr(int(code, 16))
    letter = match[3] or ""
    return _LETTERS.get(letter, letter)


_BLANK = re.compile(r"%(?:\((?P<word>\w+)\))?[sdvqf@]|\{(?P<field>\w*)(?::[^{}]*)?\}")


def fill_blanks(template: CodeText, values: list[CodeValue], names: CodeFields | None = None) -> CodeText:
    """Fills the blanks of a format string: `%s`, `{}`, `{0}` and `{name}`."""
    pieces: list[CodeText] = []
    for part in template.parts:
        pieces += [CodeText((part,))] if isinstance(part, Hole) else _fill_blanks(part, values, names or CodeFields())
    return joined(pieces)


def _fill_blanks(text: str, values: list[CodeValue], names: CodeFields) -> list[CodeText]:
    pieces: list[CodeText] = []
    at = number = 0
    for match in _BLANK.finditer(text):
        name = match["word"] or match["field"] or ""
        position = int(name) if name.isdecimal() else number
        value = names.get(name) if name and not name.isdecimal() else values[position] if position < len(values) else None
        if value is None:
            continue
        budget.spend()
        number += not name
        pieces += [known(text[at : match.start()]), as_text(value)]
        at = match.end()
    return [*pieces, known(text[at:])]
