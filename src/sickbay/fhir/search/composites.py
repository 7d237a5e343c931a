"""Composite search parameters: several values of the same element, searched together (R4, 3.1.1.5.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import islice, product
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.routing import reference_target
from sickbay.fhir.search import index_values
from sickbay.fhir.search.expressions import Step, follow_path, list_routes
from sickbay.fhir.search.index_entries import Part
from sickbay.fhir.search.parameters import CASELESS_VERSIONS, Kind, SearchParameter, list_components, load_parameters

Way: TypeAlias = tuple[Step, ...]
Read: TypeAlias = Callable[[Any, str], Sequence[Part]]
"""Returns a value as entries. The text is the FHIR base, for references."""
_RATIO = ("quantity", "quantity")
"""Two quantities in the same index row; both must be exact values."""
MAXIMUM_COMBINATIONS = 10_000
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
    """One path to a part of a composite. whole: whether it starts at the resource rather than at the element.

    key: the only step, if there is only one.
    """

    whole: bool
    key: str | None
    steps: Way
    read: Read


class Composite(NamedTuple):
    """An element and the parts to search in it. `base`: its path from the resource; empty: the resource itself."""

    number: int
    base: Way
    parts: tuple[tuple[Component, ...], ...]
    needs: tuple[tuple[str, ...], ...] = ()
    """For each part, the keys; the element must have at least one of them. Not for parts that may be elsewhere. The last part
    comes first, because the first part is usually a code, which all elements have."""
    first: frozenset[str] = frozenset()
    """The resource must have at least one of these keys."""


def list_component_kinds(version: str, parameter: SearchParameter) -> tuple[Kind, ...] | None:
    """Returns the kinds of its parts, in order; None if the composite isn't supported."""
    parts = list_components(version, parameter)
    part_kinds = tuple(part.kind for part in parts if part is not None)
    return part_kinds if len(part_kinds) == len(parts) and part_kinds in SHAPES else None


@cache
def compile_composites(version: str, type: str) -> tuple[Composite, ...]:
    """Returns the composites to index for a type. A composite that others cover isn't indexed again."""
    every = [parameter for parameter in load_parameters(version, type).values() if parameter.kind == "composite"]
    return tuple(
        element
        for parameter in every
        if not list_covering_composites(version, parameter)
        for element in _compile_elements(version, parameter)
    )


def composites_of_keys(version: str, type: str, keys: Sequence[str]) -> tuple[Composite, ...]:
    """Returns the composites of a type that a resource with these keys may have, without parts that it lacks."""
    present = [composite for composite in compile_composites(version, type) if not composite.first.isdisjoint(keys)]
    pruned = (composite if composite.base else _without_absent(composite, keys) for composite in present)
    return tuple(composite for composite in pruned if all(composite.parts))


def _without_absent(composite: Composite, keys: Sequence[str]) -> Composite:
    parts = tuple(tuple(path for path in part if path.key is None or path.key in keys) for part in composite.parts)
    return composite._replace(parts=parts, needs=())


@cache
def list_covering_composites(version: str, parameter: SearchParameter) -> tuple[int, ...]:
    """Returns the numbers of the composites that cover this one: a combo is covered by code-value and component-code-value."""
    own = _compile_elements(version, parameter)
    if len(own) < 2:
        return ()
    others = [other for other in load_parameters(version, parameter.type).values() if other.kind == "composite"]
    single = [elements[0] for other in others if len(elements := _compile_elements(version, other)) == 1]
    covering = [next((other.number for other in single if other[1:] == element[1:]), None) for element in own]
    return () if None in covering else tuple(number for number in covering if number is not None)


@cache
def _compile_elements(version: str, parameter: SearchParameter) -> tuple[Composite, ...]:
    if list_component_kinds(version, parameter) is None:
        return ()
    bases, exact = _compile_bases(version, parameter), list_component_kinds(version, parameter) == _RATIO
    parts = [part for part in list_components(version, parameter) if part is not None]
    compiled_parts = {base: tuple(_compile_component(version, part, base, bases, exact) for part in parts) for base in bases}
    return tuple(
        _compile_composite(parameter.number, base, parts_here) for base, parts_here in compiled_parts.items() if all(parts_here)
    )


def _compile_composite(number: int, base: Way, parts: tuple[tuple[Component, ...], ...]) -> Composite:
    needs = tuple(keys for part in reversed(parts) if (keys := _list_needed_keys(part)))
    first = [str(base[0])] if base else needs[0] if needs else ["resourceType"]
    return Composite(number, base, parts, needs, frozenset(first))


def _list_needed_keys(part: tuple[Component, ...]) -> tuple[str, ...]:
    """Returns keys; the element must have at least one of them. Empty if the part may be elsewhere or is the element."""
    keys = [path.steps[0] if path.steps and not path.whole else None for path in part]
    return tuple(key for key in keys if isinstance(key, str)) if all(isinstance(key, str) for key in keys) else ()


