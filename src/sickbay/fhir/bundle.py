"""A searchset Bundle spliced from stored bytes: no body is parsed, so every body arrives as it was stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, Protocol
from urllib.parse import quote

import orjson

from sickbay.fhir.search_types import KEPT, is_brief

_TYPE, _ID, _NAME, _BODY = attrgetter("type"), attrgetter("id"), attrgetter("type", "id"), attrgetter("body")


class Kept(Protocol):
    """A resource as a store gives it. body: its JSON."""

    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Entry(NamedTuple):
    """One entry of ours. An outcome may have no id."""

    type: str
    id: str
    body: bytes


def searchset(
    base: str,
    entries: Mapping[str, Sequence[Kept]],
    *,
    self_url: str,
    next_url: str | None = None,
    total: int | None = None,
    id: str | None = None,
    updated: str | None = None,
) -> bytes:
    """The Bundle of one page, the same in DSTU2 and later. total: left out where it is not known.

    base: the FHIR base, for fullUrl. entries: by mode (match, include, outcome).
    id, updated: of the Bundle itself, where it has them.
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
    parts += _listed(base, entries)
    return b"".join(parts)


def _listed(base: str, entries: Mapping[str, Sequence[Kept]]) -> list[bytes]:
    """The entries and the end of the Bundle, in pieces: a body is copied once, when all is joined."""
    pieces: list[bytes] = []
    for mode, kept in entries.items():
        if kept:
            pieces.append(b",")
            pieces += chain.from_iterable(zip(_before(base, mode, kept), map(_BODY, kept), strict=True))
            pieces.append(_end(mode).encode())
    return [b',"entry":[', *pieces[1:], b"]}"] if pieces else [b"}"]


def _before(base: str, mode: str, kept: Sequence[Kept]) -> list[bytes]:
    """What stands before each body: the end of the entry before it, and its own head. All are encoded at once.

    Types and ids are of letters that JSON need not escape. An outcome without an id has no fullUrl, and is alone.
    """
    if not kept[0].id:
        return [b'{"resource":']
    begin, type = f'{{"fullUrl":"{base}/', kept[0].type
    if all(map(type.__eq__, map(_TYPE, kept))):  # as most pages are: then nothing is done for each
        begin, named = f"{begin}{type}/", map(_ID, kept)
    else:
        named = map("/".join, map(_NAME, kept))
    between = f'","resource":\n{_end(mode)},{begin}'
    return f'{begin}{between.join(named)}","resource":'.encode().split(b"\n")


def _end(mode: str) -> str:
    return f',"search":{{"mode":"{mode}"}}}}'


class Change(NamedTuple):
    """One version in a history. body: empty where it was deleted. at: lastModified, a FHIR instant."""

    type: str
    id: str
    version_id: int
    interaction: str
    body: bytes
    at: str


_METHODS = {
    "create": ("POST", "201"), "update": ("PUT", "200"), "update-create": ("PUT", "201"), "delete": ("DELETE", "204"),
}  # fmt: skip


def history(
    base: str, changes: Sequence[Change], *, self_url: str, next_url: str | None, total: int | None = None
) -> bytes:
    """The Bundle of a history, newest first (R4, 3.1.0.12)."""
    entries = b",".join(_change(base, one) for one in changes)
    counted = b',"total":%d' % total if total is not None else b""
    listed = b',"entry":[' + entries + b"]" if entries else b""
    head = b'{"resourceType":"Bundle","type":"history"'
    return head + counted + b',"link":' + _links(self_url, next_url) + listed + b"}"


def _change(base: str, one: Change) -> bytes:
    method, status = _METHODS[one.interaction]
    address = one.type if method == "POST" else f"{one.type}/{one.id}"
    request = orjson.dumps({"method": method, "url": address})
    response = orjson.dumps({"status": status, "etag": f'W/"{one.version_id}"', "lastModified": one.at})
    body = b',"resource":' + one.body if one.body else b""
    full = f'{{"fullUrl":"{base}/{one.type}/{one.id}"'.encode()
    return full + body + b',"request":' + request + b',"response":' + response + b"}"


def _links(self_url: str, next_url: str | None) -> bytes:
    links = [{"relation": "self", "url": self_url}]
    if next_url is not None:
        links.append({"relation": "next", "url": next_url})
    return orjson.dumps(links)


def search_url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """The address of a search, percent-encoded; `:` `/` `,` `$` and `*` may stand in a query and stay readable."""
    return _brief_url(base, type, pairs) if is_brief(pairs) else _url(base, type, pairs)


@lru_cache(maxsize=KEPT)
def _brief_url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    return _url(base, type, pairs)


def _url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    address = f"{base}/{type}" if type else base
    return f"{address}?{query}" if query else address


_READABLE = re.compile(r"[A-Za-z0-9_.~:/,$*-]*")


def _quoted(text: str) -> str:
    return text if _READABLE.fullmatch(text) else quote(text, safe=":/,$*")
