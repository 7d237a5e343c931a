"""A Bundle of requests: its entries read, and references between them replaced by where each resource will be."""

from __future__ import annotations

import base64
import binascii
import re
from collections import ChainMap, Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from sickbay.fhir import lossless_json
from sickbay.fhir.body import parsed
from sickbay.fhir.elements import children
from sickbay.fhir.request_error import RequestError

MOST = 5000
"""Entries of one Bundle."""
ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""In which a transaction is carried out (R4, 3.1.0.11.2)."""
HEADERS = {
    "ifMatch": "if-match",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
    "ifNoneExist": "if-none-exist",
}


class BundleEntryRequest(NamedTuple):
    """One entry as the request that it stands for. path: below the base, with its slash. patch: what a PATCH sends.

    wrong: why it stands for none; then nothing else is said of it. It refuses a transaction, and of a batch itself alone.
    """

    position: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    full_url: str = ""
    resource: dict[str, Any] | None = None
    patch: bytes = b""
    wrong: str = ""
    spelled: str = ""
    """The url as it was sent, if it began with a slash or with the base itself."""


class InvalidBundle(Exception):
    """Its text says what is wrong with the Bundle."""


def read(version: str, text: bytes, content_type: str | None = None, base: str = "") -> tuple[str, list[BundleEntryRequest]]:
    """Type (batch or transaction) and entries. base: the FHIR base, with which a url may begin. Raises Unreadable."""
    try:
        bundle = parsed(version, text, content_type)
    except ValueError as error:
        raise InvalidBundle(f"The body cannot be read: {error}.") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise InvalidBundle("What is posted to the base is a Bundle.")
    kind, entries = bundle.get("type"), bundle.get("entry", [])
    if kind not in ("batch", "transaction") or not isinstance(entries, list) or len(entries) > MOST:
        raise InvalidBundle(f"A Bundle posted to the base is a batch or a transaction of at most {MOST} entries.")
    asked = [_asked(position, one, base) for position, one in enumerate(entries)]
    wrong = [one.wrong for one in asked if one.wrong]
    if kind == "transaction" and wrong:
        raise InvalidBundle(wrong[0])
    urls = [one.full_url for one in asked if one.full_url]
    if kind == "transaction" and len(set(urls)) < len(urls):
        twice = Counter(urls).most_common(1)[0][0]
        raise InvalidBundle(f"Two entries have the fullUrl {twice}, and a reference to it could mean either (bdl-7).")
    return str(kind), asked


def _relative(url: str, base: str) -> str:
    """The url relative to the base: without one leading slash, or without our own base, as several clients send them."""
    if base and (url == base or url.startswith((f"{base}/", f"{base}?"))):
        return url.removeprefix(base).removeprefix("/")
    return url[1:] if url.startswith("/") else url


def _asked(position: int, entry: Any, base: str) -> BundleEntryRequest:
    request = entry.get("request") if isinstance(entry, dict) else None
    request = request if isinstance(request, dict) else {}
    method, url = request.get("method"), request.get("url")
    if method not in ORDER or not isinstance(url, str):
        told = f"Bundle.entry[{position}].request needs a method, one of {', '.join(ORDER)}, and a url."
        return BundleEntryRequest(position, "", "", "", {}, wrong=told)
    url = "".join(one if one.isascii() else quote(one, errors="replace") for one in url)
    sent, url = url, _relative(url, base)
    path, _, query = url.partition("?")
    if "://" in path or url.startswith(("/", ".")) or "#" in url:
        told = f"Bundle.entry[{position}].request.url must be relative to the base: Type, Type/id or Type?search."
        return BundleEntryRequest(position, "", "", "", {}, wrong=told)
    headers = {header: request[key] for key, header in HEADERS.items() if isinstance(request.get(key), str)}
    resource, full = entry.get("resource"), entry.get("fullUrl")
    held = resource if isinstance(resource, dict) else None
    content = (
        headers | {"content-type": str((held or {}).get("contentType", "application/json"))} if method == "PATCH" else headers
    )
    patch = _patch(held) if method == "PATCH" else b""
    return BundleEntryRequest(
        position,
        method,
        f"/{path}" if path else "",
        query,
        content,
        full if isinstance(full, str) else "",
        held,
        patch,
        spelled="" if sent == url else sent,
    )


def _patch(binary: dict[str, Any] | None) -> bytes:
    """A patch travels in a Binary (R4, 3.1.0.8.1), a FHIRPath Patch as the Parameters that it is."""
    if binary is not None and binary.get("resourceType") == "Parameters":
        return lossless_json.dumps(binary)
    try:
        return base64.b64decode(str((binary or {}).get("data", (binary or {}).get("content", ""))), validate=True)
    except binascii.Error:
        return b""


def placed(where: Mapping[str, str]) -> Callable[[str], Mapping[str, str]]:
    """From the fullUrl of an entry to what references in it mean. where: fullUrl, or a conditional reference -> Type/id.

    In an entry of `http://h/fhir/Type/1`, `Other/2` means `http://h/fhir/Other/2` where the Bundle has it (R4, 2.36.4.1).
    """
    below: dict[str, dict[str, str]] = {}
    for url, place in where.items():
        if root := _root(url):
            below.setdefault(root, {})[url[len(root) :]] = place
    every = dict(where)
    return lambda full_url: ChainMap(below.get(_root(full_url), {}), every)


def _root(full_url: str) -> str:
    """`http://h/fhir/` of `http://h/fhir/Patient/1`; "" of a URN."""
    if not full_url.startswith(("http://", "https://")):
        return ""
    head, _, _ = full_url.rpartition("/")
    return head.rpartition("/")[0] + "/"


def linked(version: str, value: Any, places: Mapping[str, str], trail: tuple[str, ...] = ()) -> Any:
    """The same with what leads to an entry's fullUrl, or is a conditional reference, led to its place (R4, 3.1.0.11.2).

    That are references, elements of the types uri and url, and links and images of narratives; an identifier stays as it is.
    """
    if isinstance(value, str):
        if trail[-1:] == ("div",):
            return _LINK.sub(lambda found: found[1] + places.get(found[2], found[2]) + found[3], value)
        return places[value] if value in places and _leads(version, trail) else value
    if isinstance(value, dict):
        type = value.get("resourceType")
        here = (type,) if isinstance(type, str) else trail
        return {key: linked(version, held, places, (*here, key)) for key, held in value.items()}
    return [linked(version, held, places, trail) for held in value] if isinstance(value, list) else value


_LINK = re.compile(r"""(\s(?:href|src)\s*=\s*["'])([^"']*)(["'])""")


def _leads(version: str, trail: tuple[str, ...]) -> bool:
    """Whether what stands there is an address. trail: a type of resource, and the names on the way down."""
    if trail[-1:] == ("reference",):
        return True
    path, type = trail[0], ""
    for key in trail[1:]:
        child = next((one for one in children(version, path).get(key, ()) if one.key == key), None)
        if child is None:
            return False
        path, type = child.path, child.type
    return type in ("uri", "url")


def conditional(value: Any) -> Iterator[str]:
    """References that are searches: `Patient?identifier=x`."""
    return (text for text in _references(value) if "?" in text and ":" not in text.partition("?")[0])


def lost(value: Any, known: Collection[str]) -> Iterator[str]:
    """References by URN to none of the known. What is a Bundle itself has its own, which lead to its own entries."""
    return (text for text in _references(value, bundles=False) if text.startswith("urn:") and text not in known)


def _references(value: Any, *, bundles: bool = True) -> Iterator[str]:
    if isinstance(value, dict) and (bundles or value.get("resourceType") != "Bundle"):
        text = value.get("reference")
        if isinstance(text, str):
            yield text
        for held in value.values():
            yield from _references(held, bundles=bundles)
    elif isinstance(value, list):
        for held in value:
            yield from _references(held, bundles=bundles)


def no_search(text: str, faults: object) -> str:
    """What is wrong with a conditional reference that no search can be made of."""
    first = next((one for one in faults if isinstance(one, RequestError)), None) if isinstance(faults, tuple) else None
    meant = f"{first.parameter}: {first.expected}" if first else "a type of this version and a search parameter of it"
    return f"The reference {text} is a search that cannot be made; it needs {meant}."


def response(kind: str, entries: list[bytes]) -> bytes:
    return b'{"resourceType":"Bundle","type":"%b-response","entry":[' % kind.encode() + b",".join(entries) + b"]}"
