"""Compiles the FHIRPath subset that search parameters use into routes through a resource, which is a plain dict.

Supports paths, `|`, `where(x='y')`, `where(resolve() is T)`, `as`/`as()`/`ofType()`, `extension(url)`, `hasExtension(url)`,
`where(extension(url).exists())`, `[n]` and `exists() and … != false`. Types are resolved when compiling, so the type of a
choice is known at run time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from sickbay.fhir.elements import Child, list_children
from sickbay.kernel.memoize import cache_results

Test: TypeAlias = Callable[[Any, dict[str, Any]], bool]
Step: TypeAlias = str | int | Test
_CALL = re.compile(r"(\w+)\((.*)\)$", re.S)
_CAST = re.compile(r"(.*)\sas\s+(\w+)$", re.S)
_EXISTS = re.compile(r"(.+)\.exists\(\) and \1 != false$")
_EQUAL = re.compile(r"(\w+)\s*=\s*'([^']*)'$")
_RESOLVES = re.compile(r"resolve\(\) is (\w+)$")
_HAS = re.compile(r"(?:hasExtension\('([^']*)'\)|extension\('([^']*)'\)\.exists\(\))$")


class Unsupported(ValueError):
    """The expression is outside the subset. A test makes sure that no table contains one."""


class ElementPath(NamedTuple):
    """A path into a resource: the first key, the remaining steps, and the type of the element at the end.

    A step is a key, an index, or a test on (node, whole resource). `first` "": start at the resource itself.
    """

    first: str
    steps: tuple[Step, ...]
    type: str


@cache
def list_routes(version: str, type: str, expression: str) -> tuple[ElementPath, ...]:
    """Returns the routes of an expression on a type. Raises Unsupported."""
    compiled: dict[ElementPath, None] = {}
    for part in _split_alternatives(expression):
        for route in _compile_part(version, type, part):
            compiled[route] = None
    return tuple(compiled)


@cache
def list_kinds(version: str, type: str, expression: str) -> frozenset[str]:
    """Returns the types of the elements that an expression leads to. Raises Unsupported."""
    return frozenset(route.type for route in list_routes(version, type, expression))


def follow_route(route: ElementPath, resource: dict[str, Any]) -> list[Any]:
    """Returns the nodes that the route leads to, in document order."""
    start = resource if route.first == "" else resource.get(route.first)
    return [] if start is None else follow_path(start, route.steps, resource)


def follow_path(start: Any, steps: tuple[Step, ...], resource: dict[str, Any]) -> list[Any]:
    """Returns the nodes that `steps` lead to, starting from the value of the first key."""
    nodes = start if isinstance(start, list) else [start]
    for step in steps:
        if isinstance(step, str):
            nodes = _child_nodes(nodes, step)
        elif isinstance(step, int):
            nodes = nodes[step : step + 1]
        else:
            nodes = [node for node in nodes if step(node, resource)]
        if not nodes:
            break
    return nodes if None not in nodes else [node for node in nodes if node is not None]


def split_test(route: ElementPath) -> tuple[ElementPath, Resolves | None]:
    """Separates a test of the target at the end, because parameters of the same path, such as `subject` and `patient`, read it
    once.
    """
    test = route.steps[-1] if route.steps else None
    return (route._replace(steps=route.steps[:-1]), test) if isinstance(test, Resolves) else (route, None)


def _child_nodes(nodes: list[Any], key: str) -> list[Any]:
    result: list[Any] = []
    for node in nodes:
        value = node.get(key) if isinstance(node, dict) else None
        if isinstance(value, list):
            result.extend(value)
        elif value is not None:
            result.append(value)
    return result


def _compile_part(version: str, type: str, part: str) -> Iterator[ElementPath]:
    exists = _EXISTS.match(part)
    if exists:
        inner = tuple(_compile_part(version, type, exists[1]))
        yield ElementPath("", (Present(inner),), "presence")
        return
    steps = list(_parse_path(part))
    if not steps or steps[0] != type:
        raise Unsupported(f"{part} doesn't begin with {type}")
    spots: list[tuple[tuple[Step, ...], Child]] = [((), Child("", type, type))]
    for step in steps[1:]:
        spots = list(_advance_spots(version, spots, step))
    for way, child in spots:
        if way and isinstance(way[0], str):
            yield ElementPath(way[0], way[1:], child.type)


def _advance_spots(
    version: str, spots: list[tuple[tuple[Step, ...], Child]], step: str
) -> Iterator[tuple[tuple[Step, ...], Child]]:
    call = _CALL.match(step)
    for way, at in spots:
        if call and call[1] in ("as", "ofType"):
            cast = call[2].strip()
            if at.type == cast:
                yield way, at
            elif at.type == "Resource":
                yield (*way, _Equals("resourceType", cast)), Child(at.key, cast, cast)
        elif call and call[1] == "where":
            yield (*way, _parse_test(call[2].strip())), at
        elif call and call[1] == "extension":
            url = call[2].strip().strip("'")
            yield (*way, "extension", _Equals("url", url)), Child("extension", "Extension", "Extension")
        elif call:
            raise Unsupported(step)
        elif step.isdigit():
            yield (*way, int(step)), at
        else:
            yield from (((*way, child.key), child) for child in list_children(version, at.path).get(step, ()))


def _parse_test(text: str) -> Test:
    equal, resolves, has = _EQUAL.match(text), _RESOLVES.match(text), _HAS.match(text)
    if equal:
        return _Equals(equal[1], equal[2])
    if resolves:
        return Resolves(resolves[1])
    if has:
        return _HasExtension(has[1] or has[2])
    raise Unsupported(text)


class _Equals(Struct, frozen=True):
    key: str
    value: str

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        return isinstance(node, dict) and node.get(self.key) == self.value


class _HasExtension(Struct, frozen=True):
    url: str

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        return isinstance(node, dict) and any(
            isinstance(extension, dict) and extension.get("url") == self.url for extension in _child_nodes([node], "extension")
        )


class Resolves(Struct, frozen=True):
    """`resolve() is T`, determined from the reference itself; nothing is fetched."""

    type: str

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        if not isinstance(node, dict):
            return False
        target = node.get("reference")
        if not isinstance(target, str):
            return False
        if target.startswith("#"):
            return any(
                isinstance(contained, dict) and contained.get("id") == target[1:] and contained.get("resourceType") == self.type
                for contained in _child_nodes([resource], "contained")
            )
        return node.get("type") == self.type or _type_in(target) == self.type


@cache_results(16_384)
def _type_in(reference: str) -> str | None:
    parts = reference.split("/_history/", 1)[0].rsplit("/", 2)
    return parts[-2] if len(parts) >= 2 else None


class Present(Struct, frozen=True):
    """`X.exists() and X != false`: a route to the resource itself with a boolean value (see fhir.search.index)."""

    ways: tuple[ElementPath, ...]

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        return True

    def value(self, resource: dict[str, Any]) -> bool:
        values = [value for way in self.ways for value in follow_route(way, resource)]
        return bool(values) and values != [False]


def _split_alternatives(expression: str) -> Iterator[str]:
    yield from (part.strip() for part in _split_outside_brackets(expression, "|") if part.strip())


def _split_outside_brackets(text: str, separator: str) -> Iterator[str]:
    """Splits at separators outside of brackets and quotation marks."""
    depth, quoted, begin = 0, False, 0
    for position, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
            if letter == separator and depth == 0:
                yield text[begin:position]
                begin = position + 1
    yield text[begin:]


def _parse_path(text: str) -> Iterator[str]:
    """Yields the steps of a path: names, digits for an index, `as(T)` for both forms of a cast."""
    for step in _split_outside_brackets(text.strip(), "."):
        if step.startswith("(") and step.endswith(")"):
            yield from _read_cast(step[1:-1])
            continue
        name, *indexes = step.replace("]", "").split("[") if not _CALL.match(step) else [step]
        if not re.match(r"\w+", name):
            raise Unsupported(text)
        yield name
        yield from indexes


def _read_cast(inner: str) -> Iterator[str]:
    cast = _CAST.match(inner)
    yield from _parse_path(cast[1] if cast else inner)
    if cast:
        yield f"as({cast[2]})"
