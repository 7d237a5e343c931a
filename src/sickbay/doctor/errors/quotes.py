"""Quotes the most specific message of an error from the text: what the failing software says in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile

from sickbay.diagnosis.answers.values import is_specific
from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.errors import in_text
from sickbay.doctor.errors.in_json import BAD, format_as_members
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import find_matches, has_required

SEARCHED_CHARACTERS = 100_000
QUOTED_MESSAGES, WRAPPED_LINES, LINES_BELOW, COMPARED_WORDS, DETAILS_CHARACTERS = 2, 5, 7, 200, 400
_NAMES = LISTS["members_with_a_message"]
_MEMBER = compile_late(
    rf"\b(?P<name>severity|expression|{'|'.join(_NAMES)})\"?\s{{0,9}}(?::\s{{0,9}}(?:\[\s{{0,40}})?|(?:value)?=)\"(?P<said>(?:[^\"\\]|\\.){{1,600}})",
    re.I | re.S,
)
_YAML = compile_late(
    rf"^[ -]{{0,40}}(?P<name>severity|expression|{'|'.join(_NAMES)}):(?:[ ]{{0,9}}\[?|\n[ ]{{0,40}}- )"
    r"(?P<said>[^\s\"'{}[\],|>:-][^\n\]\"]{0,600}|(?:\n[ ]{4,40}\w{1,30}: [^\n\"]{1,200}){1,6})",
    re.M,
)
"""A member of an OperationOutcome in YAML."""
_GO_MAP = compile_late(r"(?<=[\[ ])(?P<name>reason|debug|hint):(?P<said>[A-Z][^\]\"]{9,400}?)(?=\s(?!https?:)\w{1,40}:\S|\])")
"""A member of a map that a log of Go prints."""
_ERRORS = compile_late(r"\"(?:errors|fields)\"\s{0,9}:\s{0,9}\{(?P<said>[^{}]{1,2000})")
_BY_PATH = compile_late(r"\"(?P<path>[^\"\s]{1,80})\"\s{0,9}:\s{0,40}(?:\[\s{0,40})?\"(?P<said>[^\"]{2,300})\"")
_VAGUE = compile_late(r"request failed with status|\b(?:an|some|unknown|unexpected|internal|server) error|went wrong", re.I)
_THROWN = compile_late("|".join(LISTS["beginnings_of_an_exception"]))
"""The text before a message: the class of an exception (the last one in a chain), or the level and logger of a log."""
_OF_THROWN = ("Error", "Exception", "exception with", "Caused by", "[cause]:", "ERROR", "FATAL", "SEVERE", "CRITICAL")
_INNER = ("Caused by", "--->", "[cause]:", "exception with message")
_GOES_ON = compile_late(r"\s{0,40}(?:(?!at |in |from |by )[a-z]{1,30}[ ).,;]|(?i:Number of keys in ))")
_HEADLINE = compile_late(r"(?:\d{1,4} (?:[a-z]{1,20} )?(?:error|problem|issue|violation)s?\b[^:]{0,80}:?)?", re.I)
_STACK = compile_late(r"\s{0,40}(?:at |File |in |\.\.\.|[`~]{3}|$)")
_TAG = compile_late(r"<[^<>]{0,200}>")


@lru_cache(maxsize=2)
def find_quote(text: str, described: str) -> str:
    """The most specific message, or the first two of an OperationOutcome with several errors; "" if none is a sentence.

    described: the longest description of an error response. Remembered, because several questions about a text need it.
    """
    text = text[:SEARCHED_CHARACTERS]
    printed = _YAML if "OperationOutcome" in text else _GO_MAP
    text = format_as_members(printed.sub(r'"\g<name>": "\g<said>"', text), lines=True)
    thrown = [(line.strip().startswith(_INNER) or _INNER[3] in line, said) for line, said in _list_thrown(text.splitlines())]
    inner = [said for is_inner, said in thrown[::-1] if is_inner]
    others = [said for is_inner, said in thrown if not is_inner]
    groups = (*inner, *_list_members(text), *others, [_restore_addresses(described, text)])
    for is_clear in (is_specific, _is_sentence):
        for group in groups:
            if clear := [said for said in (" ".join(each.split()) for each in group) if " " in said and is_clear(said)]:
                return '" and "'.join(list(dict.fromkeys(clear))[:QUOTED_MESSAGES])
    return ""


def _is_sentence(said: str) -> bool:
    return said.count(" ") > 2 and not _VAGUE.search(said)


def _list_members(text: str) -> Iterator[list[str]]:
    """The messages in JSON and XML, by the name of their members. A warning isn't one, and only issues have a text or a div."""
    yield [f"{hit['path']}: {hit['said']}" for each in find_matches(_ERRORS, text) for hit in _BY_PATH.finditer(each["said"])]
    found: dict[str, list[tuple[int, str]]] = {}
    paths: dict[int, str] = {}
    severity, issue = "", 0
    for match in find_matches(_MEMBER, text) if '"' in text else ():
        name, said = match["name"].lower(), in_text.unescape(match["said"])
        if name == "severity":
            severity, issue = said.lower(), issue + 1
        elif name == "expression":
            paths.setdefault(issue, said)
        elif name == "display" and '"details"' not in text[max(0, match.start() - DETAILS_CHARACTERS) : match.start()]:
            continue  # the display of another coding is no message
        elif severity in BAD or (not severity and (name not in ("text", "div", "display") or "OperationOutcome" in text)):
            found.setdefault(name, []).append((issue, _TAG.sub(" ", said) if name in ("div", "text") else said))
    yield from ([_add_path(paths.get(issue, ""), said) for issue, said in found[name]] for name in _NAMES if name in found)


