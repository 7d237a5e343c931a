"""Removes the prefixes that mails, editors and logs write before each line of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, takewhile

from sickbay.kernel.late_patterns import compile_late

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
