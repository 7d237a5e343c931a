"""Headers of a request as they came. What a client sends again is read once, and is then known by the very object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, TypeAlias

from sickbay.kernel.remembering import memoized

Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

LONGEST: Final = 2000
"""Bytes of headers that are worth remembering: nobody fills the memory by long ones."""


class Headers(dict[str, str]):
    """Names in lower case; of a repeated one the values joined, so that two Authorization headers are seen as two.

    All requests that send the same may share one, so nobody changes it.
    """

    __slots__ = ()


def read(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """names: in lower case already, as ASGI has them."""
    sent = tuple(pairs)
    return _kept(sent) if sum(map(len, chain.from_iterable(sent))) <= LONGEST else _read(sent)


def _read(sent: Pairs) -> Headers:
    found = Headers()
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
