"""A Bundle of requests: its entries read, and references between them replaced by where each resource will be."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sickbay.fhir import written
from sickbay.fhir.body import parsed

MOST = 5000
"""Entries of one Bundle."""
ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""In which a transaction is carried out (R4, 3.1.0.11.2)."""
HEADERS = {
    "ifMatch": "if-match", "ifNoneMatch": "if-none-match", "ifModifiedSince": "if-modified-since",
    "ifNoneExist": "if-none-exist",
}  # fmt: skip


class Asked(NamedTuple):
    """One entry as the request that it stands for. path: below the base, with its slash. patch: what a PATCH sends."""

    position: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    full_url: str = ""
    resource: dict[str, Any] | None = None
    patch: bytes = b""


class Unreadable(Exception):
    """Its text says what is wrong with the Bundle."""


def read(version: str, text: bytes, content_type: str | None = None) -> tuple[str, list[Asked]]:
    """Type (batch or transaction) and entries. Raises Unreadable."""
    try:
        bundle = parsed(version, text, content_type)
    except ValueError as error:
        raise Unreadable(f"The body cannot be read: {error}.") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Unreadable("What is posted to the base is a Bundle.")
    kind, entries = bundle.get("type"), bundle.get("entry", [])
    if kind not in ("batch", "transaction") or not isinstance(entries, list) or len(entries) > MOST:
        raise Unreadable(f"A Bundle posted to the base is a batch or a transaction of at most {MOST} entries.")
    return str(kind), [_asked(position, one) for position, one in enumerate(entries)]


def _asked(position: int, entry: Any) -> Asked:
    request = entry.get("request") if isinstance(entry, dict) else None
    request = request if isinstance(request, dict) else {}
    method, url = request.get("method"), request.get("url")
    if method not in ORDER or not isinstance(url, str) or not url.isascii():
        raise Unreadable(f"Bundle.entry[{position}].request needs a method and a url.")
    if "://" in url or url.startswith(("/", ".")) or "#" in url:
        raise Unreadable(
            f"Bundle.entry[{position}].request.url must be relative to the base: Type, Type/id or Type?search."
        )
    path, _, query = url.partition("?")
    headers = {header: request[key] for key, header in HEADERS.items() if isinstance(request.get(key), str)}
    resource, full = entry.get("resource"), entry.get("fullUrl")
    held = resource if isinstance(resource, dict) else None
    content = (
        headers | {"content-type": str((held or {}).get("contentType", "application/json"))}
        if method == "PATCH"
        else headers
    )
    patch = _patch(held) if method == "PATCH" else b""
    return Asked(
        position, method, f"/{path}" if path else "", query, content, full if isinstance(full, str) else "", held, patch
    )


def _patch(binary: dict[str, Any] | None) -> bytes:
    """A patch travels in a Binary (R4, 3.1.0.8.1), a FHIRPath Patch as the Parameters that it is."""
    if binary is not None and binary.get("resourceType") == "Parameters":
        return written.dumps(binary)
    try:
        return base64.b64decode(str((binary or {}).get("data", (binary or {}).get("content", ""))), validate=True)
    except binascii.Error:
        return b""


def linked(value: Any, places: Mapping[str, str]) -> Any:
    """The same with every string that names an entry's fullUrl, or a conditional reference, replaced by its place."""
    if isinstance(value, str):
        return places.get(value, value)
    if isinstance(value, dict):
        return {key: linked(held, places) for key, held in value.items()}
    return [linked(held, places) for held in value] if isinstance(value, list) else value


def conditional(value: Any) -> Iterator[str]:
    """References that are searches: `Patient?identifier=x`."""
    if isinstance(value, dict):
        text = value.get("reference")
        if isinstance(text, str) and "?" in text and ":" not in text.partition("?")[0]:
            yield text
        for held in value.values():
            yield from conditional(held)
    elif isinstance(value, list):
        for held in value:
            yield from conditional(held)


def response(kind: str, entries: list[bytes]) -> bytes:
    return b'{"resourceType":"Bundle","type":"%b-response","entry":[' % kind.encode() + b",".join(entries) + b"]}"
