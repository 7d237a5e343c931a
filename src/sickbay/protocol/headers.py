"""Reads the headers of HTTP requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


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
