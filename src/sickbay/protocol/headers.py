"""Reads the headers of HTTP requests, and completes those of responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["html", "json", "text"]
"""What a response can be: a page, JSON or plain text."""


def read(sent: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Maps the names to values. Names are in lower case, as in ASGI. Repeated headers are joined with commas."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent}
    return headers if len(headers) == len(sent) else _joined(sent)


def _joined(sent: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in sent:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def is_fetched(headers: Mapping[str, str]) -> bool:
    """Whether a script in a browser sent the request (Fetch Metadata). False if the headers don't say.

    Browsers send both Sec-Fetch-Site and Sec-Fetch-Mode. Node's fetch sends only the mode, and no user sees its response.
    """
    mode = headers.get("sec-fetch-mode") if "sec-fetch-site" in headers else None
    return mode in ("cors", "no-cors", "same-origin") or headers.get("x-requested-with", "").lower() == "xmlhttprequest"


def preferred_form(accept: str) -> Form:
    """The first of HTML, JSON and plain text in the Accept header; HTML if it names none of them."""
    kinds = [piece.partition(";")[0].strip().lower() for piece in accept.split(",")]
    for kind in kinds:
        if kind in ("text/html", "application/xhtml+xml"):
            return "html"
        if kind == "application/json" or kind.endswith("+json"):
            return "json"
        if kind == "text/plain":
            return "text"
    return "html"


def accepts_html(accept: str) -> bool:
    """Whether the client explicitly accepts HTML, as browsers do. All other clients get JSON."""
    return "text/html" in accept


def never_sniffed(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with `nosniff`, so that no browser takes a text or JSON that quotes a request for a page."""
    if any(name == b"x-content-type-options" for name, _ in headers):
        return headers
    return [*headers, (b"x-content-type-options", b"nosniff")]
