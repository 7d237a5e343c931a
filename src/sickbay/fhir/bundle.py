"""Builds searchset and history Bundles from stored bytes. Bodies aren't parsed, so they are returned exactly as stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import orjson

from sickbay.fhir.search.types import KEPT, is_brief
from sickbay.kernel.memoize import LONGEST, memoized


class StoredResource(Protocol):
    """A resource as returned by a store. body: its JSON."""

    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Alike(Sequence[StoredResource]):
    """Resources of one type as two lists, ids and bodies. Creating an object for each would take as long as reading them."""

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
    """One entry of a Bundle built here. An OperationOutcome may have no id."""

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
    """Returns the Bundle for one page of a search; the format is the same in all versions. total: omitted if unknown.

    base: the FHIR base, for fullUrl. entries: by search mode (match, include, outcome).
    id, updated: of the Bundle itself, if it has them.
    """
    brief = len(self_url) <= LONGEST and id is None and updated is None
    head = _cached_head(self_url, next_url, total) if brief else _head(self_url, next_url, total, id, updated)
    return b"".join((head, *_listed(base, entries)))


def _head(self_url: str, next_url: str | None, total: int | None, id: str | None, updated: str | None) -> bytes:
    id_member = b',"id":' + orjson.dumps(id) if id is not None else b""
    meta = b',"meta":{"lastUpdated":' + orjson.dumps(updated) + b"}" if updated is not None else b""
    total_member = b',"total":%d' % total if total is not None else b""
    links = b',"link":' + _links(self_url, next_url)
    return b'{"resourceType":"Bundle"' + id_member + meta + b',"type":"searchset"' + total_member + links


@memoized(KEPT)
def _cached_head(self_url: str, next_url: str | None, total: int | None) -> bytes:
    """Returns the cached head, because apps repeat their searches."""
    return _head(self_url, next_url, total, None, None)


def _listed(base: str, entries: Mapping[str, Sequence[StoredResource]]) -> list[bytes]:
    """Returns the entries and the end of the Bundle in pieces, so that each body is copied only once, when they are joined."""
    pieces: list[bytes] = []
    for mode, resources in entries.items():
        if resources:
            pieces += _alternating(_before(base, mode, resources), _bodies(resources), _end(mode).encode())
    return [b',"entry":[', *pieces[1:], b"]}"] if pieces else [b"}"]


def _alternating(before: list[bytes], bodies: list[bytes], end: bytes) -> list[bytes]:
    """Returns a comma, the head of the entry and its body for each resource, and then the end."""
    pieces = [b","] * (2 * len(bodies) + 1)
    pieces[1::2], pieces[2::2] = before, bodies
    pieces.append(end)
    return pieces


def _bodies(resources: Sequence[StoredResource]) -> list[bytes]:
    return resources.bodies if isinstance(resources, Alike) else [resource.body for resource in resources]


def _before(base: str, mode: str, resources: Sequence[StoredResource]) -> list[bytes]:
    """Returns the text before each body: the end of the previous entry and the head of its own. Encodes all of it at once.

    Types and ids contain no characters that JSON escapes. An outcome without an id has no fullUrl and is the only entry.
    """
    if isinstance(resources, Alike):
        begin, addresses = f'{{"fullUrl":"{base}/{resources.type}/', resources.ids
    elif not resources[0].id:
        return [b'{"resource":']
    else:
        begin, addresses = f'{{"fullUrl":"{base}/', [f"{resource.type}/{resource.id}" for resource in resources]
    between = f'","resource":\n{_end(mode)},{begin}'
    return f'{begin}{between.join(addresses)}","resource":'.encode().split(b"\n")


def _end(mode: str) -> str:
    return f',"search":{{"mode":"{mode}"}}}}'


class Change(NamedTuple):
    """One version in a history. body: empty if it was deleted. at: lastModified as a FHIR instant."""

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
    """Returns the Bundle for a history, newest first (R4, 3.1.0.12)."""
    entries = b",".join(_change(base, change) for change in changes)
    total_member = b',"total":%d' % total if total is not None else b""
    entry_member = b',"entry":[' + entries + b"]" if entries else b""
    head = b'{"resourceType":"Bundle","type":"history"'
    return head + total_member + b',"link":' + _links(self_url, next_url) + entry_member + b"}"


def _change(base: str, change: Change) -> bytes:
    method, status = _METHODS[change.interaction]
    url = change.type if method == "POST" else f"{change.type}/{change.id}"
    request = orjson.dumps({"method": method, "url": url})
    response = orjson.dumps({"status": status, "etag": f'W/"{change.version_id}"', "lastModified": change.at})
    body = b',"resource":' + change.body if change.body else b""
    full_url = f'{{"fullUrl":"{base}/{change.type}/{change.id}"'.encode()
    return full_url + body + b',"request":' + request + b',"response":' + response + b"}"


def _links(self_url: str, next_url: str | None) -> bytes:
    links = [{"relation": "self", "url": self_url}]
    if next_url is not None:
        links.append({"relation": "next", "url": next_url})
    return orjson.dumps(links)


def search_url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """Returns the URL of a search, percent-encoded. `:` `/` `,` `$` and `*` are allowed in a query and stay readable."""
    return _cached_url(base, type, pairs) if is_brief(pairs) else _url(base, type, pairs)


@memoized(KEPT)
def _cached_url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    return _url(base, type, pairs)


def _url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    address = f"{base}/{type}" if type else base
    return f"{address}?{query}" if query else address


_READABLE = re.compile(r"[A-Za-z0-9_.~:/,$*-]*")


def _quoted(text: str) -> str:
    return text if _READABLE.fullmatch(text) else quote(text, safe=":/,$*")
