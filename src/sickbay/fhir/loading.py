"""Reads resources from files, byte for byte: single resources, lines of NDJSON, or the entries of a Bundle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from sickbay.fhir import lossless_json
from sickbay.fhir.routing import ID
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.search.parameters import known_types, nearest_of
from sickbay.fhir.served import NOT_SERVED
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.xml import reader as xml_reader

SPREAD = frozenset({"collection", "transaction", "batch", "searchset"})
"""Types of Bundles that are unpacked: each entry is stored under its own id, whatever its request says."""

_URN = re.compile(rb'("reference"\s*:\s*")(urn:[^"\\]+)"')


class ParsedResource(NamedTuple):
    """A resource that can be stored. place: its path in its Bundle, or "". body: its bytes. resource: the same, parsed."""

    place: str
    type: str
    id: str
    body: bytes
    resource: dict[str, Any]


class Ready(NamedTuple):
    """A parsed resource with its index entries."""

    type: str
    id: str
    body: bytes
    facts: IndexEntries


class LoadError(NamedTuple):
    """The reason why a resource can't be loaded. is_bad: False if it is valid but this server doesn't use it."""

    place: str
    text: str
    is_bad: bool = True


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw(b"null")


class _Bundle(msgspec.Struct, frozen=True):
    entry: list[_Entry] = []


class _LooseBundle(msgspec.Struct, frozen=True):
    """A Bundle in which some entries aren't objects."""

    entry: list[msgspec.Raw] = []


def split_into_resources(
    version: str, text: bytes, *, line: bool = False, xml: bool = False
) -> Iterator[ParsedResource | LoadError]:
    """Yields the resources in one text, JSON or XML. XML is converted to JSON.

    line: the text is a line of NDJSON. There, a Bundle with an id is itself a resource, because it was exported as one.
    """
    body = text.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        yield LoadError("", "is empty")
        return
    try:
        document = xml_reader.loads(version, body) if xml else lossless_json.loads(body)
    except ValueError as error:
        problem = "it looks like XML or HTML" if body[:1] == b"<" and not xml else error
        yield LoadError("", f"isn't valid {'XML of this version of FHIR' if xml else 'JSON'}: {problem}")
        return
    if xml:
        body = lossless_json.dumps(document)
    if _is_unpacked(document, line):
        yield from _parse_entries(version, body, document)
    else:
        yield _parse_resource(version, "", body, document)


def _is_unpacked(document: Any, line: bool) -> bool:
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        return False
    return document.get("type") in SPREAD and not (line and "id" in document)


def _parse_entries(version: str, body: bytes, bundle: dict[str, Any]) -> Iterator[ParsedResource | LoadError]:
    """Yields the resources of a Bundle. References by urn:uuid are replaced with the ids of the entries."""
    try:
        bodies = _entry_bodies(body)
    except msgspec.ValidationError as error:
        yield LoadError("", f"isn't a valid Bundle: {error}")
        return
    entries: list[Any] = bundle.get("entry", [])
    names = _names_by_urn(entries)
    for index, (entry, original) in enumerate(zip(entries, bodies, strict=True)):
        place = f"Bundle.entry[{index}]"
        if not isinstance(entry, dict):
            yield LoadError(place, "isn't an object")
            continue
        search, resource = entry.get("search"), entry.get("resource")
        if isinstance(search, dict) and search.get("mode") == "outcome":
            continue
        linked = _URN.sub(lambda match: _insert_assigned_id(match, names), original)
        yield _parse_resource(version, place, linked, resource if linked == original else lossless_json.loads(linked))


def _entry_bodies(bundle: bytes) -> list[bytes]:
    """Returns the bytes of each entry's resource. Raises ValidationError if `entry` isn't a list."""
    try:
        return [bytes(entry.resource) for entry in msgspec.json.decode(bundle, type=_Bundle).entry]
    except msgspec.ValidationError:
        raw = [bytes(entry) for entry in msgspec.json.decode(bundle, type=_LooseBundle).entry]
        return [bytes(msgspec.json.decode(entry, type=_Entry).resource) if entry[:1] == b"{" else b"" for entry in raw]


def _names_by_urn(entries: list[Any]) -> Mapping[bytes, bytes]:
    """URN -> Type/id."""
    names: dict[bytes, bytes] = {}
    for entry in (entry for entry in entries if isinstance(entry, dict)):
        url, resource = entry.get("fullUrl"), entry.get("resource")
        if isinstance(url, str) and url.startswith("urn:") and isinstance(resource, dict):
            names[url.encode()] = f"{resource.get('resourceType')}/{resource.get('id')}".encode()
    return names


def _insert_assigned_id(match: re.Match[bytes], names: Mapping[bytes, bytes]) -> bytes:
    return match[1] + names.get(match[2], match[2]) + b'"'


def _parse_resource(version: str, place: str, body: bytes, resource: Any) -> ParsedResource | LoadError:
    if not isinstance(resource, dict):
        return LoadError(place, "contains no resource")
    type, id = resource.get("resourceType"), resource.get("id")
    if not isinstance(type, str):
        return LoadError(place, "isn't a resource: it has no resourceType")
    if type not in known_types(version):
        near = nearest_of(type, known_types(version))
        suggestion = f"; did you mean {near}?" if near else ""
        return LoadError(place, f"{type} isn't a resource type in this version of FHIR{suggestion}")
    if type in NOT_SERVED:
        return LoadError(place, f"{type} is skipped: this server doesn't serve subscriptions yet", is_bad=False)
    if not isinstance(id, str):
        return LoadError(place, f"this {type} has no id")
    if not ID.fullmatch(id):
        return LoadError(place, f"the id of this {type} must be 1 to 64 letters, digits, - or .")
    return ParsedResource(place, type, id, body, resource)


def prepare_resource(version: str, piece: ParsedResource, base: str) -> Ready:
    """Adds the index entries. base: that of the server that will store it; references on that base are local."""
    return Ready(piece.type, piece.id, piece.body, extract_entries(version, piece.resource, base))


def validate_resource(version: str, piece: ParsedResource, base: str) -> ParsedResource | LoadError:
    """Returns the resource if it is valid, otherwise a LoadError with its first problems."""
    duplicate = lossless_json.find_repeated_name(piece.body, piece.resource)
    if duplicate is not None:
        return LoadError(piece.place, f"{piece.type}/{piece.id}: an object has two members named {duplicate}")
    problems = validate(version, piece.resource, base, searches=True)
    if not problems:
        return piece
    more = f" And {len(problems) - 3} more." if len(problems) > 3 else ""
    first = " ".join(problem.text for problem in problems[:3])
    return LoadError(piece.place, f"{piece.type}/{piece.id}: {first}{more}")
