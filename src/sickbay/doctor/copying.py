"""Undoes what copying did to a text: escaping, colours, typographic characters, and prefixes of lines.

The rest of the doctor reads the result, so that a text means the same wherever it was copied from. Faults that a request
itself can have, such as an invisible character in a value or `&amp;` in an authorization URL, stay.
"""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, unquote_plus

from sickbay.doctor.line_prefixes import strip_prefixes
from sickbay.kernel.late_patterns import compile_late

UNDONE_CHARACTERS = 200_000
"""A longer text is read as it is."""
LEVELS = 3
"""The maximum number of times that a text was escaped."""
_COLOUR = compile_late(
    r"(?:\x1b|\\x1b|\\u001b|\\033|\\e|\^\[)\[[0-9;?]{0,20}[A-Za-z]|\[(?:0|[0-9]{1,2}(?:;[0-9]{1,3}){1,4}|3[0-9])m"
)
"""A terminal's colour codes, even if their first character was lost."""
_FENCE = compile_late(r"^[ \t]{0,8}(?:`{3,}|~{3,})[\w+.#-]{0,20}[ \t]*$", re.M)
_ESCAPED_CHARACTER = compile_late(r"(?<=\w)\\_(?=\w)|\\u00(?:2[67bB]|3[c-eC-E])")
"""Escapes that Markdown adds to names, and that Go and .NET write for & and other characters in JSON."""
_CHARACTERS = str.maketrans("“”„‟«»‘’‚‛\u00a0\u2002\u2003\u2007\u2009\u202f", '""""""\'\'\'\'      ')


def undo_copying(text: str) -> str:
    """The text as it was before it was copied. Its lines stay the same, unless they were escaped or come from a log."""
    if len(text) > UNDONE_CHARACTERS:
        return text
    text = text.replace("\r\n", "\n")
    text = _COLOUR.sub("", text) if "[" in text else text
    for _ in range(LEVELS):
        if (decoded := _undo_escaping(text)) == text:
            break
        text = decoded
    if text.lstrip().startswith("{") and load_json(text) is not None:
        return text
    text = text if text.isascii() else text.translate(_CHARACTERS)
    text = _ESCAPED_CHARACTER.sub(_read_escape, text) if "\\" in text else text
    text = _FENCE.sub("", text) if "```" in text or "~~~" in text else text
    text = strip_prefixes(text)
    joined = _join_full_lines(text)
    return text if joined == text else strip_prefixes(joined)


def _read_escape(match: re.Match[str]) -> str:
    return "_" if match[0] == "\\_" else chr(int(match[0][2:], 16))


_ENTITY = compile_late(r"&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[a-zA-Z]{2,8});|<br ?/?>\n?")
_OF_ESCAPED = compile_late(
    r"&(?:quot|lt|gt|apos|nbsp|#34|#39|#x27|#60|#62);|[?#&;]error(?:_description)?=[^\s<>\"?#&;]{0,2000}&amp;"
)
"""A text that was escaped as a whole has one of these. `&amp;` doesn't count, because it may be a fault in the app's URL."""
_OF_STRING = compile_late(r"\\(?:[\"n]|u[0-9a-fA-F]{4})")
_OF_ENCODED = compile_late(r"%(?:20|0[aA]|22|7[bB]|3[aA]%2[fF]%2[fF])|\w\+\w")
_NOT_ENCODED = compile_late(r"[a-zA-Z][\w+.-]*:|[/?#{\[]|[\w.-]+=|\S*\s")
"""A URL, a path, a form or JSON, in which single values are encoded, or a text with spaces."""


def _undo_escaping(text: str) -> str:
    """The text with one level of escaping undone: percent-encoding, JSON, records of a log, CSV, or HTML."""
    bare = text.strip()
    if "%" in bare and _OF_ENCODED.search(bare) and not _NOT_ENCODED.match(bare):
        return unquote(bare) if "%20" in bare else unquote_plus(bare)
    if "{" in text and _OF_RECORD.search(text):
        return "\n".join(map(_read_record, text.split("\n") if load_json(text) is None else [text]))
    is_quoted = len(bare) > 1 and bare[0] == bare[-1] == '"'
    if is_quoted or _OF_STRING.search(bare):
        inner = bare[1:-1] if is_quoted else bare
        decoded = load_json(f'"{inner}"')
        return decoded if decoded else inner.replace('""', '"') if '"' not in inner.replace('""', "") else text
    if not _OF_ESCAPED.search(text):
        return text
    return _ENTITY.sub(lambda entity: "\n" if entity[0].startswith("<") else unescape(entity[0]), text)


def load_json(text: str) -> Any:
    """None if it isn't JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_OF_RECORD = compile_late(r"\"(?:log|message|msg|textPayload)\"[ \t]{0,4}:[ \t]{0,4}\"")
_SAID = ("log", "message", "msg", "textPayload")
_TIMES = frozenset(("time", "timestamp", "@timestamp", "ts"))
_SOURCES = ("stream", "level", "severity", "logger", "thread", "pid", "hostname", "insertId", "logName", "receiveTimestamp")


def _read_record(line: str) -> str:
    """The message in a record of a log, if the record has only the message, its time and its source."""
    record = load_json(line) if line.lstrip().startswith("{") else None
    if not isinstance(record, dict) or not record.keys() <= _TIMES.union(_SAID, _SOURCES) or not record.keys() & _TIMES:
        return line
    said = next((record[name] for name in _SAID if isinstance(record.get(name), str)), line)
    return str(said).removesuffix("\n")


NARROWEST_TERMINAL = 70
_APART = compile_late(r"\\\n|\n(?:[\w-]{1,40}:\s|\s|$)")
"""The places where a line really ends: after a backslash, or before a header, a blank line or the end."""


def _join_full_lines(text: str) -> str:
    """The text without the line breaks of a terminal that breaks words: several lines are equally long, none longer."""
    lines = text.split("\n")
    width = max(map(len, lines))
    if width < NARROWEST_TERMINAL or sum(len(line) == width for line in lines) < 2:
        return text
    breaks = (
        "" if len(line) == width and not _APART.search(f"{line}\n{following}") else "\n" for line, following in pairwise(lines)
    )
    return lines[0] + "".join(f"{end}{line}" for end, line in zip(breaks, lines[1:], strict=True))


SHORTEST_WIDTH = 40
"""Lines that are all shorter weren't wrapped."""


def join_lines(text: str) -> str:
    """Replaces line breaks in wrapped paragraphs with spaces: those before which the next word didn't fit."""
    return "\n\n".join(map(_join_paragraph, text.split("\n\n")))


def _join_paragraph(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    width = max(SHORTEST_WIDTH, *map(len, lines))
    breaks = (
        " " if line and following and len(line) + 1 + len(following.split(" ", 1)[0]) > width else "\n"
        for line, following in pairwise(lines)
    )
    return lines[0] + "".join(f"{end}{line}" for end, line in zip(breaks, lines[1:], strict=True))
