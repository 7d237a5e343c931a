"""Finds the requests and the settings in pasted source code. What reads it is imported only for text that may be code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.code.models import READ_CHARACTERS, AppSettings, CodeRequest, Mistake
from sickbay.doctor.pieces.piece import Piece
from sickbay.doctor.pieces.structured import read_object
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import Lines, find_matches, fold_case

if TYPE_CHECKING:
    from sickbay.doctor.code.values import Meter

BEFORE, AFTER = 6_000, 3_000
"""Characters before and after the words that announce a request. Of a text longer than READ_CHARACTERS, only these are read."""
_ANNOUNCES = compile_late("|".join(LISTS["signs_of_a_request"]))
_ANNOUNCES_SETTINGS = compile_late(r"client[_.-]?id|redirect[_.-]?ur[il]|authority|issuer|discovery")
_OF_CODE = compile_late(r"[(\n{=]|curl|\s-[dH]\s")
_RESPONSE = frozenset(("error", "resourceType", "access_token"))
"""Members of JSON that isn't code."""
_RUNS = compile_late(r"[({=]|<<")
"""A sign of a program that sends a request: a call, an object with values, or an assignment."""


def find_pieces(text: str) -> Iterator[Piece]:
    """A request is whole if the code shows all that it sends, even if some values are variables."""
    if not may_be_code(text):
        return
    meter = _make_meter(text)
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    requests = requests_in(text, meter)
    for request in requests:
        values: dict[str, Any] = {name: getattr(request, name) for name in ("method", "url", "headers", "body")}
        start, end = starts[request.first_line - 1], _find_end_of_line(starts, request.last_line)
        values |= {"request": request} | ({} if request.shows_body else {"body": ""})
        yield Piece(kind="code", start=start, end=end, subkind=request.language, values=values, is_whole=request.shows_body)
    for settings in settings_in(text, meter, requests):
        start, end = starts[settings.first_line - 1], _find_end_of_line(starts, settings.last_line)
        yield Piece(kind="settings", start=start, end=end, subkind=settings.library, values=settings.values)
    if meter.is_spent:
        yield Piece(kind="stopped", start=0, end=0)


def find_mistakes(text: str, pieces: Sequence[Piece]) -> list[Mistake]:
    """The mistakes that only code shows, each once."""
    if not may_be_code(text):
        return []
    from sickbay.doctor.code.request_mistakes import mistakes_in
    from sickbay.doctor.code.text_mistakes import mistakes_in_text

    requests = [piece.values["request"] for piece in pieces if piece.kind == "code"]
    found = [mistake for request in requests for mistake in mistakes_in(request, text)] or mistakes_in_text(text)
    found += (
        [Mistake("code-read-in-part", (1, text.count("\n") + 1), {})]
        if any(piece.kind == "stopped" for piece in pieces)
        else []
    )
    return list({(mistake.id, mistake.lines): mistake for mistake in found}.values())


def may_be_code(text: str) -> bool:
    """False for a URL, a token, a sentence or a response in JSON."""
    text = text.strip()
    if not _OF_CODE.search(text) or (" " not in text and "\n" not in text and "(" not in text):
        return False
    return not (text.startswith("{") and text.endswith("}") and not _RESPONSE.isdisjoint(read_object(text)))


def _find_end_of_line(starts: list[int], line: int) -> int:
    """The place after the last character of a line."""
    return max(starts[min(line, len(starts) - 1)], 1)


def _make_meter(text: str) -> Meter:
    from sickbay.doctor.code.values import Meter  # most pastes are no code, and this takes a while to import

    return Meter(len(text))


def requests_in(text: str, meter: Meter | None = None) -> tuple[CodeRequest, ...]:
    """The requests that the code in the text sends, in the order of their lines."""
    meter = meter or _make_meter(text)
    text = text.replace("&amp;", "&")  # copying.py leaves it, because in a single URL it may be a fault of the app
    lines = Lines(text)
    requests: list[CodeRequest] = []
    for start, end in _regions_with_code(text):
        lines.offset = start
        requests += _find_requests(text[start:end], lines, meter)
    return tuple(sorted(requests, key=lambda request: (request.first_line, request.last_line)))


def _find_requests(text: str, lines: Lines, meter: Meter) -> list[CodeRequest]:
    from sickbay.doctor.code.shell import shell_requests

    commands = shell_requests(text, lines, meter)
    if not _RUNS.search(text) or _are_everything(commands, text, lines.at(0)):
        return commands
    taken = _list_lines(commands)
    return commands + [found for found in program_requests(text, lines, meter) if found.first_line not in taken]


def program_requests(text: str, lines: Lines, meter: Meter) -> list[CodeRequest]:
    """The requests of the program in a text, in the order in which they are sent."""
    from sickbay.doctor.code.evaluator import Evaluator
    from sickbay.doctor.code.programs import RequestReader
    from sickbay.doctor.code.tokens import tokenize

    if not (tokens := tokenize(text)):
        return []
    reader = RequestReader(text)
    evaluator = Evaluator(tokens, reader, dollar=reader.dollar, dot_joins=reader.is_php)
    reader.resolve = evaluator.resolve
    with meter.limit():
        evaluator.run()
    return reader.list_requests(tokens, lines, meter)


def _are_everything(requests: Sequence[CodeRequest], text: str, first: int = 1) -> bool:
    """Whether every line of the text that isn't blank is part of a request. first: the number of its first line."""
    taken = _list_lines(requests)
    return bool(taken) and all(number in taken for number, line in enumerate(text.split("\n"), first) if line.strip())


def _list_lines(requests: Sequence[CodeRequest]) -> set[int]:
    return {line for request in requests for line in range(request.first_line, request.last_line + 1)}


def _regions_with_code(text: str) -> list[tuple[int, int]]:
    """The parts of the text that can contain requests."""
    if len(text) <= READ_CHARACTERS:
        return [(0, len(text))] if _ANNOUNCES.search(text.lower()) else []
    regions: list[tuple[int, int]] = []
    for match in find_matches(_ANNOUNCES, text.lower()):
        start, end = text.rfind("\n", 0, max(0, match.start() - BEFORE)) + 1, match.end() + AFTER
        if regions and start <= regions[-1][1]:
            regions[-1] = (regions[-1][0], end)
        elif sum(last - first for first, last in regions) < READ_CHARACTERS:
            regions.append((start, end))
        if sum(last - first for first, last in regions) >= READ_CHARACTERS:
            break
    return [(start, min(end, start + READ_CHARACTERS)) for start, end in regions]


def settings_in(text: str, meter: Meter | None = None, requests: Sequence[CodeRequest] = ()) -> tuple[AppSettings, ...]:
    """The settings of OAuth libraries in the text, in the order of their lines; none if these requests are all of it."""
    text = text[:READ_CHARACTERS].replace("&amp;", "&")
    if not _ANNOUNCES_SETTINGS.search(fold_case(text)) or _are_everything(requests, text):
        return ()
    from sickbay.doctor.code.evaluator import ObjectsEvaluator
    from sickbay.doctor.code.settings import SettingsReader
    from sickbay.doctor.code.tokens import tokenize

    reader, meter = SettingsReader(), meter or _make_meter(text)
    evaluator = ObjectsEvaluator(tokenize(text), reader, dollar="", dot_joins=False)
    with meter.limit():
        evaluator.run()
    return tuple(reader.list_settings(text, evaluator, meter))
