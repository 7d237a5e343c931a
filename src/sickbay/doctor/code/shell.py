"""Finds the curl commands in pasted text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sickbay.doctor.code.budget import Meter
from sickbay.doctor.code.curl import curl
from sickbay.doctor.code.draft import RequestDraft, request_of
from sickbay.doctor.code.models import CodeRequest, Lines
from sickbay.doctor.code.shell_words import CARET, Splitter
from sickbay.doctor.code.tokens import OPERATOR, CodeToken
from sickbay.doctor.code.values import CodeText

_COMMAND = re.compile(
    r"(?:^|(?<=[\s`$>#(|;&.=*\"']))(?P<name>curl(?:\.exe)?)[ \t]+(?=(?P<next>\S+))|"
    r"^[ \t>]*(?=(?:-H|-d|--header|--data(?:-\w+)?|-u|--user|-X|--request)[ =]+\S)",
    re.M,
)
_ASSIGNMENT = re.compile(
    r"^[ \t$>]*(?:export[ \t]+|set[ \t]+)?([A-Za-z_]\w*)=(?:\"([^\"\n$`]*)\"|'([^'\n]*)'|([^\s\"'`$(]+))[ \t]*;?$", re.M
)
_CARET = re.compile(r"\^(?=\S)")
"""Escapes a character on Windows."""
_CURL_NEXT = re.compile(r"[-–—−'\"$\\^<{]|\w+://|localhost|[\w.-]+(?::[^\s@]*)?@|[\w-]+\.[\w.-]+[/:?]|\S*[:/]\S")


def shell_requests(text: str, lines: Lines, meter: Meter) -> list[CodeRequest]:
    """The requests of the shell commands in a text."""
    requests: list[CodeRequest] = []
    with meter.limited():
        for request in _requests(text, lines):
            requests.append(request)
    return requests


def _requests(text: str, lines: Lines) -> Iterator[CodeRequest]:
    if '^"' in text:
        text = _CARET.sub(CARET, text)
    splitter = Splitter(text, _assigned(text).get)
    done = 0
    for match in _COMMAND.finditer(text):
        if match.start() < done or (match["name"] and not _CURL_NEXT.match(match["next"])):
            continue
        start = match.start("name") if match["name"] else match.end()
        words = splitter.words(match.end(), match.start() > 0 and text[match.start() - 1] == "`")
        draft = _draft(match["name"], words.words)
        done = words.end
        if draft is not None:
            span = [CodeToken(OPERATOR, "", start, start + 1), CodeToken(OPERATOR, "", start, _trimmed(text, start, words.end))]
            draft.last = 1
            yield request_of(draft, span, lines)


def _trimmed(text: str, start: int, end: int) -> int:
    return start + max(1, len(text[start:end].rstrip()))


def _assigned(text: str) -> dict[str, str]:
    """The shell variables that the paste sets."""
    return {match[1]: next(group for group in match.groups()[1:] if group is not None) for match in _ASSIGNMENT.finditer(text)}


def _draft(name: str | None, words: list[CodeText]) -> RequestDraft | None:
    """The request of a command. Options without a command belong to a curl whose first line is missing."""
    draft = curl(words)
    if draft is None or (name is None and (not draft.headers or len(words) < 4)):
        return None
    return draft
