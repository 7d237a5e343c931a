"""Reads the requests and the settings in pasted text."""

from __future__ import annotations

import re
from html import unescape

from sickbay.doctor.code.budget import Meter
from sickbay.doctor.code.models import READ_CHARACTERS, AppSettings, CodeRequest, Lines
from sickbay.doctor.code.programs import program_requests
from sickbay.doctor.code.settings import text_settings
from sickbay.doctor.code.shell import shell_requests
from sickbay.doctor.code.tokens import straighten
from sickbay.kernel.text_search import matches

BEFORE, AFTER = 6_000, 3_000
"""Characters before and after the words that announce a request. Of a text longer than READ_CHARACTERS, only these are read."""
_ANNOUNCES = re.compile(
    r"grant_type|response_type|authorization|client_id=|\bmethod['\"]?\s*[:=]|curl|fetch\s*\(|axios|\.ajax|xmlhttprequest|\.open\s*\(|setrequest|request|\.post\b|\.get\s*\(|\.put\s*\(|postasync"
    r"|postform|openconnection|urlopen|\$http|webclient"
    r"|file_get_contents|(?:^|\s)(?:-H|--header|-d|--data)\s|\.send\s*\(|addheader|header\.set|\.new",
    re.I,
)
_QUOTED, _FEWEST_QUOTED = re.compile(r"^>(?=[ \n])", re.M), 3
"""Lines that mail quotes."""
_ENTITY = re.compile(r"&(?:amp|quot|#34|lt|gt|#39|#x27|apos|nbsp);")


def requests_in(text: str, meter: Meter | None = None) -> tuple[CodeRequest, ...]:
    """The requests that the code in the text sends, in the order of their lines."""
    meter = meter or Meter(len(text))
    text = _decode(text)
    lines = Lines(text)
    requests: list[CodeRequest] = []
    for start, end in _regions(text):
        lines.offset = start
        requests += _requests(text[start:end], lines, meter)
    return tuple(sorted(requests, key=lambda request: (request.first_line, request.last_line)))


def _requests(text: str, lines: Lines, meter: Meter) -> list[CodeRequest]:
    commands = shell_requests(text, lines, meter)
    taken = {line for command in commands for line in range(command.first_line, command.last_line + 1)}
    return commands + [found for found in program_requests(text, lines, meter) if found.first_line not in taken]


def _decode(text: str) -> str:
    """Undoes what forums and mail do to code: typographic quotation marks, HTML entities, escapes and `>`.

    The lines stay the same.
    """
    text = straighten(text).replace("\r", " ").replace("\\_", "_")
    if len(_QUOTED.findall(text)) >= _FEWEST_QUOTED:
        text = _QUOTED.sub(" ", text)
    return _ENTITY.sub(lambda match: unescape(match[0]).replace("\xa0", " "), text) if "&" in text else text


def _regions(text: str) -> list[tuple[int, int]]:
    """The parts of the text that can contain requests."""
    if len(text) <= READ_CHARACTERS:
        return [(0, len(text))] if _ANNOUNCES.search(text) else []
    regions: list[tuple[int, int]] = []
    for match in matches(_ANNOUNCES, text):
        start, end = text.rfind("\n", 0, max(0, match.start() - BEFORE)) + 1, match.end() + AFTER
        if regions and start <= regions[-1][1]:
            regions[-1] = (regions[-1][0], end)
        elif sum(last - first for first, last in regions) < READ_CHARACTERS:
            regions.append((start, end))
        if sum(last - first for first, last in regions) >= READ_CHARACTERS:
            break
    return [(start, min(end, start + READ_CHARACTERS)) for start, end in regions]


def settings_in(text: str, meter: Meter | None = None) -> tuple[AppSettings, ...]:
    """The settings of OAuth libraries in the text, in the order of their lines."""
    return tuple(text_settings(_decode(text[:READ_CHARACTERS]), meter or Meter(len(text))))