def _add_path(path: str, said: str) -> str:
    """A message with the element that it is about, if it doesn't name it."""
    return said if not path[:1].isalpha() or path.rpartition(".")[2] in said else f"{path}: {said}"


def _list_thrown(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each line with the message of an exception or a log record, and the message, including the lines that continue it."""
    for number, line in enumerate(lines):
        *before, said = _THROWN.split(line) if has_required((_OF_THROWN,), line) else (line,)
        if before:
            below = lines[number + 1 : number + 1 + LINES_BELOW]
            trimmed = (each.strip().removesuffix('"]').rstrip(" {").strip("’'`") for each in _read_message(said, below))
            yield line, [each.strip('"') if each.count('"') % 2 or each[:1] == '"' else each for each in trimmed]


def _read_message(said: str, below: Sequence[str]) -> list[str]:
    """The message, or the lines below if the first one is only a headline. A line that is indented more belongs to the last."""
    if _HEADLINE.fullmatch(said.strip()):
        found: list[str] = []
        for line in takewhile(lambda line: not _STACK.match(line), below):
            is_first = not found or len(line) - len(line.lstrip()) <= len(found[0]) - len(found[0].lstrip())
            found[len(found) - (not is_first) :] = [line if is_first else f"{found[-1]} {line.strip()}"]
        return found or [said]
    for number, line in enumerate(below, 1):
        is_path = said.rstrip().endswith(":") and not _STACK.match(line)
        if not (is_path or (number <= WRAPPED_LINES and (said.rstrip().endswith(("-", ",", "(")) or _GOES_ON.match(line)))):
            break
        said += f" {line}"
    return [said]


def _restore_addresses(described: str, text: str) -> str:
    """The description with the addresses from the text, which had been removed from it."""
    words, found = [word.partition("URL")[0] for word in described.split()[:COMPARED_WORDS]], text.split()
    places = range(len(found) - len(words) + 1) if "URL" in described else ()
    parts = (found[place : place + len(words)] for place in places)
    return next((" ".join(part) for part in parts if all(map(str.startswith, part, words))), described)
