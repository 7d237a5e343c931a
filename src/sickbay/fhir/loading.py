"""Resources out of files, body for body as they were written: alone, as lines, or as the entries of a Bundle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from sickbay.fhir import lossless_json
from sickbay.fhir.references import ID
from sickbay.fhir.search.index import extract
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import known_types, nearest_of
from sickbay.fhir.served import NOT_SERVED
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.xml import reader as xml_reader

SPREAD = frozenset({"collection", "transaction", "batch", "searchset"})
"""Bundles whose entries are meant, not the Bundle: each entry is stored under its own id, whatever its request says."""

_URN = re.compile(rb'("reference"\s*:\s*")(urn:[^"\\]+)"')


class ParsedResource(NamedTuple):
    """A resource that can be stored. place: "" or where in its Bundle. body: its bytes; resource: the same, parsed."""

    place: str
    type: str
    id: str
    body: bytes
    resource: dict[str, Any]


class Ready(NamedTuple):
    """A Piece with what it is found by."""

    type: str
    id: str
    body: bytes
    facts: IndexEntries


class LoadError(NamedTuple):
    """One that cannot, and why. is_bad: False if nothing is wrong with it and this server only has no use for it."""

    place: str
    text: str
    is_bad: bool = True


class _Entry(msgspec.Struct):
    resource: msgspec.Raw = msgspec.Raw(b"null")


class _Bundle(msgspec.Struct):
    entry: list[_Entry] = []


class _Odd(msgspec.Struct):
    """A Bundle of which some entries are none."""

    entry: list[msgspec.Raw] = []


def pieces(version: str, text: bytes, *, line: bool = False, xml: bool = False) -> Iterator[ParsedResource | LoadError]:
    """What one text holds: JSON, or XML, which is kept as JSON.

    line: of NDJSON, where a Bundle with an id is itself a resource, as it was exported.
    """
    body = text.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        document = xml_reader.loads(version, body) if xml else lossless_json.loads(body)
    except ValueError as error:
        yield LoadError("", f"is no {'XML of this version of FHIR' if xml else 'JSON'}: {error}")
        return
    if xml:
        body = lossless_json.dumps(document)
    if _spreads(document, line):
        yield from _entries(version, body, document)
    else:
        yield _piece(version, "", body, document)


def _spreads(document: Any, line: bool) -> bool:
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        return False
    return document.get("type") in SPREAD and not (line and "id" in document)


def _entries(version: str, body: bytes, bundle: dict[str, Any]) -> Iterator[ParsedResource | LoadError]:
    """References by urn:uuid lead to the entries' own ids."""
    try:
        bodies = _bodies(body)
    except msgspec.ValidationError as error:
        yield LoadError("", f"is no Bundle: {error}")
        return
    entries: list[Any] = bundle.get("entry", [])
    names = _names(entries)
    for index, (entry, own) in enumerate(zip(entries, bodies, strict=True)):
        place = f"Bundle.entry[{index}]"
        if not isinstance(entry, dict):
            yield LoadError(place, "is no object")
            continue
        search, resource = entry.get("search"), entry.get("resource")
        if isinstance(search, dict) and search.get("mode") == "outcome":
            continue
        led = _URN.sub(lambda found: _led(found, names), own)
        yield _piece(version, place, led, resource if led == own else lossless_json.loads(led))


def _bodies(bundle: bytes) -> list[bytes]:
    """The bytes of each entry's resource. Raises ValidationError where `entry` is no list."""
    try:
        return [bytes(one.resource) for one in msgspec.json.decode(bundle, type=_Bundle).entry]
    except msgspec.ValidationError:
        each = msgspec.json.decode(bundle, type=_Odd).entry
        return [bytes(msgspec.json.decode(one, type=_Entry).resource) if one[:1] == b"{" else b"" for one in map(bytes, each)]


def _names(entries: list[Any]) -> Mapping[bytes, bytes]:
    """URN -> Type/id."""
    found: dict[bytes, bytes] = {}
    for entry in (one for one in entries if isinstance(one, dict)):
        url, resource = entry.get("fullUrl"), entry.get("resource")
        if isinstance(url, str) and url.startswith("urn:") and isinstance(resource, dict):
            found[url.encode()] = f"{resource.get('resourceType')}/{resource.get('id')}".encode()
    return found


def _led(found: re.Match[bytes], names: Mapping[bytes, bytes]) -> bytes:
    return found[1] + names.get(found[2], found[2]) + b'"'


def _piece(version: str, place: str, body: bytes, resource: Any) -> ParsedResource | LoadError:
    if not isinstance(resource, dict):
        return LoadError(place, "holds no resource")
    type, id = resource.get("resourceType"), resource.get("id")
    if not isinstance(type, str):
        return LoadError(place, "is no resource: it has no resourceType")
    if type not in known_types(version):
        near = nearest_of(type, known_types(version))
        meant = f"; did you mean {near}?" if near else ""
        return LoadError(place, f"{type} is no type of this version of FHIR{meant}")
    if type in NOT_SERVED:
        return LoadError(place, f"{type} is left out: this server doesn't serve subscriptions yet", is_bad=False)
    if not isinstance(id, str):
        return LoadError(place, f"this {type} has no id")
    if not ID.fullmatch(id):
        return LoadError(place, f"the id of this {type} is not 1 to 64 of letters, digits, - and .")
    return ParsedResource(place, type, id, body, resource)


def ready(version: str, piece: ParsedResource, base: str) -> Ready:
    """base: of the server that will store it, whose own absolute references are to its resources."""
    return Ready(piece.type, piece.id, piece.body, extract(version, piece.resource, base))


def judged(version: str, piece: ParsedResource, base: str) -> ParsedResource | LoadError:
    """The piece where it is valid, else its first faults."""
    twice = lossless_json.repeated(piece.body, piece.resource)
    if twice is not None:
        return LoadError(piece.place, f"{piece.type}/{piece.id}: an object has {twice} twice")
    problems = validate(version, piece.resource, base, searches=True)
    if not problems:
        return piece
    more = f" And {len(problems) - 3} more." if len(problems) > 3 else ""
    return LoadError(piece.place, f"{piece.type}/{piece.id}: {' '.join(one.text for one in problems[:3])}{more}")
