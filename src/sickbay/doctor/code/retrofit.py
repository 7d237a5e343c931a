"""Reads the annotations of Retrofit and OpenFeign, which describe a request: `@POST("oauth/token")`, `@Field("code")`."""

from __future__ import annotations

import re

from sickbay.doctor.code.draft import RequestDraft, request_of
from sickbay.doctor.code.models import CodeRequest, Lines
from sickbay.doctor.code.tokens import OPERATOR, CodeToken
from sickbay.doctor.code.values import CodeBody, CodeFields, known, unknown

_METHOD = re.compile(r"@(GET|POST|PUT|PATCH|DELETE)\s*\(\s*(?:value\s*=\s*)?\"([^\"\n]*)\"\s*\)")
_FORM = re.compile(r"@FormUrlEncoded|@Multipart")
_PARAMETER = re.compile(
    r"@(Field|Part|Query|Header|Body)\b(?:\s*\(\s*(?:value\s*=\s*)?\"([^\"\n]*)\"[^)\n]{0,40}\))?[\w\s<>?,.@]{0,80}?\b(\w+)\s*(?=[,):])"
)
_HEADERS = re.compile(r"@Headers\s*\(([^)@]{0,600})\)")
_STRING = re.compile(r"\"([^\"\n]*)\"")
_MAXIMUM_SIGNATURE_CHARACTERS = 2_000
"""The maximum length of a method's signature after its annotation."""


def retrofit_requests(text: str, lines: Lines) -> list[CodeRequest]:
    matches = list(_METHOD.finditer(text))
    requests: list[CodeRequest] = []
    for number, match in enumerate(matches):
        before = max(matches[number - 1].end() if number else 0, match.start() - 300)
        following = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        stop = min(following, match.end() + _MAXIMUM_SIGNATURE_CHARACTERS)
        requests.append(_request(text, match, before, stop, lines))
    return requests


def _request(text: str, match: re.Match[str], before: int, stop: int, lines: Lines) -> CodeRequest:
    end = _signature_end(text, match.end(), stop)
    result = RequestDraft("Retrofit", language="Retrofit", method=match[1], url=known(match[2]), default="form")
    around = text[before:end]
    for headers in _HEADERS.finditer(around):
        for line in _STRING.finditer(headers[1]):
            result.add_headers(known(line[1]))
    body = CodeFields([], "multipart" if "@Multipart" in around else "form")
    for parameter in _PARAMETER.finditer(text, match.end(), end):
        _add(result, body, parameter)
    if body.pairs:
        result.body = body
    start = next((found.start() + before for found in _FORM.finditer(around)), match.start())
    span = [CodeToken(OPERATOR, "", min(start, match.start()), 0), CodeToken(OPERATOR, "", start, end)]
    result.last = 1
    return request_of(result, span, lines)


def _signature_end(text: str, at: int, stop: int) -> int:
    """The end of the method's parameters."""
    start = text.find("(", at, stop)
    depth = 0
    for position in range(start, stop) if start >= 0 else ():
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position + 1
    return min(at + 1, stop)


def _add(result: RequestDraft, body: CodeFields, parameter: re.Match[str]) -> None:
    kind, name, variable = parameter[1], parameter[2] or parameter[3], unknown(parameter[3])
    match kind:
        case "Header":
            result.headers.append((name, variable))
        case "Query":
            result.query.add(name, variable)
        case "Body":
            result.body = CodeBody("json", variable)
        case _:
            body.add(name, variable)
