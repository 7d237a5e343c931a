"""Quotes the most specific message of an error as the text has it: what the software that failed says in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.errors import in_text
from sickbay.doctor.errors.in_json import BAD
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import matches

SEARCHED_CHARACTERS = 100_000
SPECIFIC_WORDS, QUOTED_MESSAGES, WRAPPED_LINES = 4, 2, 4
_NAMES = LISTS["members_with_a_message"]
_MEMBER = compile_late(
    rf"\b(?P<name>severity|{'|'.join(_NAMES)})\"?\s{{0,9}}(?::\s{{0,9}}|value=)\"(?P<said>(?:[^\"\\]|\\.){{1,600}})",
    re.I | re.S,
)
_VAGUE = compile_late(r"request failed with status|\b(?:an|some|unknown|unexpected|internal|server) error|went wrong", re.I)
_THROWN = compile_late(
    r"(?:\b[\w.$]{0,80}(?:Error|Exception)(?: ?[\[(][^\])\n]{0,80}[\])])?|exception with message|Caused by):\s{1,9}"
    r"|\b(?:ERRORS?|FATAL|SEVERE|CRITICAL)\b[\]:|\s\"\[]{1,5}(?:[\w.$/:-]{1,120}\s{1,9}[-:|]{1,3}\s{1,9})?"
)
"""What is before a message: the class of an exception, of a chain of them the last one, or the level and logger of a log."""
_INNER = ("Caused by", "--->", "exception with message")
_GOES_ON = compile_late(r"\s{0,40}(?!at |in |from |by )[a-z]{1,30} ")
_TAG = compile_late(r"<[^<>]{0,200}>")


def find_quote(text: str, described: str) -> str:
    """Of an OperationOutcome with several errors, the first two; "" if no message has at least SPECIFIC_WORDS words.

    described: the longest description of an error response.
    """
    text = text[:SEARCHED_CHARACTERS]
    lines = text.splitlines()
    thrown = [(line.strip().startswith(_INNER) or _INNER[2] in line, said) for line, said in _list_thrown(lines)]
    inner = [[said] for is_inner, said in thrown[::-1] if is_inner]
    others = [[said] for is_inner, said in thrown if not is_inner]
    for said in (*inner, *_list_members(text), *others, [_with_addresses(described, text)]):
        clear = [" ".join(each.split()) for each in said if len(each.split()) >= SPECIFIC_WORDS and not _VAGUE.search(each)]
        if clear:
            return '" and "'.join(list(dict.fromkeys(clear))[:QUOTED_MESSAGES])
    return ""


def _list_members(text: str) -> Iterator[list[str]]:
    """The messages in JSON and XML, by the name of their members. A warning isn't one, and only issues have a text or a div."""
    found: dict[str, list[str]] = {}
    severity = ""
    for match in matches(_MEMBER, text):
        name, said = match["name"].lower(), in_text.unescape(match["said"])
        if name == "severity":
            severity = said.lower()
        elif severity in BAD or (not severity and (name not in ("text", "div") or "OperationOutcome" in text)):
            found.setdefault(name, []).append(_TAG.sub(" ", said))
    return (found[name] for name in _NAMES if name in found)


def _list_thrown(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lines with the message of an exception or of a log, and the message, with the lines on which it goes on."""
    for number, line in enumerate(lines):
        *before, said = _THROWN.split(line)
        if before:
            for following in lines[number + 1 : number + WRAPPED_LINES]:
                if not (said.rstrip().endswith(("-", ",", "(", ":")) or _GOES_ON.match(following)):
                    break
                said += f" {following}"
            yield line, said.strip().removesuffix('"]').strip('"’')


def _with_addresses(described: str, text: str) -> str:
    """The description with the addresses of the text, which were taken out of it."""
    words, found = [word.partition("URL")[0] for word in described.split()], text.split()
    places = range(len(found) - len(words) + 1) if "URL" in described else ()
    parts = (found[place : place + len(words)] for place in places)
    return next((" ".join(part) for part in parts if all(map(str.startswith, part, words))), described)
