"""Composite search parameters: several values of one element, found together (R4, 3.1.1.5.14)."""

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
"""Two amounts in one row of the index: each is a point in it."""
MOST = 10_000
"""Combinations of one resource: of a hundred codes and a hundred values there are as many."""
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
"""The kinds of parts that there are in the definitions; the index has a place for each."""


class Component(NamedTuple):
    """ways: (whether from the resource itself, steps, type of what stands at their end). exact: no "less than"."""

    kind: Kind
    ways: tuple[tuple[bool, Way, str], ...]
    exact: bool = False


class Composite(NamedTuple):
    """One element, `base` from the resource on (empty: the resource itself), and what is looked for in it."""

    number: int
    base: Way
    components: tuple[Component, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    """For each part the keys of which the element must have one; of parts that are elsewhere nothing is needed. The last part
    first: the first is a code mostly, which all elements have."""
    first: frozenset[str] = frozenset()
    """Keys of which the resource must have one."""


def kinds(version: str, parameter: SearchParameter) -> tuple[Kind, ...] | None:
    """Of its parts, in order; None where the composite is not one that is understood."""
    held = components(version, parameter)
    found = tuple(one.kind for one in held if one is not None)
    return found if len(found) == len(held) and found in SHAPES else None


@cache
def compiled(version: str, type: str) -> tuple[Composite, ...]:
    """What the index holds of a type; a composite that others cover is not held twice."""
    every = [one for one in parameters(version, type).values() if one.kind == "composite"]
    return tuple(each for one in every if not held_by(version, one) for each in _elements(version, one))


@cache
def held_by(version: str, parameter: SearchParameter) -> tuple[int, ...]:
    """The numbers of the composites that cover the elements of this one: code-value and component-code-value, combo's."""
    own = _elements(version, parameter)
    if len(own) < 2:
        return ()
    others = [one for one in parameters(version, parameter.type).values() if one.kind == "composite"]
    single = [found[0] for one in others if len(found := _elements(version, one)) == 1]
    covering = [next((one.number for one in single if one[1:] == each[1:]), None) for each in own]
    return () if None in covering else tuple(one for one in covering if one is not None)


@cache
def _elements(version: str, parameter: SearchParameter) -> tuple[Composite, ...]:
    if kinds(version, parameter) is None:
        return ()
    bases, exact = _bases(version, parameter), kinds(version, parameter) == _RATIO
    held = [one for one in components(version, parameter) if one is not None]
    ways = {base: tuple(_component(version, one, base, bases, exact) for one in held) for base in bases}
    return tuple(_compiled(parameter.number, base, found) for base, found in ways.items() if all(one.ways for one in found))


def _compiled(number: int, base: Way, parts: tuple[Component, ...]) -> Composite:
    needs = tuple(needed for one in reversed(parts) if (needed := _needed(one)))
    first = [str(base[0])] if base else needs[0] if needs else ["resourceType"]
    return Composite(number, base, parts, needs, frozenset(first))


def _needed(component: Component) -> tuple[str, ...]:
    """Keys of which the element must have one; none where a part may stand elsewhere, or is the element itself."""
    keys = [way[0] if way and not whole else None for whole, way, _ in component.ways]
    return tuple(one for one in keys if isinstance(one, str)) if all(isinstance(one, str) for one in keys) else ()


def _bases(version: str, parameter: SearchParameter) -> tuple[Way, ...]:
    found: list[Way] = []
    for part in (one.strip() for one in parameter.expression.split("|")):
        if part == parameter.type:
            found.append(())
        else:
            found += [(route.first, *route.steps) for route in routes(version, parameter.type, part)]
    return tuple(found)


def _component(version: str, one: SearchParameter, base: Way, bases: tuple[Way, ...], exact: bool) -> Component:
    """Its ways below this element; what stands below none of the elements is the same for all."""
    ways = []
    for route in routes(version, one.type, one.expression):
        whole: Way = (route.first, *route.steps)
        above = [each for each in bases if whole[: len(each)] == each]
        if not above:
            ways.append((True, whole, route.type))
        elif max(above, key=len) == base:
            ways.append((False, whole[len(base) :], route.type))
    return Component(one.kind, tuple(ways), exact)


def composites(version: str, resource: dict[str, Any], base: str) -> tuple[tuple[int, tuple[Part, ...]], ...]:
    """(number, one row for each part), each once, MOST of them. base: the FHIR base, for references."""
    found: dict[tuple[int, tuple[Part, ...]], None] = {}
    keys = resource.keys()
    for number, way, parts, needs, first in compiled(version, resource["resourceType"]):
        if keys.isdisjoint(first):
            continue
        for node in follow([resource], way, resource) if way else (resource,):
            if isinstance(node, dict) and _may_have(needs, node):
                held = [_rows(each, node, resource, base) for each in parts]
                for row in islice(product(*held), MOST - len(found)):
                    found[number, row] = None
    return tuple(found)


def _may_have(needs: tuple[tuple[str, ...], ...], node: dict[str, Any]) -> bool:
    """Most elements lack one of the parts: seen by its first key, before anything is read."""
    for keys in needs:
        for key in keys:
            if key in node:
                break
        else:
            return False
    return True


def _rows(component: Component, node: Any, resource: dict[str, Any], base: str) -> dict[Part, None]:
    kind, ways, exact = component
    found: dict[Part, None] = {}
    for whole, way, type in ways:
        start = resource if whole else node
        if len(way) == 1 and isinstance(way[0], str):
            held = start.get(way[0])
            nodes = held if isinstance(held, list) else (held,)
        else:
            nodes = follow([start], way, resource)
        for value in nodes:
            for row in _READ[kind](value, type) if kind != "reference" else _referred(value, type, base):
                if not exact or row[-1] == row[-2]:
                    found[kind, *row] = None
    return found


def _referred(value: Any, type: str, base: str) -> Sequence[Part]:
    text = index_values.referenced(value, type)
    found = target(text, base) if text is not None else None
    return (found,) if found is not None else ()


_READ: dict[Kind, Callable[[Any, str], Sequence[Part]]] = {
    "token": index_values.tokens,
    "quantity": index_values.quantities,
    "date": index_values.dates,
    "string": index_values.strings,
    "number": index_values.numbers,
    "uri": lambda value, type: [(one,) for one in index_values.uris(value, type)],
}
