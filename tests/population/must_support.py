"""Lists what a US Core profile requires a server to support, and which of it a set of resources has.

A demand is a line of text: the id of an element ("Patient.name.suffix"), of an element with one of its types
("Observation.value[x] as string"), or of a reference with one of its target profiles ("Coverage.payor to us-core-patient").
Elements with the extension uscdi-requirement count like elements with mustSupport, as in Inferno's US Core Test Kit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.population.us_core import CORE, Guide, faults, is_of, under

Resource = dict[str, Any]
_TYPE_FLAG = "http://hl7.org/fhir/StructureDefinition/elementdefinition-type-must-support"
_USCDI = CORE + "uscdi-requirement"
_TEXTS = frozenset({"id", "text", "display", "title", "data", "div", "description", "name", "family", "value", "line", "city"})
_DATE = re.compile(r"\d{4}-\d\d(-\d\d(T.*)?)?")


class Shaped(NamedTuple):
    """A resource. shape: equal for resources that fill the same elements with the same codes. references: in their order."""

    shape: int
    references: tuple[str, ...]
    resource: Resource


def with_shapes(resources: Iterable[Resource]) -> list[Shaped]:
    numbers: dict[Any, int] = {}
    shaped = []
    for resource in resources:
        references: list[str] = []
        outline = _outline(resource, references)
        shaped.append(Shaped(numbers.setdefault(outline, len(numbers)), tuple(references), resource))
    return shaped


def _outline(value: Any, references: list[str], key: str = "") -> Any:
    """Returns a hashable value without texts and dates. Of a reference it has only the type; references gets the whole one."""
    if isinstance(value, dict):
        return tuple([(name, _outline(item, references, name)) for name, item in value.items()])
    if isinstance(value, list):
        return tuple([_outline(item, references, key) for item in value])
    if key == "reference":
        references.append(value)
        return value.partition("/")[0]
    if isinstance(value, str):
        return "" if key in _TEXTS or _DATE.fullmatch(value) else value
    return value if isinstance(value, bool) else 0


def members(resources: Iterable[Shaped], guide: Guide) -> dict[str, list[Shaped]]:
    """Returns, by profile URL, the resources that conform to it."""
    profiles_of_type: dict[str, list[str]] = {}
    for url, elements in guide.profiles.items():
        profiles_of_type.setdefault(elements[0]["id"], []).append(url)
    conforming: dict[str, list[Shaped]] = {url: [] for urls in profiles_of_type.values() for url in urls}
    profiles_of_shape: dict[int, list[str]] = {}
    for item in resources:
        if item.shape not in profiles_of_shape:
            candidates = profiles_of_type.get(item.resource["resourceType"], ())
            profiles_of_shape[item.shape] = [url for url in candidates if _is_selected(item.resource, url, guide)]
        for url in profiles_of_shape[item.shape]:
            conforming[url].append(item)
    return conforming


def _is_selected(resource: Resource, url: str, guide: Guide) -> bool:
    """Returns whether the resource conforms to a profile and has one of the categories that the profile is about."""
    tree = guide.trees[url]
    slices = [
        element
        for element in tree[guide.profiles[url][0]["id"]]
        if ".category:" in element["id"] and element.get("mustSupport")
    ]
    categories = under(resource, "category")
    matches = [any(is_of(category, element, tree, guide) for category in categories) for element in slices]
    return (any(matches) or not matches) and not faults(resource, url, guide)


def demands(url: str, guide: Guide, typed: bool) -> set[str]:
    """Returns the demands of a profile. typed: whether the guide says which types and targets count (since 4.0.0)."""
    required: set[str] = set()
    for element in guide.profiles[url]:
        if element.get("mustSupport") or _is_flagged(element, _USCDI):
            choices = {
                f"{element['id']} as {kind['code']}" for kind in element.get("type", ()) if _is_flagged(kind, _TYPE_FLAG)
            }
            targets = {f"{element['id']} to {name}" for name in _targets(element)} if typed else set()
            required |= choices | targets or {element["id"]}
    return required


def _is_flagged(value: Mapping[str, Any], url: str) -> bool:
    return any(extension["url"] == url and extension.get("valueBoolean") for extension in value.get("extension", ()))


def _targets(element: Mapping[str, Any]) -> Iterator[str]:
    """Yields the names of US Core target profiles that count: the only one, or those with the flag."""
    for kind in element.get("type", ()):
        targets, flags = kind.get("targetProfile", ()), kind.get("_targetProfile", ())
        for index, target in enumerate(targets):
            counts = len(targets) == 1 or (index < len(flags) and flags[index] and _is_flagged(flags[index], _TYPE_FLAG))
            if counts and target.startswith(CORE):
                yield target.removeprefix(CORE)


def show(resources: Iterable[Shaped], url: str, guide: Guide, of: Mapping[str, set[str]]) -> set[str]:
    """Returns the demands that the resources of a profile fulfil. of: maps a reference to the profile names of its target."""
    nothing: set[str] = set()
    distinct = {
        (item.shape, *(frozenset(of.get(reference, nothing)) for reference in item.references)): item.resource
        for item in resources
    }
    fulfilled: set[str] = set()
    for resource in distinct.values():
        fulfilled.update(_show(resource, guide.profiles[url][0]["id"], guide.trees[url], guide, of))
    return fulfilled


def _show(value: Any, id: str, tree: Mapping[str, list[Resource]], guide: Guide, of: Mapping[str, set[str]]) -> Iterator[str]:
    for element in tree.get(id, ()) if isinstance(value, dict) else ():
        name = element["path"].rpartition(".")[2]
        sliced = ":" in element["id"].rpartition(".")[2]
        for kind, child in _values(value, name):
            if not sliced or is_of(child, element, tree, guide):
                yield element["id"]
                if kind:
                    yield f"{element['id']} as {kind}"
                if isinstance(child, dict) and "reference" in child:
                    yield from (f"{element['id']} to {target}" for target in of.get(child["reference"], ()))
                yield from _show(child, element["id"], tree, guide, of)
        for child in _primitive_extensions(value, name):
            yield from _show(child, element["id"], tree, guide, of)


def _values(value: Resource, name: str) -> Iterator[tuple[str, Any]]:
    """Yields the values of an element, each with its type if the element is a choice."""
    if not name.endswith("[x]"):
        yield from (("", item) for item in under(value, name))
        return
    base = name.removesuffix("[x]")
    for key in value:
        if key.startswith(base) and key[len(base) : len(base) + 1].isupper():
            kind = key.removeprefix(base)
            for item in under(value, key):
                yield kind, item
                yield kind[0].lower() + kind[1:], item


def _primitive_extensions(value: Resource, name: str) -> list[Any]:
    """Returns the extensions of a primitive element."""
    return [extension for extension in under(value, f"_{name}") if isinstance(extension, dict)]
