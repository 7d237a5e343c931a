"""Reads the headers of HTTP requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, TypeAlias

from sickbay.kernel.memoize import memoized

Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

LONGEST: Final = 2000
"""Maximum size in bytes of headers that are cached, so that long ones can't fill the memory."""


def read(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Maps the names to values. Names are in lower case, as in ASGI. Repeated headers are joined with commas.

    Requests with the same headers share the result, so don't modify it.
    """
    sent = tuple(pairs)
    return _cached(sent) if sum(map(len, chain.from_iterable(sent))) <= LONGEST else _read(sent)


def _read(sent: Pairs) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in sent:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


_cached = memoized(1024)(_read)


def is_fetched(headers: Mapping[str, str]) -> bool:
    """Whether a script in a browser sent the request (Fetch Metadata). False if the headers don't say.

    Browsers send both Sec-Fetch-Site and Sec-Fetch-Mode. Node's fetch sends only the mode, and no user sees its response.
    """
    mode = headers.get("sec-fetch-mode") if "sec-fetch-site" in headers else None
    return mode in ("cors", "no-cors", "same-origin") or headers.get("x-requested-with", "").lower() == "xmlhttprequest"
