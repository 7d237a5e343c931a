"""Builds searchset and history Bundles from stored bytes. Bodies aren't parsed, so they are returned exactly as stored."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import orjson


class StoredResource(Protocol):
    """A resource as returned by a store. body: its JSON."""

    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Alike(Sequence[StoredResource]):
    """Database rows of one type, because creating objects is slow. at: index of the id's column. The body follows."""

    __slots__ = ("at", "rows", "type")

    def __init__(self, type: str, rows: Sequence[tuple[Any, ...]], at: int) -> None:
        self.type, self.rows, self.at = type, rows, at

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Alike(self.type, self.rows[index], self.at)
        return BundleEntry(self.type, *self.rows[index][self.at : self.at + 2])


class BundleEntry(NamedTuple):
    """One entry of a Bundle built here. An OperationOutcome may have no id."""

    type: str
    id: str
    body: bytes


def make_searchset(
    base: str,
    entries: Mapping[str, Sequence[StoredResource]],
    *,
    self_url: str,
    next_url: str | None = None,
    total: int | None = None,
) -> bytes:
    """Returns the Bundle for one page of a search; the format is the same in all versions. total: omitted if unknown.

    base: the FHIR base, for fullUrl. entries: by search mode (match, include, outcome).
    """
    total_member = b',"total":%d' % total if total is not None else b""
    head = b'{"resourceType":"Bundle","type":"searchset"' + total_member
    return b"".join((head, b',"link":', _encode_links(self_url, next_url), *_list_entries(base, entries), b"}"))


def _list_entries(base: str, entries: Mapping[str, Sequence[StoredResource]]) -> list[bytes]:
    """Returns the entries in pieces, so that each body is copied only once, when they are joined."""
    pieces: list[bytes] = []
    for mode, resources in entries.items():
        if isinstance(resources, Alike):
            pieces += _list_alike_entries(base, mode, resources)
        elif resources:
            pieces += _list_mixed_entries(base, mode, resources)
    if not pieces:
        return pieces
    pieces[-1] = pieces[-1].removesuffix(b",") + b"]"
    return [b',"entry":[', *pieces]


def _list_alike_entries(base: str, mode: str, resources: Alike) -> list[bytes]:
    """Returns the pieces of each entry: the address, the id, the body. Types and ids contain nothing that JSON escapes."""
    begin, between = f'{{"fullUrl":"{base}/{resources.type}/'.encode(), b'","resource":'
    end = b',"search":{"mode":"%b"}},' % mode.encode()
    pieces: list[bytes] = []
    at, body = resources.at, resources.at + 1
    for row in resources.rows:
        pieces += (begin, row[at].encode(), between, row[body], end)
    return pieces


def _list_mixed_entries(base: str, mode: str, resources: Sequence[StoredResource]) -> list[bytes]:
    """Returns the pieces of each entry. An outcome without an id has no fullUrl."""
    end = b',"search":{"mode":"%b"}},' % mode.encode()
    pieces: list[bytes] = []
    for resource in resources:
        address = f'"fullUrl":"{base}/{resource.type}/{resource.id}",' if resource.id else ""
        pieces += (f'{{{address}"resource":'.encode(), resource.body, end)
    return pieces


class Change(NamedTuple):
    """One version in a history. body: empty if it was deleted. at: lastModified as a FHIR instant."""

    type: str
    id: str
    version_id: int
    interaction: str
    body: bytes
    at: str


_METHODS = {"create": ("POST", "201"), "update": ("PUT", "200"), "update-create": ("PUT", "201"), "delete": ("DELETE", "204")}


def make_history(
    base: str, changes: Sequence[Change], *, self_url: str, next_url: str | None, total: int | None = None
) -> bytes:
    """Returns the Bundle for a history, newest first (R4, 3.1.0.12)."""
    entries = b",".join(_encode_change(base, change) for change in changes)
    total_member = b',"total":%d' % total if total is not None else b""
    entry_member = b',"entry":[' + entries + b"]" if entries else b""
    head = b'{"resourceType":"Bundle","type":"history"'
    return head + total_member + b',"link":' + _encode_links(self_url, next_url) + entry_member + b"}"


def _encode_change(base: str, change: Change) -> bytes:
    method, status = _METHODS[change.interaction]
    url = change.type if method == "POST" else f"{change.type}/{change.id}"
    request = orjson.dumps({"method": method, "url": url})
    response = orjson.dumps({"status": status, "etag": f'W/"{change.version_id}"', "lastModified": change.at})
    body = b',"resource":' + change.body if change.body else b""
    full_url = f'{{"fullUrl":"{base}/{change.type}/{change.id}"'.encode()
    return full_url + body + b',"request":' + request + b',"response":' + response + b"}"


def _encode_links(self_url: str, next_url: str | None) -> bytes:
    links = [{"relation": "self", "url": self_url}]
    if next_url is not None:
        links.append({"relation": "next", "url": next_url})
    return orjson.dumps(links)


def search_url(base: str, type: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """Returns the URL of a search, percent-encoded. `:` `/` `,` `$` and `*` are allowed in a query and stay readable."""
    query = "&".join([f"{name}={value}" for name, value in pairs])
    readable = _READABLE.fullmatch(query) and query.count("=") == len(pairs) and query.count("&") < len(pairs)
    if query and not readable:
        query = "&".join([f"{_percent_encode(name)}={_percent_encode(value)}" for name, value in pairs])
    address = f"{base}/{type}" if type else base
    return f"{address}?{query}" if query else address


_READABLE = re.compile(r"[A-Za-z0-9_.~:/,$*=&-]*")


def _percent_encode(text: str) -> str:
    return quote(text, safe=":/,$*")
