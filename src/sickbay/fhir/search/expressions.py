"""The FHIRPath subset of the search parameters, compiled to routes through a resource that is a plain dict.

Paths, `|`, `where(x='y')`, `where(resolve() is T)`, `as`/`as()`/`ofType()`, `extension(url)`, `hasExtension(url)`,
`where(extension(url).exists())`, `[n]`
and `exists() and … != false`. Types are known when compiling, so a choice needs no guess while running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.elements import Child, children
from sickbay.kernel.memoize import memoize

Test: TypeAlias = Callable[[Any, dict[str, Any]], bool]
Step: TypeAlias = str | int | Test
_CALL = re.compile(r"(\w+)\((.*)\)$", re.S)
_CAST = re.compile(r"(.*)\sas\s+(\w+)$", re.S)
_EXISTS = re.compile(r"(.+)\.exists\(\) and \1 != false$")
_EQUAL = re.compile(r"(\w+)\s*=\s*'([^']*)'$")
_RESOLVES = re.compile(r"resolve\(\) is (\w+)$")
_HAS = re.compile(r"(?:hasExtension\('([^']*)'\)|extension\('([^']*)'\)\.exists\(\))$")


class Unsupported(ValueError):
    """The expression is outside the subset; a table that holds one fails the tests."""


class ElementPath(NamedTuple):
    """One way into a resource: the first key, the steps from there, the type of what stands at the end.

    A step is a key, an index, or a test on (node, whole resource). `first` "": begin at the resource itself.
    """

    first: str
    steps: tuple[Step, ...]
    type: str


@cache
def routes(version: str, type: str, expression: str) -> tuple[ElementPath, ...]:
    """The routes of one expression on one type. Raises Unsupported."""
    found: dict[ElementPath, None] = {}
    for part in _alternatives(expression):
        for route in _compile(version, type, part):
            found[route] = None
    return tuple(found)


@cache
def kinds(version: str, type: str, expression: str) -> frozenset[str]:
    """The types of the elements that an expression leads to. Raises Unsupported."""
    return frozenset(one.type for one in routes(version, type, expression))


def walk(route: ElementPath, resource: dict[str, Any]) -> list[Any]:
    """What the route leads to, in document order."""
    start = resource if route.first == "" else resource.get(route.first)
    return [] if start is None else follow(start, route.steps, resource)


def follow(start: Any, steps: tuple[Step, ...], resource: dict[str, Any]) -> list[Any]:
    """The nodes that `steps` lead to from the value of the first key."""
    nodes = start if isinstance(start, list) else [start]
    for step in steps:
        if isinstance(step, str):
            nodes = _children(nodes, step)
        elif isinstance(step, int):
            nodes = nodes[step : step + 1]
        else:
            nodes = [node for node in nodes if step(node, resource)]
        if not nodes:
            break
    return nodes if None not in nodes else [node for node in nodes if node is not None]


def _children(nodes: list[Any], key: str) -> list[Any]:
    found: list[Any] = []
    for node in nodes:
        value = node.get(key) if isinstance(node, dict) else None
        if isinstance(value, list):
            found.extend(value)
        elif value is not None:
            found.append(value)
    return found


def _compile(version: str, type: str, part: str) -> Iterator[ElementPath]:
    exists = _EXISTS.match(part)
    if exists:
        inner = tuple(_compile(version, type, exists[1]))
        yield ElementPath("", (Present(inner),), "presence")
        return
    steps = list(_parse(part))
    if not steps or steps[0] != type:
        raise Unsupported(f"{part} does not begin at {type}")
    spots: list[tuple[tuple[Step, ...], Child]] = [((), Child("", type, type))]
    for step in steps[1:]:
        spots = list(_advance(version, spots, step))
    for way, child in spots:
        if way and isinstance(way[0], str):
            yield ElementPath(way[0], way[1:], child.type)


def _advance(version: str, spots: list[tuple[tuple[Step, ...], Child]], step: str) -> Iterator[tuple[tuple[Step, ...], Child]]:
    call = _CALL.match(step)
    for way, at in spots:
        if call and call[1] in ("as", "ofType"):
            cast = call[2].strip()
            if at.type == cast:
                yield way, at
            elif at.type == "Resource":
                yield (*way, _Equals("resourceType", cast)), Child(at.key, cast, cast)
        elif call and call[1] == "where":
            yield (*way, _test(call[2].strip())), at
        elif call and call[1] == "extension":
            url = call[2].strip().strip("'")
            yield (*way, "extension", _Equals("url", url)), Child("extension", "Extension", "Extension")
        elif call:
            raise Unsupported(step)
        elif step.isdigit():
            yield (*way, int(step)), at
        else:
            yield from (((*way, one.key), one) for one in children(version, at.path).get(step, ()))


def _test(text: str) -> Test:
    equal, resolves, has = _EQUAL.match(text), _RESOLVES.match(text), _HAS.match(text)
    if equal:
        return _Equals(equal[1], equal[2])
    if resolves:
        return _Resolves(resolves[1])
    if has:
        return _HasExtension(has[1] or has[2])
    raise Unsupported(text)


@dataclass(frozen=True, slots=True)
class _Equals:
    key: str
    value: str

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        return isinstance(node, dict) and node.get(self.key) == self.value


@dataclass(frozen=True, slots=True)
class _HasExtension:
    url: str

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        return isinstance(node, dict) and any(
            isinstance(one, dict) and one.get("url") == self.url for one in _children([node], "extension")
        )


@dataclass(frozen=True, slots=True)
class _Resolves:
    """`resolve() is T`, by what the reference says of itself: nothing is fetched."""

    type: str

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        if not isinstance(node, dict):
            return False
        target = node.get("reference")
        if not isinstance(target, str):
            return False
        if target.startswith("#"):
            return any(
                isinstance(one, dict) and one.get("id") == target[1:] and one.get("resourceType") == self.type
                for one in _children([resource], "contained")
            )
        return node.get("type") == self.type or _type_in(target) == self.type


@memoize(16_384)
def _type_in(reference: str) -> str | None:
    """The type that a reference names."""
    parts = reference.split("/_history/", 1)[0].rsplit("/", 2)
    return parts[-2] if len(parts) >= 2 else None


@dataclass(frozen=True, slots=True)
class Present:
    """`X.exists() and X != false`: a route to the resource itself, whose value is a boolean (see fhir.search.index)."""

    ways: tuple[ElementPath, ...]

    def __call__(self, node: Any, resource: dict[str, Any]) -> bool:
        return True

    def value(self, resource: dict[str, Any]) -> bool:
        found = [value for way in self.ways for value in walk(way, resource)]
        return bool(found) and found != [False]


def _alternatives(expression: str) -> Iterator[str]:
    yield from (one.strip() for one in _split(expression, "|") if one.strip())


def _split(text: str, separator: str) -> Iterator[str]:
    """Split where no bracket and no quotation is open."""
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


def _parse(text: str) -> Iterator[str]:
    """A path as its steps: names, digits for an index, `as(T)` for both forms of a cast."""
    for one in _split(text.strip(), "."):
        if one.startswith("(") and one.endswith(")"):
            yield from _cast(one[1:-1])
            continue
        name, *indexes = one.replace("]", "").split("[") if not _CALL.match(one) else [one]
        if not re.match(r"\w+", name):
            raise Unsupported(text)
        yield name
        yield from indexes


def _cast(inner: str) -> Iterator[str]:
    cast = _CAST.match(inner)
    yield from _parse(cast[1] if cast else inner)
    if cast:
        yield f"as({cast[2]})"
