"""Reads the entries of a batch or transaction Bundle and replaces references between them with each resource's address."""

from __future__ import annotations

import base64
import binascii
import re
from collections import ChainMap, Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from sickbay.fhir import lossless_json
from sickbay.fhir.body import parse
from sickbay.fhir.elements import list_children
from sickbay.fhir.request_error import RequestError

MAXIMUM_ENTRIES = 5000
"""Maximum number of entries in a Bundle."""
ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""The order in which a transaction is carried out (R4, 3.1.0.11.2)."""
HEADERS = {
    "ifMatch": "if-match",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
    "ifNoneExist": "if-none-exist",
}


class BundleEntryRequest(NamedTuple):
    """An entry as a request. path: below the base, with its leading slash. patch: the body of a PATCH.

    wrong: why the entry isn't a valid request; most other fields are then empty. Fails a whole transaction, but only this
    entry of a batch.
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
    """The URL as sent, if it began with a slash or with the base."""


class InvalidBundle(Exception):
    """Raised for a Bundle that can't be processed. The text says what is wrong."""


def read(version: str, text: bytes, content_type: str | None = None, base: str = "") -> tuple[str, list[BundleEntryRequest]]:
    """Returns the type (batch or transaction) and the entries. base: allowed at the start of a url. Raises InvalidBundle."""
    try:
        bundle = parse(version, text, content_type)
    except ValueError as error:
        raise InvalidBundle(f"The body cannot be read: {error}.") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise InvalidBundle("The body posted to the base must be a Bundle.")
    kind, entries = bundle.get("type"), bundle.get("entry", [])
    if kind not in ("batch", "transaction") or not isinstance(entries, list) or len(entries) > MAXIMUM_ENTRIES:
        raise InvalidBundle(
            f"A Bundle posted to the base must be a batch or a transaction with at most {MAXIMUM_ENTRIES} entries."
        )
    requests = [_entry_request(position, entry, base) for position, entry in enumerate(entries)]
    wrong = [request.wrong for request in requests if request.wrong]
    if kind == "transaction" and wrong:
        raise InvalidBundle(wrong[0])
    urls = [request.full_url for request in requests if request.full_url]
    if kind == "transaction" and len(set(urls)) < len(urls):
        duplicate = Counter(urls).most_common(1)[0][0]
        raise InvalidBundle(f"Two entries have the fullUrl {duplicate}, so a reference to it is ambiguous (bdl-7).")
    return str(kind), requests


def _relative_url(url: str, base: str) -> str:
    """Returns the URL relative to the base. Some clients send a leading slash or the whole base."""
    if base and (url == base or url.startswith((f"{base}/", f"{base}?"))):
        return url.removeprefix(base).removeprefix("/")
    return url[1:] if url.startswith("/") else url


def _entry_request(position: int, entry: Any, base: str) -> BundleEntryRequest:
    request = entry.get("request") if isinstance(entry, dict) else None
    request = request if isinstance(request, dict) else {}
    method, url = request.get("method"), request.get("url")
    if method not in ORDER or not isinstance(url, str):
        problem = f"Bundle.entry[{position}].request needs a method, one of {', '.join(ORDER)}, and a url."
        return BundleEntryRequest(position, "", "", "", {}, wrong=problem)
    if not url.isascii():
        url = "".join(letter if letter.isascii() else quote(letter, errors="replace") for letter in url)
    spelled, url = url, _relative_url(url, base)
    path, _, query = url.partition("?")
    if "://" in path or url.startswith(("/", ".")) or "#" in url:
        problem = f"Bundle.entry[{position}].request.url must be relative to the base: Type, Type/id or Type?search."
        return BundleEntryRequest(position, "", "", "", {}, wrong=problem)
    headers = {header: request[key] for key, header in HEADERS.items() if isinstance(request.get(key), str)}
    resource, full = entry.get("resource"), entry.get("fullUrl")
    resource = resource if isinstance(resource, dict) else None
    if method == "PATCH":
        headers |= {"content-type": str((resource or {}).get("contentType", "application/json"))}
    patch = _patch_of_binary(resource) if method == "PATCH" else b""
    return BundleEntryRequest(
        position,
        method,
        f"/{path}" if path else "",
        query,
        headers,
        full if isinstance(full, str) else "",
        resource,
        patch,
        spelled="" if spelled == url else spelled,
    )


def _patch_of_binary(binary: dict[str, Any] | None) -> bytes:
    """Returns the patch. It is sent in a Binary (R4, 3.1.0.8.1); a FHIRPath Patch is sent as Parameters."""
    if binary is not None and binary.get("resourceType") == "Parameters":
        return lossless_json.dumps(binary)
    try:
        return base64.b64decode(str((binary or {}).get("data", (binary or {}).get("content", ""))), validate=True)
    except binascii.Error:
        return b""


