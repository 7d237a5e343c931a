"""Finds secrets in a text by the names they follow, so that a short one is masked too, and only where it is a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from sickbay.diagnosis.values import is_no_secret
from sickbay.kernel.late_patterns import compile_late
from sickbay.services.redaction.masking import SECRET, mask_secret

Span: TypeAlias = tuple[int, int]
"""Where a secret starts and ends in a text, in characters."""
SEARCHED_CHARACTERS = 100_000
"""Characters of a text that are searched: a megabyte takes most of a second."""

_VALUE = r"""(?:\\"((?:[^\\\n]|\\(?!["\n]))*)\\"|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"'&#]+))"""
_NAMES = "|".join(sorted(name.replace("_", "[_-]?") for name in SECRET - {"code", "token"}))
_BEFORE = r"(?<![A-Za-z0-9])"
_ASSIGNED = compile_late(rf"""{_BEFORE}(?:{_NAMES})\\?["']?\s*(?:=>?|:)\s*{_VALUE}""", re.I)
_TOKEN = compile_late(rf"""{_BEFORE}(?:token=|"token"\s*:\s*){_VALUE}""")
_CODE = compile_late(rf"""(?<![\w-])code=(?!\d{{1,5}}\b){_VALUE}""")
_CODE_MEMBER = compile_late(rf"""["']code["']\s*:\s*{_VALUE}""")
_HEADER = compile_late(
    r"""(?:proxy-)?authorization["']?\s*[:=]\s*["'`]?(?:(?:bearer|basic|dpop)[ \t]+)?"""
    r"""(?!(?:bearer|basic|dpop)(?![\w.~+/=-])|realm=)([^\s"'`,][^"'`\r\n]*)""",
    re.I,
)
"""Neither the name of a scheme without credentials nor a challenge is a secret."""
_SCHEME = compile_late(rf"""{_BEFORE}(?:bearer|basic|dpop)\s+((?=[^\s"'`,]*\d)[\w.~+/=-]{{16,}})""", re.I)
_COOKIES = compile_late(r"""(?<![\w-])(?:set-)?cookie["']?\s*:\s*["'`]?([^"'`\r\n]+)""", re.I)
_COOKIE = compile_late(r"(?<![^;\s])[^=;\s]+=([^;\s]+)")
_USER = compile_late(r"""(?<!\S)(?:-u|--user)(?:\s+|=)?["']?[^:\s"']*:(?:([^\s"']+))""")
_PATTERNS = (_ASSIGNED, _TOKEN, _HEADER, _SCHEME, _USER)


def find_spans(text: str, *, fhir: bool = False) -> list[Span]:
    """The secrets in the text, in order and without overlaps. fhir: `code` is a search parameter. A number after `code=` is
    the code of an error.
    """
    found = [*_find_matches(text, _PATTERNS if fhir else (*_PATTERNS, _CODE)), *_spans_of_cookies(text)]
    return merge_spans(found)


def merge_spans(found: Iterable[Span]) -> list[Span]:
    """The spans in order. Those that overlap become one."""
    result: list[Span] = []
    for start, end in sorted(found):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif end > start:
            result.append((start, end))
    return result


def _find_matches(text: str, patterns: Iterable[re.Pattern[str]]) -> Iterator[Span]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield match.span(match.lastindex or 0)


def _spans_of_cookies(text: str) -> Iterator[Span]:
    for line in _COOKIES.finditer(text):
        for match in _COOKIE.finditer(line[1]):
            yield line.start(1) + match.start(1), line.start(1) + match.end(1)


def redact_text(text: str, *, fhir: bool = False) -> str:
    return mask_matches(text, lambda head: find_spans(head, fhir=fhir))


def mask_matches(text: str, find: Callable[[str], list[Span]]) -> str:
    """The text without the secrets that `find` finds. What is beyond SEARCHED_CHARACTERS isn't searched, so it isn't shown."""
    rest = mask_secret(text[SEARCHED_CHARACTERS:]) if len(text) > SEARCHED_CHARACTERS else ""
    return mask_spans(text[:SEARCHED_CHARACTERS], find(text[:SEARCHED_CHARACTERS])) + rest


def mask_spans(text: str, found: Iterable[Span]) -> str:
    """The text with a mask in place of each secret."""
    pieces, place = [], 0
    for start, end in found:
        pieces += [text[place:start], _mask_unless_placeholder(text[start:end])]
        place = end
    return "".join([*pieces, text[place:]])


def _mask_unless_placeholder(secret: str) -> str:
    """A mask; a mask, a variable that wasn't replaced, or a word such as `null` is left as it is."""
    return secret if "…" in secret or "‹" in secret or is_no_secret(secret) else mask_secret(secret)


def redact_request(request: Mapping[str, Any], *, fhir: bool) -> dict[str, Any]:
    """A request or response as the doctor reads it, with the secrets in its URL, headers, body and JSON masked."""
    change: dict[str, Callable[[Any], Any]] = {
        "url": lambda url: redact_text(url, fhir=fhir) if isinstance(url, str) else url,
        "body": lambda body: _mask_body(body, fhir) if isinstance(body, str) else redact_members(body),
        "headers": _mask_headers,
        "json": redact_members,
    }
    return {name: change[name](value) if name in change else value for name, value in request.items()}


def _mask_body(body: str, fhir: bool) -> str:
    """The body of a request. In JSON that isn't a resource, the member `code` is an authorization code."""
    patterns = () if fhir or body.lstrip()[:1] != "{" else (_CODE_MEMBER,)
    return mask_matches(body, lambda head: merge_spans([*find_spans(head, fhir=fhir), *_find_matches(head, patterns)]))


def _mask_headers(headers: Any) -> Any:
    if not isinstance(headers, Mapping):
        return headers
    return {name: _mask_header(str(name), value) if isinstance(value, str) else value for name, value in headers.items()}


def _mask_header(name: str, value: str) -> str:
    """Returns the header's value without secrets. The name decides which parts are secrets."""
    line = f"{name}: {value}"
    return redact_text(line, fhir=True).removeprefix(f"{name}: ") if _HEADER.match(line) or _COOKIES.match(line) else value


def redact_members(value: Any) -> Any:
    """JSON with the values of secret members masked."""
    if isinstance(value, Mapping):
        return {
            name: _mask_unless_placeholder(member)
            if name in SECRET and isinstance(member, str) and member
            else redact_members(member)
            for name, member in value.items()
        }
    return [redact_members(member) for member in value] if isinstance(value, list) else value
