"""Mistakes that the text of pasted code shows, even if it contains no request. Most are patterns in knowledge/code.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import unquote

from sickbay.doctor import compiled
from sickbay.doctor.code.models import READ_CHARACTERS, Mistake
from sickbay.doctor.model import CodeMistake
from sickbay.kernel.late_patterns import compile_late, compile_once
from sickbay.kernel.text_search import Lines, fold_case, has_required

_Place: TypeAlias = tuple[int, int, dict[str, str]]
"""Where a mistake begins and ends, and what fills its slots."""

_BASE64_PIPE = compile_late(
    r"\becho\s++(?P<flags>-\S{1,9}\s++)?[^|\n]{0,200}\|\s*+(?:openssl\s++)?base64\b(?P<options>[^)\n\"`|]{0,40})"
)
_ENCODE = r"(?:b64encode|btoa|Base64\.encode|base64_encode|encode64|EncodeToString|ToBase64String)"
_TWICE = compile_late(rf"{_ENCODE}\(\s*+(?:\w{{1,60}}\.)?{_ENCODE}\(")
_ENCODED = compile_late(rf"\b(?P<name>\w++)\s*+:?=\s*+[\w.]{{0,60}}{_ENCODE}\((?=(?P<rest>[^;]{{1,200}}))")
_ENCODED_AGAIN = compile_late(rf"\b{_ENCODE}\(\s*+(\w+)")
_CREDENTIALS = compile_late(r"\bbasic\b|secret", re.I)
_REDIRECT = compile_late(
    r"\bredirect_?uri(?:['\"`\]]{0,2}\s*(?:=>|[:=,])\s*[$f@]?['\"`]|=|=%22)(?P<uri>https?(?::|%3A)[^\s'\"`&,;<>)]{4,200})", re.I
)
_AUTHORIZE = compile_late(r"response_type|authorize\b|authorization_endpoint|authUrl|/auth\?", re.I)


def mistakes_in_text(text: str, *, sends_requests: bool = False) -> list[Mistake]:
    """The mistakes in the order of code.toml, each at the first place that shows it.

    sends_requests: the text is code that sends requests. Some checks would misread documents and recorded exchanges.
    """
    return list(_text_mistakes(text[:READ_CHARACTERS], sends_requests))


@lru_cache(maxsize=2)
def _text_mistakes(text: str, sends_requests: bool) -> tuple[Mistake, ...]:
    """Remembered, because mistakes_in() asks for the same text once per request."""
    lines, folded = Lines(text), fold_case(text)
    found = (
        (id, _COMPUTED[id](text) if id in _COMPUTED else _find_by_patterns(described, text))
        for id, described in compiled.load_knowledge().code.mistakes.items()
        if (sends_requests or not described.is_of_requests) and has_required(described.words, folded)
    )
    return tuple(
        Mistake(id, (lines.at(place[0]), lines.at(max(place[0], place[1] - 1))), place[2]) for id, place in found if place
    )


def _find_by_patterns(described: CodeMistake, text: str) -> _Place | None:
    if not described.patterns or (described.unless and compile_once(described.unless).search(text)):
        return None
    first, *others = (compile_once(pattern).search(text) for pattern in described.patterns)
    if first is None or None in others:
        return None
    texts = next(iter(described.slots.values()), {})
    return first.start(), first.end(), {"by": next((word for word in texts if word in first[0]), "")}


def _find_encoding_commands(text: str) -> Iterator[re.Match[str]]:
    """The commands that encode credentials with base64."""
    if _CREDENTIALS.search(text):
        yield from (match for match in _BASE64_PIPE.finditer(text) if not re.search(r"-d\b|-D\b|--decode", match["options"]))


def _find_encoded_newlines(text: str) -> _Place | None:
    for match in _find_encoding_commands(text):
        if "n" not in (match["flags"] or "") and "\\c" not in match[0] and "tr -d" not in match[0]:
            return match.start(), match.end(), {}
    return None


def _find_double_encodings(text: str) -> _Place | None:
    if not _CREDENTIALS.search(text):
        return None
    if match := _TWICE.search(text):
        return match.start(), match.end(), {}
    again = (match for match in _ENCODED.finditer(text) if match["name"] in _ENCODED_AGAIN.findall(match["rest"]))
    return next(((match.start(), match.end("rest"), {}) for match in again), None)


def _find_wrapped_value(text: str) -> _Place | None:
    for match in _find_encoding_commands(text):
        rest = text[match.end() : match.end() + 20]
        if not re.search(r"-w\s*0|--wrap|-A\b|-b\s*0", match["options"]) and "tr -d" not in rest:
            return match.start(), match.end(), {}
    return None


def _differing_redirect_uris(text: str) -> _Place | None:
    first = ""
    for match in _REDIRECT.finditer(text) if "grant_type" in text and _AUTHORIZE.search(text) else ():
        uri = unquote(match["uri"])
        if first and uri != first:
            return match.start(), match.end(), {"first": first, "second": uri}
        first = uri
    return None


_COMPUTED: dict[str, Callable[[str], _Place | None]] = {
    "code-basic-newline": _find_encoded_newlines,
    "code-base64-wrapped": _find_wrapped_value,
    "code-base64-twice": _find_double_encodings,
    "code-redirect-uris-differ": _differing_redirect_uris,
}
