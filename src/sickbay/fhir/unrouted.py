"""Names what is wrong with a method and a path below a FHIR base that lead to no interaction."""

from __future__ import annotations

from typing import TypeAlias

from sickbay.fhir.operations import registry as operation_registry
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import known_types, nearest_of
from sickbay.kernel.english import join

PLACES = "`<Type>/<id>`, `<Type>/<id>/_history`, `<Type>?<parameters>`, or another URL that the capability statement lists"
"""What is expected instead of an unknown path."""
WORDS = {"history": "_history", "search": "_search", "metadata": "metadata"}
"""Name -> the segment of a path."""
MISSPELLED = ("fhir-resource-unknown", "fhir-id-invalid", "fhir-operation-unknown")
"""The rules of a segment that can be a misspelled one."""
Misspelled: TypeAlias = tuple[RequestError, tuple[str, str | None] | None]
"""The fault, and the operation that was meant with the type it was sought at, if it is one."""


def make_error(method: str, path: str, allowed: tuple[str, ...]) -> RequestError:
    """allowed: the methods of the path; empty if there is no such path."""
    if not allowed:
        return RequestError("fhir-path-unknown", "path", path, PLACES)
    plain, _, last = path.rpartition("/")
    searched = last == "_search" and method in ("GET", "HEAD")
    return RequestError(
        "fhir-method-not-allowed", "method", method, f"POST, or GET {plain or '/'}" if searched else join(allowed, "or")
    )


def find_misspelling(version: str, method: str, segments: list[str], has_id: bool, is_posted: bool) -> Misspelled | None:
    """The fault of an operation without its `$`, a type in lower case, or a misspelled `_history`, `_search` or `metadata`.

    has_id: whether the second segment can be an id. is_posted: it can be one, but nothing is posted to a resource.
    """
    for place, segment in enumerate(segments[1:4], 1):
        is_id = place == 2 and has_id
        is_valid = segment in WORDS.values() or (place == 1 and segment in known_types(version))
        if not is_valid and (is_posted or not is_id):
            return _find_intended_segment(version, method, segments, place, is_id)
    return None


def _find_intended_segment(version: str, method: str, segments: list[str], place: int, is_id: bool) -> Misspelled | None:
    segment = segments[place]
    name = segment.removeprefix("%24").lstrip("_$").lower()
    if name in operation_registry.list_names(version):
        fault = RequestError("fhir-operation-unknown", "operation", segment, "an operation in the CapabilityStatement")
        return fault, (name, segments[1] if place > 1 else None)
    if word := WORDS.get(name if is_id else nearest_of(name, WORDS) or ""):
        return RequestError(
            "fhir-path-unknown", "path", "/".join(segments), _replace_segment(method, segments, place, word)
        ), None
    meant = next((type for type in known_types(version) if place == 3 and type.lower() == segment.lower()), segment)
    return None if meant == segment else (RequestError("fhir-resource-unknown", "type", segment, meant), None)


def _replace_segment(method: str, segments: list[str], place: int, word: str) -> str:
    """The path with the word at this place, or the one that a search by GET has."""
    if word == "_search" and method in ("GET", "HEAD"):
        return "/".join(segments[:place]) or "/"
    return "/".join([*segments[:place], word, *segments[place + 1 :]])
