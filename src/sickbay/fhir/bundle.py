"""A searchset Bundle spliced from stored bytes: no body is parsed, so every body arrives as it was stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import orjson

from sickbay.fhir.search.types import KEPT, is_brief
from sickbay.kernel.memoize import LONGEST, memoized


class StoredResource(Protocol):
    """A resource as a store gives it. body: its JSON."""

    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Alike(Sequence[StoredResource]):
    """Resources of one type, ids beside bodies: an object for each would take as long to make as the resource to read."""

    __slots__ = ("bodies", "ids", "type")

    def __init__(self, type: str, ids: list[str], bodies: list[bytes]) -> None:
        self.type, self.ids, self.bodies = type, ids, bodies

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return Alike(self.type, self.ids[at], self.bodies[at])
        return BundleEntry(self.type, self.ids[at], self.bodies[at])


class BundleEntry(NamedTuple):
    """One entry of ours. An outcome may have no id."""

    type: str
    id: str
    body: bytes


def searchset(
    base: str,
    entries: Mapping[str, Sequence[StoredResource]],
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
    brief = len(self_url) <= LONGEST and id is None and updated is None
    head = _brief_head(self_url, next_url, total) if brief else _head(self_url, next_url, total, id, updated)
    return b"".join((head, *_listed(base, entries)))


def _head(self_url: str, next_url: str | None, total: int | None, id: str | None, updated: str | None) -> bytes:
    named = b',"id":' + orjson.dumps(id) if id is not None else b""
    meta = b',"meta":{"lastUpdated":' + orjson.dumps(updated) + b"}" if updated is not None else b""
    counted = b',"total":%d' % total if total is not None else b""
    links = b',"link":' + _links(self_url, next_url)
    return b'{"resourceType":"Bundle"' + named + meta + b',"type":"searchset"' + counted + links


@memoized(KEPT)
def _brief_head(self_url: str, next_url: str | None, total: int | None) -> bytes:
    """Apps ask the same again."""
    return _head(self_url, next_url, total, None, None)


def _listed(base: str, entries: Mapping[str, Sequence[StoredResource]]) -> list[bytes]:
    """The entries and the end of the Bundle, in pieces: a body is copied once, when all is joined."""
    pieces: list[bytes] = []
    for mode, kept in entries.items():
        if kept:
            pieces += _alternating(_before(base, mode, kept), _bodies(kept), _end(mode).encode())
    return [b',"entry":[', *pieces[1:], b"]}"] if pieces else [b"}"]


def _alternating(before: list[bytes], bodies: list[bytes], end: bytes) -> list[bytes]:
    """A comma, what stands before each body, the body, and the end."""
    pieces = [b","] * (2 * len(bodies) + 1)
    pieces[1::2], pieces[2::2] = before, bodies
    pieces.append(end)
    return pieces


def _bodies(kept: Sequence[StoredResource]) -> list[bytes]:
    return kept.bodies if isinstance(kept, Alike) else [one.body for one in kept]


def _before(base: str, mode: str, kept: Sequence[StoredResource]) -> list[bytes]:
    """What stands before each body: the end of the entry before it, and its own head. All are encoded at once.

    Types and ids are of letters that JSON need not escape. An outcome without an id has no fullUrl, and is alone.
    """
    if isinstance(kept, Alike):
        begin, named = f'{{"fullUrl":"{base}/{kept.type}/', kept.ids
    elif not kept[0].id:
        return [b'{"resource":']
    else:
        begin, named = f'{{"fullUrl":"{base}/', [f"{one.type}/{one.id}" for one in kept]
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
    "create": ("POST", "201"),
    "update": ("PUT", "200"),
    "update-create": ("PUT", "201"),
    "delete": ("DELETE", "204"),
}


def history(base: str, changes: Sequence[Change], *, self_url: str, next_url: str | None, total: int | None = None) -> bytes:
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


@memoized(KEPT)
def _brief_url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    return _url(base, type, pairs)


def _url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    address = f"{base}/{type}" if type else base
    return f"{address}?{query}" if query else address


_READABLE = re.compile(r"[A-Za-z0-9_.~:/,$*-]*")


def _quoted(text: str) -> str:
    return text if _READABLE.fullmatch(text) else quote(text, safe=":/,$*")
