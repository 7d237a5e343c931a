"""Parts of a resource on request (R4, 3.1.1.5.8): _summary and _elements, cut out of the stored bytes, tagged as SUBSETTED."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir import lossless_json
from sickbay.fhir.definitions import table
from sickbay.fhir.elements import children
from sickbay.fhir.members import joined, members
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import nearest_of
from sickbay.fhir.search.query import Query

_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules"})
_OLD = ("dstu2", "stu3")
_OLD_SYSTEM, _SYSTEM = (
    "http://hl7.org/fhir/v3/ObservationValue",
    "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
)


SUMMARIES = ("true", "text", "data", "false")
RULE = "fhir-search-value-malformed"


class Part(NamedTuple):
    """What is to be given of each resource: a summary, or the elements of these names (both empty: the whole)."""

    summary: str | None = None
    elements: tuple[str, ...] = ()


def asked(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> Part | tuple[RequestError, ...]:
    """What a read or a history asks for; type None: any. Every fault (never an empty tuple) where it is no such thing."""
    part, faults = Part(), []
    for name, text in pairs:
        if name == "_summary":
            part = part._replace(summary=None if text == "false" else text)
            if text not in SUMMARIES:
                faults.append(RequestError(RULE, name, text, "_summary=true, text, data or false; a count is of a search"))
        elif name == "_elements":
            names = tuple(filter(None, text.split(",")))
            part = part._replace(elements=(*part.elements, *names))
            faults += [RequestError(RULE, name, text, wrong) for one in names if (wrong := unknown(version, type, one))]
    return tuple(faults) if faults else part


def unknown(version: str, type: str | None, name: str) -> str | None:
    """What was meant by an element that the type does not have; None where it has it, or where the type is not known."""
    first = name.removeprefix(f"{type}.").split(".")[0]
    held = children(version, type) if type else {}
    if not held or first in held or first == "resourceType":
        return None
    near = nearest_of(first, held)
    return f"_elements={near or 'the names of elements of ' + str(type) + ', separated by commas'}"


def faults(query: Query) -> tuple[RequestError, ...]:
    """What a search cannot ask for: elements that no type of it has; texts alone of included resources (R4, 3.1.1.5.8)."""
    types = [one.type for one in query.parts] or [query.type]
    found = []
    for name in query.elements:
        said = [unknown(query.version, type, name) for type in types]
        if None not in said:
            found.append(RequestError(RULE, "_elements", name, str(said[0])))
    if query.summary == "text" and any(one.includes for one in query.parts or (query,)):
        found.append(RequestError(RULE, "_summary", "text", "_summary=data, or no _include and _revinclude"))
    return tuple(found)


def subset(version: str, type: str, body: bytes, summary: str | None, elements: Collection[str] = ()) -> bytes:
    """The part of `body` that was asked for; the whole where nothing was. summary: true, text, data (count has no body).

    Elements that must be there are always kept, so that the part is a resource still.
    """
    kept = _wanted(version, type, summary, elements)
    if kept is None and summary != "data":
        return body
    cut = []
    for key, value in members(body):
        name = key.removeprefix("_")
        if (kept is None and name != "text") or (kept is not None and name in kept):
            cut.append((key, value))
    return joined(_tagged(version, cut))


def _wanted(version: str, type: str, summary: str | None, elements: Collection[str]) -> frozenset[str] | None:
    """The keys to keep; None: all."""
    must = _ALWAYS | _mandatory(version, type)
    if summary == "text":
        return must | {"text"}
    if summary == "true":
        return must | _summarised(version, type)
    if elements:
        return must | {key for name in elements for key in _keys(version, type, name)}
    return None


def _keys(version: str, type: str, name: str) -> list[str]:
    """`birthDate`, `Patient.birthDate`, `name.family`: the key of the resource itself; of a choice, every one."""
    first = name.removeprefix(type + ".").split(".")[0]
    return [one.key for one in children(version, type).get(first, ())] or [first]


@cache
def _mandatory(version: str, type: str) -> frozenset[str]:
    found = set()
    for path, entry in table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        if parent == type and (entry[0] > 0 or (len(entry) > 4 and entry[4] == "M")):
            found |= {one.key for one in children(version, type)[name.removesuffix("[x]")]}
    return frozenset(found - {"modifierExtension"})


@cache
def _summarised(version: str, type: str) -> frozenset[str]:
    """What the definitions mark as its summary."""
    held = children(version, type)
    names = table(version, "summary").get(type, ())
    return frozenset(one.key for name in names for one in held.get(name.removesuffix("[x]"), ()))


def _tagged(version: str, cut: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    held = dict(cut)
    meta = _object(lossless_json.loads(held.get("meta", b"{}")))
    told = meta.get("tag")
    tags = [one for one in (told if isinstance(told, list) else []) if _object(one).get("code") != "SUBSETTED"]
    meta["tag"] = [*tags, {"system": _OLD_SYSTEM if version in _OLD else _SYSTEM, "code": "SUBSETTED"}]
    begin = [(key, value) for key, value in cut if key in ("resourceType", "id")]
    rest = [(key, value) for key, value in cut if key not in ("resourceType", "id", "meta")]
    return [*begin, ("meta", lossless_json.dumps(meta)), *rest]


def _object(value: Any) -> dict[str, Any]:
    """What was loaded may never have been looked at."""
    return value if isinstance(value, dict) else {}
