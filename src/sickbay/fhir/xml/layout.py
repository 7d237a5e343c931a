"""The elements of a version as XML has them: in order, each key of a choice by itself, attributes apart."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sickbay.fhir.definitions import table
from sickbay.fhir.elements import children
from sickbay.fhir.search.parameters import known_types
from sickbay.fhir.validation.primitives import PRIMITIVES

NAMESPACE = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"


class XmlElement(NamedTuple):
    """One name that may stand in the element of a path. path: where its own children are listed. many: it may repeat.

    kind: primitive, complex, resource (any whole resource), xhtml, attribute.
    """

    key: str
    type: str
    path: str
    many: bool
    kind: str


_QUANTITY = ("Age", "Count", "Distance", "Duration")


@cache
def layout(version: str, path: str) -> dict[str, XmlElement]:
    """Key -> slot, in the order of the XML. Empty where the path has no children (a primitive has id and extension)."""
    rows = _rows(version)
    if path not in rows and path in _QUANTITY:
        path = "Quantity"
    found: dict[str, XmlElement] = {}
    for name, many in rows.get(path, ()):
        choice = name.endswith("[x]")
        for one in children(version, path).get(name.removesuffix("[x]"), ()):
            if choice or one.key == name:
                found[one.key] = XmlElement(one.key, one.type, one.path, many, _kind(version, path, one.key, one.type))
    return found


@cache
def inside_primitive(version: str) -> dict[str, XmlElement]:
    """What may stand in a primitive: id as an attribute, extensions."""
    return {key: slot for key, slot in layout(version, "Extension").items() if key in ("id", "extension")}


def _kind(version: str, path: str, key: str, type: str) -> str:
    """`id` is an attribute but in a resource, and so is the `url` of an extension."""
    if (key == "id" and path not in known_types(version)) or (path == "Extension" and key == "url"):
        return "attribute"
    if type in ("Resource", "xhtml"):
        return type.lower()
    return "primitive" if type in PRIMITIVES else "complex"


@cache
def _rows(version: str) -> dict[str, list[tuple[str, bool]]]:
    found: dict[str, list[tuple[str, bool]]] = {}
    for path, row in table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        found.setdefault(parent, []).append((name, row[1] != "1"))
    return found
