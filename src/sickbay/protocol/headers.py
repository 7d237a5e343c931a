"""Reads the headers of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, TypeAlias

from sickbay.kernel.memoize import memoized

Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

LONGEST: Final = 2000
"""Bytes of headers up to which they are cached: long ones can't fill the memory."""


def read(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names are in lower case, as ASGI has them. Repeated values are joined, so that two Authorization headers are seen as two.

    Requests that send the same headers share the result: nobody may change it.
    """
    sent = tuple(pairs)
    return _kept(sent) if sum(map(len, chain.from_iterable(sent))) <= LONGEST else _read(sent)


def _read(sent: Pairs) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in sent:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


_kept = memoized(1024)(_read)


def is_fetched(headers: Mapping[str, str]) -> bool:
    """Whether a script of a page asked and waits for the answer itself (Fetch Metadata); False where nothing says so.

    A browser says of which site the page is; Node's fetch, which no person looks at, says the mode alone.
    """
    mode = headers.get("sec-fetch-mode") if "sec-fetch-site" in headers else None
    return mode in ("cors", "no-cors", "same-origin") or headers.get("x-requested-with", "").lower() == "xmlhttprequest"
