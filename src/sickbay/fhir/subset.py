"""Returns parts of a resource for _summary and _elements, cut from the stored bytes and tagged SUBSETTED (R4, 3.1.1.5.8)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir import lossless_json
from sickbay.fhir.definitions import load_table
from sickbay.fhir.elements import list_children
from sickbay.fhir.members import join_members, split_members
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import nearest_of
from sickbay.fhir.search.query import Query

_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
_OLD = ("dstu2", "stu3")
_OLD_SYSTEM, _SYSTEM = ("http://hl7.org/fhir/v3/ObservationValue", "http://terminology.hl7.org/CodeSystem/v3-ObservationValue")


SUMMARIES = ("true", "text", "data", "false")
RULE = "fhir-search-value-malformed"


class Part(NamedTuple):
    """The part to return of each resource: a summary, or the elements with these names. Both empty: the whole resource."""

    summary: str | None = None
    elements: tuple[str, ...] = ()


def read_part(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> Part | tuple[RequestError, ...]:
    """Reads the parameters of a read or a history; type None: any. Returns all errors (never an empty tuple) if any.

    Only the first unknown element of each parameter is reported.
    """
    part, errors = Part(), []
    for name, text in pairs:
        if name == "_summary":
            part = part._replace(summary=None if text == "false" else text)
            if text not in SUMMARIES:
                errors.append(RequestError(RULE, name, text, "_summary=true, text, data or false; only a search has a count"))
        elif name == "_elements":
            names = tuple(filter(None, text.split(",")))
            part = part._replace(elements=(*part.elements, *names))
            wrong = next((element for element in dict.fromkeys(names) if not is_element(version, type, element)), None)
            if wrong is not None:
                errors.append(RequestError(RULE, name, text, suggest_element(version, type, wrong)))
    return tuple(errors) if errors else part


def is_element(version: str, type: str | None, name: str) -> bool:
    """Whether the type has the element. True if the type is unknown."""
    first = name.removeprefix(f"{type}.").split(".")[0]
    elements = list_children(version, type) if type else {}
    return not elements or first in elements or first == "resourceType"


def suggest_element(version: str, type: str | None, name: str) -> str:
    """Returns the element that was probably meant by a name that the type doesn't have."""
    first = name.removeprefix(f"{type}.").split(".")[0]
    near = nearest_of(first, list_children(version, type or ""))
    return f"_elements={near or 'the names of elements of ' + str(type) + ', separated by commas'}"


def find_errors(query: Query) -> tuple[RequestError, ...]:
    """Reports the first element that no searched type has, and _summary=text with included resources (R4, 3.1.1.5.8)."""
    types = [part.type for part in query.parts] or [query.type]
    errors = []
    for name in dict.fromkeys(query.elements):
        if not any(is_element(query.version, type, name) for type in types):
            errors.append(RequestError(RULE, "_elements", name, suggest_element(query.version, types[0], name)))
            break
    if query.summary == "text" and any(part.includes for part in query.parts or (query,)):
        errors.append(RequestError(RULE, "_summary", "text", "_summary=data, or no _include and _revinclude"))
    return tuple(errors)


def make_subset(version: str, type: str, body: bytes, summary: str | None, elements: Collection[str] = ()) -> bytes:
    """Returns the requested part of `body`, or all of it. summary: true, text or data (count has no body).

    Keeps mandatory elements, so that the part is still a valid resource.
    """
    keys = _keys_to_keep(version, type, summary, elements)
    if keys is None and summary != "data":
        return body
    cut = []
    for key, value in split_members(body):
        name = key.removeprefix("_")
        if (keys is None and name != "text") or (keys is not None and name in keys):
            cut.append((key, value))
    return join_members(_add_subsetted_tag(version, cut))


def _keys_to_keep(version: str, type: str, summary: str | None, elements: Collection[str]) -> frozenset[str] | None:
    """Returns the keys to keep; None: all of them."""
    must = _ALWAYS | _mandatory_keys(version, type)
    if summary == "text":
        return must | {"text"}
    if summary == "true":
        return must | _summary_keys(version, type)
    if elements:
        return must | {key for name in elements for key in _keys_of_element(version, type, name)}
    return None


def _keys_of_element(version: str, type: str, name: str) -> list[str]:
    """Returns the resource's own keys for `birthDate`, `Patient.birthDate` or `name.family`; all keys of a choice."""
    first = name.removeprefix(type + ".").split(".")[0]
    return [child.key for child in list_children(version, type).get(first, ())] or [first]


@cache
def _mandatory_keys(version: str, type: str) -> frozenset[str]:
    keys = set()
    for path, entry in load_table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        if parent == type and (entry[0] > 0 or (len(entry) > 4 and entry[4] == "M")):
            keys |= {child.key for child in list_children(version, type)[name.removesuffix("[x]")]}
    return frozenset(keys - {"modifierExtension"})


@cache
def _summary_keys(version: str, type: str) -> frozenset[str]:
    """Returns the keys that the definitions mark as summary elements."""
    elements = list_children(version, type)
    names = load_table(version, "summary").get(type, ())
    return frozenset(child.key for name in names for child in elements.get(name.removesuffix("[x]"), ()))


def _add_subsetted_tag(version: str, cut: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    values = dict(cut)
    meta = _object_or_empty(lossless_json.loads(values.get("meta", b"{}")))
    sent_tags = meta.get("tag")
    tags = [
        tag for tag in (sent_tags if isinstance(sent_tags, list) else []) if _object_or_empty(tag).get("code") != "SUBSETTED"
    ]
    meta["tag"] = [*tags, {"system": _OLD_SYSTEM if version in _OLD else _SYSTEM, "code": "SUBSETTED"}]
    begin = [(key, value) for key, value in cut if key in ("resourceType", "id")]
    rest = [(key, value) for key, value in cut if key not in ("resourceType", "id", "meta")]
    return [*begin, ("meta", lossless_json.dumps(meta)), *rest]


def _object_or_empty(value: Any) -> dict[str, Any]:
    """Returns `value` if it is an object, because loaded resources may not have been validated."""
    return value if isinstance(value, dict) else {}