def index_places(where: Mapping[str, str]) -> Callable[[str], Mapping[str, str]]:
    """Returns a function from an entry's fullUrl to the targets of its references. where: fullUrl or search -> Type/id.

    In an entry with the fullUrl `http://h/fhir/Type/1`, `Other/2` means `http://h/fhir/Other/2` if the Bundle has it
    (R4, 2.36.4.1).
    """
    below: dict[str, dict[str, str]] = {}
    for url, place in where.items():
        if root := _root_of_url(url):
            below.setdefault(root, {})[url[len(root) :]] = place
    every = dict(where)
    return lambda full_url: ChainMap(below[root], every) if (root := _root_of_url(full_url)) in below else every


def _root_of_url(full_url: str) -> str:
    """Returns `http://h/fhir/` for `http://h/fhir/Patient/1`; "" for a URN."""
    if not full_url.startswith(("http://", "https://")):
        return ""
    head, _, _ = full_url.rpartition("/")
    return head.rpartition("/")[0] + "/"


def link_references(version: str, value: Any, places: Mapping[str, str], trail: tuple[str, ...] = ()) -> Any:
    """Returns `value` with each fullUrl and conditional reference replaced by its target (R4, 3.1.0.11.2).

    Replaces references, elements of type uri and url, and links and images in narratives; identifiers stay unchanged.
    """
    if not places:
        return value
    if isinstance(value, list):
        return [link_references(version, member, places, trail) for member in value]
    if isinstance(value, str):
        return _placed_text(version, value, places, trail)
    if not isinstance(value, dict):
        return value
    type = value.get("resourceType")
    here = (type,) if isinstance(type, str) else trail
    copy = dict(value)
    for key, member in value.items():
        if isinstance(member, (dict, list)) or member in places or key == "div":
            copy[key] = link_references(version, member, places, (*here, key))
    return copy


def find_first_reference(version: str, value: Any, urls: Collection[str]) -> str | None:
    """Returns the first of these fullUrls that a transaction would replace in `value`."""
    noting = _NotingPlaces(urls)
    link_references(version, value, noting)
    return next(iter(noting.used), None)


class _NotingPlaces(Mapping[str, str]):
    """Targets of references, with a record of those that are used."""

    def __init__(self, urls: Collection[str]) -> None:
        self._urls = urls
        self.used: dict[str, None] = {}

    def __contains__(self, url: object) -> bool:
        return url in self._urls

    def __getitem__(self, url: str) -> str:
        if url not in self._urls:
            raise KeyError(url)
        self.used[url] = None
        return url

    def __iter__(self) -> Iterator[str]:
        return iter(self._urls)

    def __len__(self) -> int:
        return len(self._urls)


def _placed_text(version: str, text: str, places: Mapping[str, str], trail: tuple[str, ...]) -> str:
    if trail[-1:] == ("div",):
        return _LINK.sub(lambda match: match[1] + places.get(match[2], match[2]) + match[3], text)
    return places[text] if text in places and _is_address(version, trail) else text


_LINK = re.compile(r"""(\s(?:href|src)\s*=\s*["'])([^"']*)(["'])""")


def _is_address(version: str, trail: tuple[str, ...]) -> bool:
    """Returns whether the element is an address. trail: a resource type, and the element names on the way down."""
    if trail[-1:] == ("reference",):
        return True
    path, type = trail[0], ""
    for key in trail[1:]:
        child = next((child for child in list_children(version, path).get(key, ()) if child.key == key), None)
        if child is None:
            return False
        path, type = child.path, child.type
    return type in ("uri", "url")


class References(NamedTuple):
    """The references in a resource. nested: those in nested Bundles, which refer to their own entries."""

    own: list[str]
    nested: list[str]

    def conditional(self) -> list[str]:
        """Returns those that are searches: `Patient?identifier=x`."""
        return [text for text in (*self.own, *self.nested) if "?" in text and ":" not in text.partition("?")[0]]

    def list_unknown_urns(self, known: Collection[str]) -> list[str]:
        """Returns the URNs that aren't in `known`."""
        return [text for text in self.own if text.startswith("urn:") and text not in known]


def find_references(value: Any) -> References:
    """Collects the references in the order of the document."""
    bundles: list[Any] = []
    own = _collect_references([value], bundles)
    return References(own, _collect_references(bundles[::-1], None) if bundles else [])


def _collect_references(pending: list[Any], bundles: list[Any] | None) -> list[str]:
    """Adds Bundles to `bundles` instead of reading them. bundles: None if they are read too."""
    texts: list[str] = []
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if bundles is not None and item.get("resourceType") == "Bundle":
                bundles.append(item)
                continue
            text = item.get("reference")
            if isinstance(text, str):
                texts.append(text)
            item = item.values()
        elif not isinstance(item, list):
            continue
        pending += [member for member in item if isinstance(member, (dict, list))][::-1]
    return texts


def describe_search_error(text: str, faults: object) -> str:
    """Returns the message for a conditional reference that isn't a valid search."""
    first = next((fault for fault in faults if isinstance(fault, RequestError)), None) if isinstance(faults, tuple) else None
    needed = "it needs a type of this version and one of its search parameters"
    problem = f"{first.parameter} should be {first.expected}" if first else needed
    return f"The reference {text} isn't a valid search: {problem}."


def make_response(kind: str, entries: list[bytes]) -> bytes:
    return b'{"resourceType":"Bundle","type":"%b-response","entry":[' % kind.encode() + b",".join(entries) + b"]}"