def _compile_bases(version: str, parameter: SearchParameter) -> tuple[Way, ...]:
    bases: list[Way] = []
    for part in (part.strip() for part in parameter.expression.split("|")):
        if part == parameter.type:
            bases.append(())
        else:
            bases += [(route.first, *route.steps) for route in list_routes(version, parameter.type, part)]
    return tuple(bases)


def _compile_component(
    version: str, parameter: SearchParameter, base: Way, bases: tuple[Way, ...], exact: bool
) -> tuple[Component, ...]:
    """Compiles the paths of a part below this element. Paths below none of the elements apply to all of them."""
    paths: list[Component] = []
    for route in list_routes(version, parameter.type, parameter.expression):
        steps: Way = (route.first, *route.steps)
        above = [prefix for prefix in bases if steps[: len(prefix)] == prefix]
        if above and max(above, key=len) != base:
            continue
        steps = steps[len(base) :] if above else steps
        key = steps[0] if len(steps) == 1 and isinstance(steps[0], str) else None
        paths.append(
            Component(not above, key, steps, _reader_of_kind(parameter.kind, route.type, exact, version in CASELESS_VERSIONS))
        )
    return tuple(paths)


def extract_composites(
    composites: Iterable[Composite], resource: dict[str, Any], base: str
) -> tuple[tuple[int, tuple[Part, ...]], ...]:
    """Returns (number, a row for each part) without duplicates, at most MAXIMUM_COMBINATIONS.

    base: the FHIR base, for references.
    """
    found: list[tuple[int, tuple[Part, ...]]] = []
    for number, way, parts, needs, _ in composites:
        shared = _shared_rows(parts, resource, base) if way else [None] * len(parts)
        for node in follow_path([resource], way, resource) if way else (resource,):
            if isinstance(node, dict) and _may_have(needs, node) and len(found) < MAXIMUM_COMBINATIONS:
                values = [
                    _rows_of_node(part, node, resource, base) if (rows := shared[at]) is None else rows
                    for at, part in enumerate(parts)
                ]
                if all(values):
                    found += [(number, row) for row in islice(product(*values), MAXIMUM_COMBINATIONS - len(found))]
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


def _shared_rows(parts: tuple[tuple[Component, ...], ...], resource: dict[str, Any], base: str) -> list[Sequence[Part] | None]:
    """Returns the rows of each part that is outside of the elements. All elements have the same, so they are read once."""
    return [_rows_of_node(part, resource, resource, base) if all(path.whole for path in part) else None for part in parts]


def _may_have(needs: tuple[tuple[str, ...], ...], node: dict[str, Any]) -> bool:
    """Checks for the keys of each part before reading values, because most elements lack one of the parts."""
    for keys in needs:
        for key in keys:
            if key in node:
                break
        else:
            return False
    return True


def _rows_of_node(part: tuple[Component, ...], node: Any, resource: dict[str, Any], base: str) -> Sequence[Part]:
    rows: Sequence[Part] = ()
    for whole, key, steps, read in part:
        start = resource if whole else node
        member = start.get(key) if key is not None else follow_path([start], steps, resource)
        if isinstance(member, list):
            rows = [*rows, *[row for value in member for row in read(value, base)]]
        elif member is not None:
            rows = [*rows, *read(member, base)] if rows else read(member, base)
    return list(dict.fromkeys(rows)) if len(rows) > 1 else rows


@cache
def _reader_of_kind(kind: Kind, type: str, exact: bool, caseless: bool) -> Read:
    """exact: without amounts that have a comparator. Cached, because readers of equal paths are equal."""
    if kind == "token":
        tokens = index_values.token_reader(type)
        if caseless:
            return lambda value, base: [("token", system, code.lower()) for system, code in tokens(value)[0]]
        return lambda value, base: [("token", system, code) for system, code in tokens(value)[0]]
    if kind == "quantity":
        quantities = index_values.quantity_reader(type)
        return lambda value, base: [("quantity", *row) for row in quantities(value) if not exact or row[-1] == row[-2]]
    if kind == "date":
        dates = index_values.date_reader(type)
        return lambda value, base: [("date", low, high) for low, high in dates(value)]
    if kind == "reference":
        referenced = index_values.reference_reader(type)
        return lambda value, base: _reference_parts(referenced(value), base)
    if kind == "string":
        return lambda value, base: [("string", *row) for row in index_values.extract_strings(value, type)]
    if kind == "number":
        return lambda value, base: [("number", *row) for row in index_values.extract_numbers(value, type)]
    return lambda value, base: [("uri", text) for text in index_values.extract_uris(value)]


def _reference_parts(text: str | None, base: str) -> Sequence[Part]:
    address = reference_target(text, base) if text is not None else None
    return (("reference", *address),) if address is not None else ()
