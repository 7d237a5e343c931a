"""What a US Core profile requires a server to support, and which of it a set of resources shows.

A demand is a line of text: the id of an element ("Patient.name.suffix"), of an element with one of its types
("Observation.value[x] as string"), or of a reference with one of its target profiles ("Coverage.payor to us-core-patient").
Elements with the extension uscdi-requirement count like elements with mustSupport, as in Inferno's US Core Test Kit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.population.us_core import CORE, Guide, faults, is_of, under

Resource = dict[str, Any]
_TYPE_FLAG = "http://hl7.org/fhir/StructureDefinition/elementdefinition-type-must-support"
_USCDI = CORE + "uscdi-requirement"
_TEXTS = frozenset({"id", "text", "display", "title", "data", "div", "description", "name", "family", "value", "line", "city"})
_DATE = re.compile(r"\d{4}-\d\d(-\d\d(T.*)?)?")


def shape(value: Any, targets: Mapping[str, str], key: str = "") -> Any:
    """A hashable form in which two resources are equal if they fill the same elements with the same codes.

    targets: the text that a reference counts as.
    """
    if isinstance(value, dict):
        return tuple((name, shape(inside, targets, name)) for name, inside in value.items())
    if isinstance(value, list):
        return tuple(shape(inside, targets, key) for inside in value)
    if key == "reference":
        return targets.get(value, value.partition("/")[0])
    if isinstance(value, str):
        return "" if key in _TEXTS or _DATE.fullmatch(value) else value
    return value if isinstance(value, bool) else 0


def members(resources: Iterable[Resource], guide: Guide) -> dict[str, list[Resource]]:
    """By the url of a profile: the resources that conform to it, one of each shape if it doesn't matter which."""
    of: dict[str, list[str]] = {}
    for url, elements in guide.profiles.items():
        of.setdefault(elements[0]["id"], []).append(url)
    found: dict[str, list[Resource]] = {url: [] for urls in of.values() for url in urls}
    known: dict[Any, list[str]] = {}
    for each in resources:
        key = shape(each, {})
        if key not in known:
            known[key] = [url for url in of.get(each["resourceType"], ()) if _selected(each, url, guide)]
        for url in known[key]:
            found[url].append(each)
    return found


def _selected(resource: Resource, url: str, guide: Guide) -> bool:
    """Whether it conforms to a profile and has one of the categories that the profile is about."""
    tree = guide.trees[url]
    slices = [
        element
        for element in tree[guide.profiles[url][0]["id"]]
        if ".category:" in element["id"] and element.get("mustSupport")
    ]
    categories = under(resource, "category")
    about = [any(is_of(each, element, tree, guide) for each in categories) for element in slices]
    return (any(about) or not about) and not faults(resource, url, guide)


def demands(url: str, guide: Guide, typed: bool) -> set[str]:
    """typed: whether the guide says which types and targets count (since 4.0.0)."""
    found: set[str] = set()
    for element in guide.profiles[url]:
        if element.get("mustSupport") or _flagged(element, _USCDI):
            choices = {f"{element['id']} as {kind['code']}" for kind in element.get("type", ()) if _flagged(kind, _TYPE_FLAG)}
            targets = {f"{element['id']} to {name}" for name in _targets(element)} if typed else set()
            found |= choices | targets or {element["id"]}
    return found


def _flagged(value: Mapping[str, Any], url: str) -> bool:
    return any(each["url"] == url and each.get("valueBoolean") for each in value.get("extension", ()))


def _targets(element: Mapping[str, Any]) -> Iterator[str]:
    """The names of target profiles of US Core that count: the only one, or those with the flag."""
    for kind in element.get("type", ()):
        targets, flags = kind.get("targetProfile", ()), kind.get("_targetProfile", ())
        for at, target in enumerate(targets):
            counts = len(targets) == 1 or (at < len(flags) and flags[at] and _flagged(flags[at], _TYPE_FLAG))
            if counts and target.startswith(CORE):
                yield target.removeprefix(CORE)


def shown(resources: Iterable[Resource], url: str, guide: Guide, of: Mapping[str, set[str]]) -> set[str]:
    """The demands that resources of a profile fulfil. of: reference -> the names of the profiles of what it refers to."""
    targets = {reference: " ".join(sorted(names)) for reference, names in of.items()}
    distinct = {shape(each, targets): each for each in resources}
    found: set[str] = set()
    for each in distinct.values():
        found.update(_shown(each, guide.profiles[url][0]["id"], guide.trees[url], guide, of))
    return found


def _shown(value: Any, id: str, tree: Mapping[str, list[Resource]], guide: Guide, of: Mapping[str, set[str]]) -> Iterator[str]:
    for element in tree.get(id, ()) if isinstance(value, dict) else ():
        name = element["path"].rpartition(".")[2]
        sliced = ":" in element["id"].rpartition(".")[2]
        for kind, each in _values(value, name):
            if not sliced or is_of(each, element, tree, guide):
                yield element["id"]
                if kind:
                    yield f"{element['id']} as {kind}"
                if isinstance(each, dict) and "reference" in each:
                    yield from (f"{element['id']} to {target}" for target in of.get(each["reference"], ()))
                yield from _shown(each, element["id"], tree, guide, of)
        for each in _beside(value, name):
            yield from _shown(each, element["id"], tree, guide, of)


def _values(value: Resource, name: str) -> Iterator[tuple[str, Any]]:
    """The values of an element, each with its type if the element is a choice."""
    if not name.endswith("[x]"):
        yield from (("", each) for each in under(value, name))
        return
    base = name.removesuffix("[x]")
    for key in value:
        if key.startswith(base) and key[len(base) : len(base) + 1].isupper():
            kind = key.removeprefix(base)
            for each in under(value, key):
                yield kind, each
                yield kind[0].lower() + kind[1:], each


def _beside(value: Resource, name: str) -> list[Any]:
    """Extensions of primitive elements."""
    return [each for each in under(value, f"_{name}") if isinstance(each, dict)]
