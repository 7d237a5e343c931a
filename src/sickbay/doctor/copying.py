"""Prepares a text for reading: undoes what copying did to it, and leaves out what it says is solved or works.

Copying adds escapes, colours, typographic characters, and prefixes of lines: those of mails, editors and logs.

The rest of the doctor reads the result, so that a text means the same wherever it was copied from. Faults that a request
itself can have, such as an invisible character in a value or `&amp;` in an authorization URL, stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from itertools import pairwise, takewhile
from urllib.parse import unquote, unquote_plus

from sickbay.diagnosis.lists import LISTS
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.lenient_json import load_json
from sickbay.kernel.text_search import fold_case

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
    is_form = "%" in bare and "=" not in bare and "%3d" in bare.lower()
    if "%" in bare and (is_form or _OF_ENCODED.search(bare)) and not _NOT_ENCODED.match(bare):
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
    in_strings = (part for line in text.splitlines() for part in line.split('"')[1:-1:2])
    quote = r"\"" if any("&quot;" in part for part in in_strings) else '"'  # within a string it stays an escaped one
    return _ENTITY.sub(lambda entity: "\n" if entity[0].startswith("<") else unescape(entity[0]).replace('"', quote), text)


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
_APART = compile_late(r"\\\n|\n(?:\s|$)|\A(?:[\w-]{1,40}:\s|[A-Z]{3,7} \S|HTTP/)[^\n]*\n[A-Za-z][\w-]{0,40}:\s")
"""The places where a line really ends: after a backslash, before a blank line or the end, or between headers."""


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


LAYERS = 4
"""The maximum number of prefixes that are removed from one line."""
_QUOTE = compile_late(r"[ \t]{0,3}>[ \t]?")
_OF_CURL = compile_late(
    r">[ \t]?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/[\d.]+(?:\n>[ \t]?\S[^\n]*)*(?:\n>[ \t]*)*$"
)
"""The request that `curl -v` prints. It has no body."""
_NUMBER = compile_late(r"[ \t]{0,8}(?P<number>\d{1,6})(?:[ \t]{0,2}[|│](?:[ \t]|$)|[:.)](?:[ \t]|(?!\d))|[ \t]{1,2}|$)")
_BULLET = compile_late(r"[ \t]{0,8}[-*•‣▪●–][ \t]")
_TOKEN, _DIGITS = compile_late(r"\S+"), compile_late(r"\d+")
_TIMED = compile_late(
    r"\d\d?:\d\d:\d\d|^[\w.-]{1,60}[ \t]{1,20}\||[\[(][ \t]{0,5}\d{1,7}[\])]:?|^\[[\w.-]{1,60}/[\w./-]{1,100}\]"
)
"""The prefix of a line in a log: a time, the name of a container or pod, or the number of a process."""
_ENDS = compile_late(r"[:\])|-]$|\d:\d\d|^(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|SEVERE|[AP]M|[FP])$", re.I)
"""A word with which the prefix of a log may end."""
_OF_A_MESSAGE = compile_late(r"[\"'`{}<>=]|://")
_MAY_BE_PREFIXED = compile_late(
    r"^[ \t]{0,8}(?:[>\d•‣▪●–*-]|[ \t]\S)|^.{0,60}(?:\d:\d\d:\d\d|[ \t]\||[\[(][ \t]{0,5}\d{1,7}[\])]|^\[[\w.-]{1,60}/)", re.M
)


def strip_prefixes(text: str) -> str:
    """Removes quotation marks of mails, line numbers, log prefixes, bullets, and indentation.

    The prefix of a log stays once, in its own line, because it may name the product.
    """
    for _ in range(LAYERS if _MAY_BE_PREFIXED.search(text) else 0):
        lines = text.split("\n")
        stripped = next((after for strip in _KINDS if (after := [*strip(lines)]) != lines), None)
        if stripped is None:
            break
        text = "\n".join(stripped)
    return text


def _strip_quotes(lines: Sequence[str]) -> Iterator[str]:
    for run in _group_lines(lines, lambda line, following: bool(_QUOTE.match(line) and _QUOTE.match(following))):
        is_quoted = len(run) > 1 and not _OF_CURL.match("\n".join(run))
        yield from (_QUOTE.sub("", line, count=1) for line in run) if is_quoted else run


def _strip_numbers(lines: Sequence[str]) -> Iterator[str]:
    for run in _group_lines(lines, lambda line, following: 0 < _leading_number(line) + 1 == _leading_number(following)):
        yield from (_NUMBER.sub("", line, count=1) for line in run) if len(run) > 1 + (_leading_number(run[0]) >= 100) else run


def _leading_number(line: str) -> int:
    """-2 if the line begins with no number."""
    found = _NUMBER.match(line)
    return int(found["number"]) if found else -2


def _strip_log_prefixes(lines: Sequence[str]) -> Iterator[str]:
    for run in _group_lines(lines, lambda line, following: bool(_log_prefix(line, following))):
        count = min((_log_prefix(*pair) for pair in pairwise(run)), default=0)
        ends = [_end_of_words(line, count) for line in run]
        yield from (run[0][: ends[0]], *(line[end:] for line, end in zip(run, ends, strict=True))) if count else run


def _log_prefix(line: str, following: str) -> int:
    """The number of words in the prefix of a log that both lines begin with. Digits may differ."""
    words = [[match[0] for match in _TOKEN.finditer(each)] for each in (line[:200], following[:200])]
    same = [*takewhile(lambda pair: _shape_of_word(pair[0]) == _shape_of_word(pair[1]), zip(*words, strict=False))]
    said = [*takewhile(lambda word: not _OF_A_MESSAGE.search(word), (word for word, _ in same))]
    count = max((place for place, word in enumerate(said, 1) if _ENDS.search(word)), default=0)
    return count if _TIMED.search(" ".join(said[:count])) else 0


def _shape_of_word(word: str) -> str:
    return _DIGITS.sub("0", word)


def _end_of_words(line: str, count: int) -> int:
    """The end of this many words and the space after them."""
    end = [match.end() for match in _TOKEN.finditer(line)][count - 1] if count else 0
    return end + line.startswith((" ", "\t"), end)


def _strip_bullets(lines: Sequence[str]) -> Iterator[str]:
    """Only if every line has one, because a list of values may belong to settings."""
    said = [line for line in lines if line.strip()]
    is_list = len(said) > 1 and all(map(_BULLET.match, said))
    return (_BULLET.sub("", line, count=1) if is_list else line for line in lines)


def _dedent_lines(lines: Sequence[str]) -> Iterator[str]:
    indents = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    common = min(indents, key=len, default="")
    width = len(common) if all(indent.startswith(common) for indent in indents) else 0
    return (line[width:] for line in lines)


_KINDS: tuple[Callable[[Sequence[str]], Iterator[str]], ...] = (
    _strip_quotes,
    _strip_numbers,
    _strip_log_prefixes,
    _strip_bullets,
    _dedent_lines,
)


def _group_lines(lines: Sequence[str], continues: Callable[[str, str], bool]) -> Iterator[list[str]]:
    """The lines in groups: a line belongs to the same group as the line before it if `continues` is true for both."""
    run: list[str] = []
    for line in lines:
        if run and not continues(run[-1], line):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


_WORKING_REQUEST = compile_late(
    r"(?P<said>\b(?<!n't )(?<!not )(?:works?|worked|succeeds?|succeeded)\b[^.!?:\n]{0,40}:[\s`]{1,8}(?:bash|sh|shell)?\s{0,2})"
    r"(?P<request>curl\b(?:[^\n\\'\"]|\\[\s\S]|'[^']{0,4000}'|\"[^\"]{0,4000}\")*)",
    re.I,
)
_EARLIER = compile_late(rf"(?m:^|[.!?] )(?:{'|'.join(LISTS['words_of_an_earlier_state'])})[^\n.!?]{{0,400}}", re.I)
"""A sentence about an earlier state, before the text says that something changed."""
_ERROR_WORD = compile_late(r"\b(?:error|exception|unexpected|invalid_\w|fail|4\d\d)|mismatch", re.I)
_TURN = compile_late(r"\b(?:after (?:add|sett|fix|chang)|but now|now (?:i|it|the)\b)[^\n]{0,200}")
_WISHED = compile_late(
    rf"(?:{'|'.join(LISTS['words_of_a_wish'])})(?:(?!{'|'.join(LISTS['words_of_what_came'])})[^\n.!?]){{0,80}}?"
    r"(?P<code>\b[45]\d\d\b|\berror=\w+)",
    re.I,
)
"""A status or an error that should come, which says nothing about the one that came."""
_NEXT_ADDRESS = compile_late(r"^\* connect to [^\n]{1,200}(?=\n\* {1,4}Trying )", re.M)
"""An address at which curl found no server, before it tried the next one."""
_REPORTED = compile_late(r"\b[45]\d\d\b|\berror=\w")
_VISIBLE = compile_late(r"[^\n]")


def leave_out_working_requests(text: str) -> str:
    """The text with spaces for errors that are solved or wished for, and for what it says works, such as "This works: curl …".

    Everything else keeps its position, because the page marks it there.
    """
    folded = fold_case(text)
    if last := max((turn.start() for turn in _TURN.finditer(folded) if _ERROR_WORD.search(turn[0])), default=0):
        text = _EARLIER.sub(
            lambda said: _VISIBLE.sub(" ", said[0]) if said.end() <= last and _ERROR_WORD.search(said[0]) else said[0], text
        )
    if _REPORTED.search(folded):
        text = _WISHED.sub(lambda wish: wish[0].removesuffix(wish["code"]) + " " * len(wish["code"]), text)
    text = _NEXT_ADDRESS.sub(lambda match: _VISIBLE.sub(" ", match[0]), text) if "trying " in folded else text
    if "curl" in folded:
        text = _WORKING_REQUEST.sub(lambda match: match["said"] + _VISIBLE.sub(" ", match["request"]), text)
    return text
