"""Cuts a request to the beginning that is explained and recorded, so that both take a bounded number of steps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from msgspec import structs

from sickbay.diagnosis.explain import EXPLAINED
from sickbay.services.redaction.redaction import RecordedRequest, is_form

RECORDED: Final = EXPLAINED
"""Maximum number of recorded characters of a request's URL and form. Other bodies are only outlined."""
UNKNOWN_SENDER: Final = 4096
"""The same for a FHIR request without a valid token."""
HEADERS: Final = 64
"""Maximum number of recorded headers. Browsers and clients send two dozen."""


def make_excerpt(request: RecordedRequest, characters: int = RECORDED) -> tuple[RecordedRequest, int]:
    """Returns the beginning of a request, and the number of omitted characters.

    Keeps this many characters of URL and form, and twice as many of the headers, because cookies can be long. No parameter and
    no header is cut in the middle, because the rest of it would mean something else.
    """
    form = request.body if is_form(request.body, request.headers) else ""
    long_headers = len(request.headers) > HEADERS or _content_length(request.headers) > 2 * characters
    if len(request.url) + len(form) <= characters and not long_headers:
        return request, 0
    url = _whole_parameters(request.url, characters)
    body = _whole_parameters(form, characters - len(url)) if form else request.body
    headers = _select_first_headers(request.headers, 2 * characters) if long_headers else request.headers
    left_out = (
        len(request.url)
        - len(url)
        + len(request.body)
        - len(body)
        + _content_length(request.headers)
        - _content_length(headers)
    )
    return structs.replace(request, url=url, headers=headers, body=body), left_out


def _content_length(headers: Mapping[str, str]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values()))


def _select_first_headers(headers: Mapping[str, str], characters: int) -> dict[str, str]:
    """The first headers that have at most this many characters together."""
    most = islice(headers.items(), HEADERS)
    kept = {name: value for name, value in most if len(name) + len(value) <= characters}
    while _content_length(kept) > characters:
        kept.popitem()
    return kept


def _whole_parameters(text: str, characters: int) -> str:
    """The first characters, up to the end of a parameter, or of a segment of the path."""
    if len(text) <= characters:
        return text
    part = text[:characters]
    end = max(part.rfind("&"), part.rfind("?"))
    return part[: end if end >= 0 else max(0, part.rfind("/"))]
