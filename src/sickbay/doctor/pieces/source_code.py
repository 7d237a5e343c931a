"""Finds the requests and settings in pasted source code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sickbay.doctor.pieces.piece import Piece
from sickbay.doctor.pieces.structured import read_object
from sickbay.kernel.late_patterns import compile_late

if TYPE_CHECKING:
    from sickbay.doctor.code import Mistake


def find(text: str) -> Iterator[Piece]:
    """A request is whole, because the code shows all that it sends, even if some values are variables."""
    if not may_be_code(text):
        return
    from sickbay.doctor.code import Meter, requests_in, settings_in  # most pastes are no code, and these take a while to import

    meter = Meter(len(text))
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    requests = requests_in(text, meter)
    for request in requests:
        values: dict[str, Any] = {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "body": request.body,
        }
        start, end = starts[request.first_line - 1], _end(starts, request.last_line)
        values["request"] = request
        yield Piece(kind="code", start=start, end=end, subkind=request.language, values=values, is_whole=True)
    for settings in settings_in(text, meter, requests):
        start, end = starts[settings.first_line - 1], _end(starts, settings.last_line)
        yield Piece(kind="settings", start=start, end=end, subkind=settings.library, values=settings.values)
    if meter.is_spent:
        yield Piece(kind="stopped", start=0, end=0)


def find_mistakes(text: str, pieces: Sequence[Piece]) -> list[Mistake]:
    """The mistakes that only code shows, each once."""
    if not may_be_code(text):
        return []
    from sickbay.doctor.code import Mistake, mistakes_in, mistakes_in_text

    requests = [piece.values["request"] for piece in pieces if piece.kind == "code"]
    found = [mistake for request in requests for mistake in mistakes_in(request, text)] or mistakes_in_text(text)
    found += (
        [Mistake("code-read-in-part", (1, text.count("\n") + 1), {})]
        if any(piece.kind == "stopped" for piece in pieces)
        else []
    )
    return list({(mistake.id, mistake.lines): mistake for mistake in found}.values())


_OF_CODE = compile_late(r"[(\n{=]|curl|\s-[dH]\s")
_RESPONSE = frozenset(("error", "resourceType", "access_token"))
"""Members of JSON that isn't code."""


def may_be_code(text: str) -> bool:
    """False for a URL, a token, a sentence or a response in JSON."""
    text = text.strip()
    if not _OF_CODE.search(text) or (" " not in text and "\n" not in text and "(" not in text):
        return False
    return not (text.startswith("{") and text.endswith("}") and not _RESPONSE.isdisjoint(read_object(text)))


def _end(starts: list[int], line: int) -> int:
    """The place after the last character of a line."""
    return max(starts[min(line, len(starts) - 1)], 1)
