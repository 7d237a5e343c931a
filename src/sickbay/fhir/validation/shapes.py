"""Compiles the tables of a version: for every path, its possible children and how each value is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir.definitions import table
from sickbay.fhir.validation import invariants, narrative
from sickbay.fhir.validation.invariants import Invariant
from sickbay.fhir.validation.primitives import PRIMITIVES, ValueCheck

_INLINE = ("BackboneElement", "Element")
_FROM_QUANTITY = ("Age", "Count", "Distance", "Duration")


class Element(NamedTuple):
    """A possible JSON key. check: for a primitive. home: path of a complex value's shape, "Resource" for a whole resource.

    targets: the types that a Reference may refer to, None for any. group: the bare name of a choice, "" for other elements.
    """

    many: bool
    check: ValueCheck | None = None
    home: str = ""
    targets: frozenset[str] | None = None
    group: str = ""


@dataclass(slots=True)
class Shape:
    """required: (name, its keys, one of which must be there). invariants: for the whole value.

    plain: checks for primitives that don't repeat, which most elements are. single: other elements that don't repeat.
    choices: key -> bare name.
    """

    elements: dict[str, Element] = field(default_factory=dict)
    required: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    plain: dict[str, ValueCheck] = field(default_factory=dict)
    single: dict[str, Element] = field(default_factory=dict)


@cache
def shape(version: str, path: str) -> Shape:
    """Returns the shape at a path: a resource type, a datatype, or an element with children. Raises KeyError."""
    rows, compiled = _under(version), Shape(invariants=invariants.of(version, path))
    if path not in rows and path in _FROM_QUANTITY:
        path = "Quantity"
    for name, row in rows[path]:
        _add(compiled, version, path, name, row)
    if version == "dstu2":
        compiled.elements.setdefault("fhir_comments", Element(True, PRIMITIVES["string"]))
    compiled.choices = {key: element.group for key, element in compiled.elements.items() if element.group}
    singles = {key: element for key, element in compiled.elements.items() if not element.many}
    compiled.plain = {key: element.check for key, element in singles.items() if element.check is not None}
    compiled.single = {key: element for key, element in singles.items() if element.check is None}
    if path in table(version, "search"):
        compiled.plain["resourceType"] = lambda value: None  # it was checked to find the shape
    return compiled


def _add(compiled: Shape, version: str, path: str, name: str, row: list[Any]) -> None:
    base = name.removesuffix("[x]")
    choice = base != name
    many = row[1] != "1"
    keys = []
    for type, targets in _types(row[2]):
        key = base + type[0].upper() + type[1:] if choice else base
        keys.append(key)
        element = _element(version, path, name, type, targets, many, row)
        compiled.elements[key] = element._replace(group=base) if choice else element
    if row[0] > 0:
        compiled.required.append((name, tuple(keys)))


def _types(types: list[str]) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Yields each type and, for a Reference, the types it may refer to."""
    for text in types:
        type, _, targets = text.partition(":")
        allowed = frozenset(targets.split("|")) if targets and type == "Reference" else None
        yield type, None if allowed is None or "Resource" in allowed else allowed


def _element(
    version: str, path: str, name: str, type: str, targets: frozenset[str] | None, many: bool, row: list[Any]
) -> Element:
    if type.startswith("@"):
        return Element(many, home=type[1:])
    if type in _INLINE:
        return Element(many, home=f"{path}.{name}")
    if type == "xhtml":
        return Element(many, narrative.check_dstu2 if version == "dstu2" else narrative.check)
    if type == "code" and len(row) > 3 and row[3]:
        return Element(many, _coded(version, row[3]))
    if name == "id" and "." not in path and path in table(version, "search"):
        return Element(many, PRIMITIVES["id"])
    if type in PRIMITIVES:
        return Element(many, PRIMITIVES[type])
    return Element(many, home=type, targets=targets)


@cache
def _coded(version: str, value_set: str) -> ValueCheck:
    """Checks a required binding. For value sets that the tables don't list (media types, languages), checks only the form."""
    plain = PRIMITIVES["code"]
    codes = table(version, "codes").get(value_set.partition("|")[0])
    if codes is None:
        return plain
    known = frozenset(codes)
    allowed = ", ".join(sorted(known)) if len(known) <= 12 else f"the codes of {value_set.partition('|')[0]}"

    def check(value: Any) -> str | None:
        if isinstance(value, str) and value in known:
            return None
        return plain(value) or f"must be one of: {allowed}"

    return check


@cache
def _under(version: str) -> dict[str, list[tuple[str, list[Any]]]]:
    by_parent: dict[str, list[tuple[str, list[Any]]]] = {}
    for path, row in table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        if name:
            by_parent.setdefault(parent, []).append((name, row))
    return by_parent
