"""The XML elements and attributes of a version, in order, with a separate entry for each type of a choice."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sickbay.fhir.definitions import load_table
from sickbay.fhir.elements import list_children
from sickbay.fhir.search.parameters import known_types
from sickbay.fhir.validation.shapes import load_primitives

NAMESPACE = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"


class XmlElement(NamedTuple):
    """A possible child of an element. path: where its own children are listed. many: whether it may repeat.

    kind: primitive, complex, resource (any whole resource), xhtml, attribute.
    """

    key: str
    type: str
    path: str
    many: bool
    kind: str


_QUANTITY = ("Age", "Count", "Distance", "Duration")


@cache
def load_layout(version: str, path: str) -> dict[str, XmlElement]:
    """Returns key -> slot, in XML order. Empty if the path has no children (a primitive has id and extension)."""
    rows = _rows_of_version(version)
    if path not in rows and path in _QUANTITY:
        path = "Quantity"
    slots: dict[str, XmlElement] = {}
    for name, many in rows.get(path, ()):
        choice = name.endswith("[x]")
        for child in list_children(version, path).get(name.removesuffix("[x]"), ()):
            if choice or child.key == name:
                slots[child.key] = XmlElement(
                    child.key, child.type, child.path, many, _kind_of_child(version, path, child.key, child.type)
                )
    return slots


@cache
def inside_primitive(version: str) -> dict[str, XmlElement]:
    """Returns the slots of a primitive: id as an attribute, and extensions."""
    return {key: slot for key, slot in load_layout(version, "Extension").items() if key in ("id", "extension")}


def _kind_of_child(version: str, path: str, key: str, type: str) -> str:
    """Returns the kind of a child. `id` is an attribute except in a resource, and so is the `url` of an extension."""
    if (key == "id" and path not in known_types(version)) or (path == "Extension" and key == "url"):
        return "attribute"
    if type in ("Resource", "xhtml"):
        return type.lower()
    return "primitive" if type in load_primitives() else "complex"


@cache
def _rows_of_version(version: str) -> dict[str, list[tuple[str, bool]]]:
    by_parent: dict[str, list[tuple[str, bool]]] = {}
    for path, row in load_table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        by_parent.setdefault(parent, []).append((name, row[1] != "1"))
    return by_parent
