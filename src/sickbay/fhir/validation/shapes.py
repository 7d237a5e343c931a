"""The tables of a version compiled: for every path, what may stand under it and how each value is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir.definitions import table
from sickbay.fhir.validation import invariants, narrative
from sickbay.fhir.validation.invariants import Invariant
from sickbay.fhir.validation.primitives import PRIMITIVES, Says

_INLINE = ("BackboneElement", "Element")
_FROM_QUANTITY = ("Age", "Count", "Distance", "Duration")


class Element(NamedTuple):
    """One key. says: of a primitive. home: path of the shape of a complex value, "Resource" for a whole resource.

    targets: the types a Reference may lead to, None for any. group: the bare name of a choice, "" where it is none.
    """

    many: bool
    says: Says | None = None
    home: str = ""
    targets: frozenset[str] | None = None
    group: str = ""


@dataclass(slots=True)
class Shape:
    """required: (name, all keys of which one must be there). invariants: what must hold of the whole value.

    plain: how a single primitive is looked at, which most are: no more is asked of an element. choices: key -> bare name.
    """

    elements: dict[str, Element] = field(default_factory=dict)
    required: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    plain: dict[str, Says] = field(default_factory=dict)


@cache
def shape(version: str, path: str) -> Shape:
    """The shape at a path: a resource type, a datatype, or an element with children of its own. Raises KeyError."""
    rows, found = _under(version), Shape(invariants=invariants.of(version, path))
    if path not in rows and path in _FROM_QUANTITY:
        path = "Quantity"
    for name, row in rows[path]:
        _add(found, version, path, name, row)
    if version == "dstu2":
        found.elements.setdefault("fhir_comments", Element(True, PRIMITIVES["string"]))
    found.choices = {key: one.group for key, one in found.elements.items() if one.group}
    found.plain = {key: one.says for key, one in found.elements.items() if one.says is not None and not one.many}
    if path in table(version, "search"):
        found.plain["resourceType"] = lambda value: None  # it was looked at before the shape was known
    return found


def _add(found: Shape, version: str, path: str, name: str, row: list[Any]) -> None:
    base = name.removesuffix("[x]")
    choice = base != name
    many = row[1] != "1"
    keys = []
    for type, targets in _types(row[2]):
        key = base + type[0].upper() + type[1:] if choice else base
        keys.append(key)
        made = _element(version, path, name, type, targets, many, row)
        found.elements[key] = made._replace(group=base) if choice else made
    if row[0] > 0:
        found.required.append((name, tuple(keys)))


def _types(types: list[str]) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Type and, of a Reference, the types it may lead to."""
    for one in types:
        type, _, targets = one.partition(":")
        named = frozenset(targets.split("|")) if targets and type == "Reference" else None
        yield type, None if named is None or "Resource" in named else named


def _element(
    version: str, path: str, name: str, type: str, targets: frozenset[str] | None, many: bool, row: list[Any]
) -> Element:
    if type.startswith("@"):
        return Element(many, home=type[1:])
    if type in _INLINE:
        return Element(many, home=f"{path}.{name}")
    if type == "xhtml":
        return Element(many, narrative.says_dstu2 if version == "dstu2" else narrative.says)
    if type == "code" and len(row) > 3 and row[3]:
        return Element(many, _coded(version, row[3]))
    if name == "id" and "." not in path and path in table(version, "search"):
        return Element(many, PRIMITIVES["id"])
    if type in PRIMITIVES:
        return Element(many, PRIMITIVES[type])
    return Element(many, home=type, targets=targets)


@cache
def _coded(version: str, value_set: str) -> Says:
    """A required binding; of a value set that the tables do not list (media types, languages) the form alone."""
    plain = PRIMITIVES["code"]
    codes = table(version, "codes").get(value_set.partition("|")[0])
    if codes is None:
        return plain
    known = frozenset(codes)
    few = ", ".join(sorted(known)) if len(known) <= 12 else f"the codes of {value_set.partition('|')[0]}"

    def says(value: Any) -> str | None:
        if isinstance(value, str) and value in known:
            return None
        return plain(value) or f"must be one of: {few}"

    return says


@cache
def _under(version: str) -> dict[str, list[tuple[str, list[Any]]]]:
    found: dict[str, list[tuple[str, list[Any]]]] = {}
    for path, row in table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        if name:
            found.setdefault(parent, []).append((name, row))
    return found
