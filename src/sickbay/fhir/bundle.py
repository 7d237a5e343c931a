"""A searchset Bundle spliced from stored bytes: no body is parsed, so every body arrives as it was stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

import orjson


class Entry(NamedTuple):
    """One entry. body: JSON of the resource. mode: match, include or outcome."""

    type: str
    id: str
    body: bytes
    mode: str = "match"


def searchset(
    base: str,
    entries: Iterable[Entry],
    *,
    self_url: str,
    next_url: str | None = None,
    total: int | None = None,
    id: str | None = None,
    updated: str | None = None,
) -> bytes:
    """The Bundle of one page, the same in DSTU2 and later. total: left out where it is not known.

    base: the FHIR base, for fullUrl. id, updated: of the Bundle itself, where it has them.
    """
    parts = [b'{"resourceType":"Bundle"']
    if id is not None:
        parts.append(b',"id":' + orjson.dumps(id))
    if updated is not None:
        parts.append(b',"meta":{"lastUpdated":' + orjson.dumps(updated) + b"}")
    parts.append(b',"type":"searchset"')
    if total is not None:
        parts.append(b',"total":%d' % total)
    parts.append(b',"link":' + _links(self_url, next_url))
    spliced = b",".join(_entry(base.encode(), one) for one in entries)
    if spliced:
        parts.append(b',"entry":[' + spliced + b"]")
    return b"".join(parts) + b"}"


def _links(self_url: str, next_url: str | None) -> bytes:
    links = [{"relation": "self", "url": self_url}]
    if next_url is not None:
        links.append({"relation": "next", "url": next_url})
    return orjson.dumps(links)


def _entry(base: bytes, entry: Entry) -> bytes:
    """Types and ids are of letters that JSON need not escape; an outcome may have no id and then no fullUrl."""
    url = b""
    if entry.id:
        url = b'"fullUrl":"' + base + b"/" + entry.type.encode() + b"/" + entry.id.encode() + b'",'
    return b"{" + url + b'"resource":' + entry.body + b',"search":{"mode":"' + entry.mode.encode() + b'"}}'


def search_url(base: str, type: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The address of a search, percent-encoded, with the letters that FHIR's values are full of left readable."""
    query = urlencode(pairs, safe=":/|,$*-", quote_via=quote)
    return f"{base}/{type}?{query}" if query else f"{base}/{type}"
