"""Composite search parameters: several values of the same element, searched together (R4, 3.1.1.5.14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice, product
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.references import target
from sickbay.fhir.search import index_values
from sickbay.fhir.search.expressions import Step, follow, routes
from sickbay.fhir.search.index_entries import Part
from sickbay.fhir.search.parameters import components, parameters
from sickbay.fhir.search.query import Kind, SearchParameter

Way: TypeAlias = tuple[Step, ...]
_RATIO = ("quantity", "quantity")
"""Two quantities in the same index row; both must be exact values."""
MOST = 10_000
"""Maximum number of combinations in a resource, reached with a hundred codes and a hundred values."""
SHAPES = frozenset(
    {
        ("token", "token"),
        ("token", "quantity"),
        ("token", "date"),
        ("token", "string"),
        ("token", "reference"),
        ("reference", "token"),
        ("token", "number"),
        ("token", "uri"),
        ("token", "number", "number"),
        ("token", "date", "token"),
        ("reference", "date"),
        ("quantity", "quantity"),
        ("uri", "token"),
    }
)
"""The combinations of part kinds in the definitions. The index has columns for each of them."""


class Component(NamedTuple):
    """ways: (whether the path starts at the resource, steps, type at the end). exact: no quantities with a comparator."""

    kind: Kind
    ways: tuple[tuple[bool, Way, str], ...]
    exact: bool = False


class Composite(NamedTuple):
    """An element and the parts to search in it. `base`: its path from the resource; empty: the resource itself."""

    number: int
    base: Way
    components: tuple[Component, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    """For each part, the keys; the element must have at least one of them. Not for parts that may be elsewhere. The last part
    comes first, because the first part is usually a code, which all elements have."""
    first: frozenset[str] = frozenset()
    """The resource must have at least one of these keys."""


def kinds(version: str, parameter: SearchParameter) -> tuple[Kind, ...] | None:
    """Returns the kinds of its parts, in order; None if the composite isn't supported."""
    parts = components(version, parameter)
    part_kinds = tuple(part.kind for part in parts if part is not None)
    return part_kinds if len(part_kinds) == len(parts) and part_kinds in SHAPES else None


@cache
def compiled(version: str, type: str) -> tuple[Composite, ...]:
    """Returns the composites to index for a type. A composite that others cover isn't indexed again."""
    every = [parameter for parameter in parameters(version, type).values() if parameter.kind == "composite"]
    return tuple(element for parameter in every if not held_by(version, parameter) for element in _elements(version, parameter))


@cache
def held_by(version: str, parameter: SearchParameter) -> tuple[int, ...]:
    """Returns the numbers of the composites that cover this one: a combo is covered by code-value and component-code-value."""
    own = _elements(version, parameter)
    if len(own) < 2:
        return ()
    others = [other for other in parameters(version, parameter.type).values() if other.kind == "composite"]
    single = [elements[0] for other in others if len(elements := _elements(version, other)) == 1]
    covering = [next((other.number for other in single if other[1:] == element[1:]), None) for element in own]
    return () if None in covering else tuple(number for number in covering if number is not None)


@cache
def _elements(version: str, parameter: SearchParameter) -> tuple[Composite, ...]:
    if kinds(version, parameter) is None:
        return ()
    bases, exact = _bases(version, parameter), kinds(version, parameter) == _RATIO
    parts = [part for part in components(version, parameter) if part is not None]
    compiled_parts = {base: tuple(_component(version, part, base, bases, exact) for part in parts) for base in bases}
    return tuple(
        _compiled(parameter.number, base, parts_here)
        for base, parts_here in compiled_parts.items()
        if all(part.ways for part in parts_here)
    )


def _compiled(number: int, base: Way, parts: tuple[Component, ...]) -> Composite:
    needs = tuple(keys for part in reversed(parts) if (keys := _needed(part)))
    first = [str(base[0])] if base else needs[0] if needs else ["resourceType"]
    return Composite(number, base, parts, needs, frozenset(first))


def _needed(component: Component) -> tuple[str, ...]:
    """Returns keys; the element must have at least one of them. Empty if the part may be elsewhere or is the element."""
    keys = [way[0] if way and not whole else None for whole, way, _ in component.ways]
    return tuple(key for key in keys if isinstance(key, str)) if all(isinstance(key, str) for key in keys) else ()


def _bases(version: str, parameter: SearchParameter) -> tuple[Way, ...]:
    bases: list[Way] = []
    for part in (part.strip() for part in parameter.expression.split("|")):
        if part == parameter.type:
            bases.append(())
        else:
            bases += [(route.first, *route.steps) for route in routes(version, parameter.type, part)]
    return tuple(bases)


def _component(version: str, parameter: SearchParameter, base: Way, bases: tuple[Way, ...], exact: bool) -> Component:
    """Compiles the paths of a part below this element. Paths below none of the elements apply to all of them."""
    ways = []
    for route in routes(version, parameter.type, parameter.expression):
        whole: Way = (route.first, *route.steps)
        above = [prefix for prefix in bases if whole[: len(prefix)] == prefix]
        if not above:
            ways.append((True, whole, route.type))
        elif max(above, key=len) == base:
            ways.append((False, whole[len(base) :], route.type))
    return Component(parameter.kind, tuple(ways), exact)


def composites(version: str, resource: dict[str, Any], base: str) -> tuple[tuple[int, tuple[Part, ...]], ...]:
    """Returns (number, a row for each part) without duplicates, at most MOST. base: the FHIR base, for references."""
    rows: dict[tuple[int, tuple[Part, ...]], None] = {}
    keys = resource.keys()
    for number, way, parts, needs, first in compiled(version, resource["resourceType"]):
        if keys.isdisjoint(first):
            continue
        for node in follow([resource], way, resource) if way else (resource,):
            if isinstance(node, dict) and _may_have(needs, node):
                values = [_rows(part, node, resource, base) for part in parts]
                for row in islice(product(*values), MOST - len(rows)):
                    rows[number, row] = None
    return tuple(rows)


def _may_have(needs: tuple[tuple[str, ...], ...], node: dict[str, Any]) -> bool:
    """Checks for the keys of each part before reading values, because most elements lack one of the parts."""
    for keys in needs:
        for key in keys:
            if key in node:
                break
        else:
            return False
    return True


def _rows(component: Component, node: Any, resource: dict[str, Any], base: str) -> dict[Part, None]:
    kind, ways, exact = component
    rows: dict[Part, None] = {}
    for whole, way, type in ways:
        start = resource if whole else node
        if len(way) == 1 and isinstance(way[0], str):
            member = start.get(way[0])
            nodes = member if isinstance(member, list) else (member,)
        else:
            nodes = follow([start], way, resource)
        for value in nodes:
            for row in _READ[kind](value, type) if kind != "reference" else _referred(value, type, base):
                if not exact or row[-1] == row[-2]:
                    rows[kind, *row] = None
    return rows


def _referred(value: Any, type: str, base: str) -> Sequence[Part]:
    text = index_values.referenced(value, type)
    address = target(text, base) if text is not None else None
    return (address,) if address is not None else ()


_READ: dict[Kind, Callable[[Any, str], Sequence[Part]]] = {
    "token": index_values.tokens,
    "quantity": index_values.quantities,
    "date": index_values.dates,
    "string": index_values.strings,
    "number": index_values.numbers,
    "uri": lambda value, type: [(text,) for text in index_values.uris(value, type)],
}
