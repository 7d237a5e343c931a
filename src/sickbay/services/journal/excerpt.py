"""Cuts a request to the beginning that is explained and recorded, so that both take a bounded number of steps."""

from __future__ import annotations

from itertools import islice
from typing import Final

from sickbay.services.journal.redaction import RecordedRequest

UNKNOWN_SENDER: Final = 4096
"""Characters of a FHIR request without a valid token that are explained and recorded."""
HEADERS: Final = 64
"""Headers that are kept. Browsers and clients send two dozen."""


def excerpt(request: RecordedRequest, characters: int) -> tuple[RecordedRequest, int]:
    """The beginning of a request, and how many characters are left out. The URL comes first, then headers, then the body.

    No parameter and no header is cut in the middle, because the rest of it would mean something else.
    """
    size = len(request.url) + sum(map(len, request.headers)) + sum(map(len, request.headers.values())) + len(request.body)
    if size <= characters and len(request.headers) <= HEADERS:
        return request, 0
    url = _whole_parameters(request.url, characters)
    left = characters - len(url)
    headers = {name: value for name, value in islice(request.headers.items(), HEADERS) if len(name) + len(value) <= left}
    while (kept := sum(map(len, headers)) + sum(map(len, headers.values()))) > left:
        headers.popitem()
    left -= kept
    body = _whole_parameters(request.body, left)
    return request._replace(url=url, headers=headers, body=body), size - (characters - left) - len(body)


def _whole_parameters(text: str, characters: int) -> str:
    """The first characters, up to the end of a parameter."""
    if len(text) <= characters:
        return text
    part = text[:characters]
    return part[: max(part.rfind("&"), part.rfind("?"), 0)]
