"""Finds curl commands in pasted text and splits them into words, even if a forum changed quotation marks and dashes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sickbay.doctor.code.curl import read_curl
from sickbay.doctor.code.draft import RequestDraft, base64_of, request_of
from sickbay.doctor.code.models import CodeRequest
from sickbay.doctor.code.tokens import OPERATOR, CodeToken, hole_name
from sickbay.doctor.code.values import CodeText, Hole, Meter, join, literal, make_unknown
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import Lines

_COMMAND = compile_late(
    r"(?:^|(?<=[\s`$>#(|;&.=*\"']))(?P<name>curl(?:\.exe)?)[ \t]+(?=(?P<next>\S+))|"
    r"^[ \t>]*(?=(?:-H|-d|--header|--data(?:-\w+)?|-u|--user|-X|--request)[ =]+\S)",
    re.M,
)
_ASSIGNMENT = compile_late(
    r"^[ \t$>]*(?:export[ \t]+|set[ \t]+)?([A-Za-z_]\w*)=(?:\"([^\"\n$`]*)\"|'([^'\n]*)'|([^\s\"'`$(]+))[ \t]*;?$", re.M
)
_CARET = compile_late(r"\^(?=\S)")
"""Escapes a character on Windows."""
_CURL_NEXT = compile_late(r"[-–—−'\"$\\^<{]|\w+://|localhost|[\w.-]+(?::[^\s@]*)?@|[\w-]+\.[\w.-]+[/:?]|\S*[:/]\S")


def shell_requests(text: str, lines: Lines, meter: Meter) -> list[CodeRequest]:
    """The requests of the shell commands in a text."""
    requests: list[CodeRequest] = []
    with meter.limit():
        for request in _find_requests(text, lines):
            requests.append(request)
    return requests


def _find_requests(text: str, lines: Lines) -> Iterator[CodeRequest]:
    if '^"' in text:
        text = _CARET.sub(CARET, text)
    splitter = Splitter(text, _read_assignments(text).get)
    done = 0
    for match in _COMMAND.finditer(text):
        if match.start() < done or (match["name"] and not _CURL_NEXT.match(match["next"])):
            continue
        start = match.start("name") if match["name"] else match.end()
        words = splitter.words(match.end(), match.start() > 0 and text[match.start() - 1] == "`")
        draft = _draft_of_command(match["name"], words.words)
        done = words.end
        if draft is not None:
            end = start + max(1, len(text[start : words.end].rstrip()))
            span = [CodeToken(OPERATOR, "", start, start + 1), CodeToken(OPERATOR, "", start, end)]
            draft.last = 1
            yield request_of(draft, span, lines)


def _read_assignments(text: str) -> dict[str, str]:
    """The shell variables that the paste sets."""
    return {match[1]: next(group for group in match.groups()[1:] if group is not None) for match in _ASSIGNMENT.finditer(text)}


def _draft_of_command(name: str | None, words: list[CodeText]) -> RequestDraft | None:
    """The request of a command. Options without a command belong to a curl whose first line is missing."""
    draft = read_curl(words)
    if draft is None or (name is None and (not draft.headers or len(words) < 4)):
        return None
    return draft


_PLAIN = compile_late(r"[^\s\\'\"`$;|&()<>^%]+")
_SPACE = compile_late(r"[ \t\r\xa0]+")
_CONTINUED = compile_late(r"[\\^`](?:[ \t]*\r?(?:\n|\Z)\s*|[ \t]+(?=--?[A-Za-z]|['\"]?https?://))")
_NEXT_OPTION = compile_late(r"(?<=\n)(?:[ \t]*+\n)?[ \t>]*+(?:--?[A-Za-z]|['\"]?https?://)")
_VARIABLE = compile_late(r"\$\{(\w++)[^}]{0,80}\}|\$(\w+)|\$env:(\w+)")
_WINDOWS_VARIABLE = compile_late(r"%([A-Za-z_]\w+)%")
_ECHO = compile_late(
    r"(?:echo|printf)\s+(?P<flags>-\S+\s+)?(?:['\"]?%s['\"]?\s+)?(?P<text>\"[^\"]*\"|'[^']*'|\S+)\s*\|[^|]*base64", re.S
)
_IN_DOUBLE = compile_late(r"\\([\"\\$`_*\n/-])")
_DASHES = compile_late(r"^[–—−](?=[A-Za-z-])")

_PARENTHESIS = compile_late(r"[()]")
_MAXIMUM_COMMAND_CHARACTERS = 500
"""The maximum length of a command in `$(…)`."""
CARET = "\x01"
"""Replaces the escape character of Windows, so that the text keeps its length."""

Lookup = Callable[[str], str | None]


class SplitCommand(NamedTuple):
    """The words of a command, and the position after it."""

    words: list[CodeText]
    end: int


class Splitter:
    """Splits commands of one text. `lookup` finds the value of a shell variable, None if the paste doesn't set it."""

    def __init__(self, text: str, lookup: Lookup) -> None:
        self._text, self._lookup = text, lookup
        self._unclosed: dict[str, int] = {}

    def words(self, at: int, in_backticks: bool) -> SplitCommand:
        """The words from here to the end of the command."""
        text, words = self._text, []
        pieces: list[CodeText] | None = None
        while at < len(text):
            closes = in_backticks and text[at] == "`"
            if match := _SPACE.match(text, at) or (None if closes else _CONTINUED.match(text, at)):
                words += [join(pieces)] if pieces is not None else []
                pieces, at = None, match.end()
                continue
            if self._ends_command(at, in_backticks):
                break
            if text[at] == "\n":
                words += [join(pieces)] if pieces is not None else []
                pieces, at = None, at + 1
                continue
            piece, at = self._read_piece(at)
            pieces = [] if pieces is None else pieces
            pieces.append(piece)
        words += [join(pieces)] if pieces is not None else []
        return SplitCommand([_add_dashes(word) for word in words], at)

    def _ends_command(self, at: int, in_backticks: bool) -> bool:
        character = self._text[at]
        if character == "\n":
            return _NEXT_OPTION.match(self._text, at + 1) is None
        if character == "&":
            return self._text[at + 1 : at + 2] in ("", "&", " ", "\n")
        if character == "<":
            return self._text[at + 1 : at + 2] == "/"
        return character in ";|)" or (character == "`" and in_backticks) or self._text.startswith("```", at)

    def _read_piece(self, at: int) -> tuple[CodeText, int]:
        text, character = self._text, self._text[at]
        if match := _PLAIN.match(text, at):
            return literal(match[0]), match.end()
        if character in "'\"" and (end := self._closing_quote(at)) > 0:
            inner = text[at + 1 : end]
            return (literal(inner.replace("\\_", "_")) if character == "'" else self._expand_string(inner)), end + 1
        if character == "\\" and at + 1 < len(text):
            return literal(text[at + 1]), at + 2
        if text.startswith("$(", at) and (end := _find_closing_parenthesis(text, at + 1)) > 0:
            return self._output_of_command(text[at + 2 : end]), end + 1
        for pattern in (_VARIABLE, _WINDOWS_VARIABLE):
            if match := pattern.match(text, at):
                return self._value_of_variable(match), match.end()
        # an unclosed quotation mark is dropped
        return literal("" if character in "^'\"" else character), at + 1

    def _closing_quote(self, at: int) -> int:
        """The position of the closing quotation mark, -1 if there is none."""
        mark = self._text[at]
        if at < self._unclosed.get(mark, 0):
            return -1
        end = self._text.find(mark, at + 1)
        while end > 0 and self._is_inner(mark, end):
            end = self._text.find(mark, end + 1)
        if end < 0:
            self._unclosed[mark] = len(self._text)
        return end

    def _is_inner(self, mark: str, end: int) -> bool:
        """Whether the quotation mark is escaped, or an apostrophe within a word."""
        if mark == '"':
            return self._text[end - 1] == "\\" and self._text[end - 2] != "\\"
        return self._text[end - 1].isalpha() and self._text[end + 1 : end + 2].isalpha()

    def _expand_string(self, inner: str) -> CodeText:
        """The value of a string in double quotation marks."""
        pieces: list[CodeText] = []
        at = 0
        while (start := inner.find("$", at)) >= 0:
            escaped = start > 0 and inner[start - 1] == "\\"
            if inner.startswith("$(", start) and (end := _find_closing_parenthesis(inner, start + 1)) > 0 and not escaped:
                pieces += [_read_plain(inner[at:start]), self._output_of_command(inner[start + 2 : end])]
                at = end + 1
            elif (match := _VARIABLE.match(inner, start)) and not escaped:
                pieces += [_read_plain(inner[at:start]), self._value_of_variable(match)]
                at = match.end()
            else:
                pieces.append(_read_plain(inner[at : start + 1]))
                at = start + 1
        return join([*pieces, _read_plain(inner[at:])])

    def _value_of_variable(self, match: re.Match[str]) -> CodeText:
        name = next(group for group in match.groups() if group)
        value = self._lookup(name)
        return make_unknown(name) if value is None else literal(value)

    def _output_of_command(self, command: str) -> CodeText:
        """The output of `$(command)`: base64 of known text, else an unknown value."""
        if match := _ECHO.search(command):
            text = self._expand_string(match["text"].strip("\"'")) if match["text"][:1] != "'" else literal(match["text"][1:-1])
            is_exact = "-n" in (match["flags"] or "") or command.lstrip().startswith("printf")
            return base64_of(text if is_exact else join((text, literal("\n"))))
        return make_unknown("base64" if "base64" in command else Hole(hole_name(command)))


def _find_closing_parenthesis(text: str, at: int) -> int:
    """The position of the parenthesis that closes the one here, -1 if there is none nearby."""
    depth = 0
    for match in _PARENTHESIS.finditer(text, at, at + _MAXIMUM_COMMAND_CHARACTERS):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.start()
    return -1


def _read_plain(text: str) -> CodeText:
    return literal(_IN_DOUBLE.sub(lambda match: "" if match[1] == "\n" else match[1], text))


def _add_dashes(word: CodeText) -> CodeText:
    """The word without escape characters of Windows, and with hyphens where word processors made long dashes."""
    if any(CARET in part for part in word.parts):
        word = CodeText(tuple(part if isinstance(part, Hole) else part.replace(CARET, "") for part in word.parts))
    if not word.parts or isinstance(word.parts[0], Hole) or not (match := _DASHES.match(word.parts[0])):
        return word
    rest = word.parts[0][match.end() :]
    dashes = "-" if len(re.match(r"[A-Za-z]*", rest)[0]) == 1 else "--"  # type: ignore[index]
    return CodeText((dashes + rest.lstrip("-"), *word.parts[1:]))
