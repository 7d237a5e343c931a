"""A small checker of US Core profiles: cardinalities, fixed values, patterns, slices, and bindings to listed codes."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_FIXING = re.compile(r"(pattern|fixed)[A-Z]")


class Guide(NamedTuple):
    """profiles: maps a URL to the snapshot's elements. codes: maps a value set's URL to its (system, code) if it lists them."""

    profiles: dict[str, list[dict[str, Any]]]
    codes: dict[str, set[tuple[str, str]]]
    trees: dict[str, dict[str, list[dict[str, Any]]]]
    """Maps a profile URL to a dict from an element's id to the elements directly below it."""


def read(archive: Path) -> Guide:
    profiles: dict[str, list[dict[str, Any]]] = {}
    sets: list[dict[str, Any]] = []
    systems: dict[str, set[tuple[str, str]]] = {}
    with tarfile.open(archive) as packed:
        for name in packed.getnames():
            if re.fullmatch(r"package/(StructureDefinition|ValueSet|CodeSystem)-[^/]*\.json", name):
                file = packed.extractfile(name)
                resource = json.load(file) if file else {}
                if resource["resourceType"] == "ValueSet":
                    sets.append(resource)
                elif resource["resourceType"] == "CodeSystem":
                    systems[resource["url"]] = {(resource["url"], concept["code"]) for concept in resource.get("concept", ())}
                else:
                    profiles[resource["url"]] = resource["snapshot"]["element"]
    listed = {value_set["url"]: codes for value_set in sets if (codes := set(_list(value_set, systems)))} | _NOT_IN_PACKAGE
    return Guide(profiles, listed, {url: _tree(elements) for url, elements in profiles.items()})


def _tree(elements: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    tree: dict[str, list[dict[str, Any]]] = {}
    for element in elements[1:]:
        tree.setdefault(element["id"].rpartition(".")[0], []).append(element)
    return tree


_NOT_IN_PACKAGE = {
    "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.11.20.9.69.4": {("http://loinc.org", "42348-3")},
}
"""The value set of advance directive categories; the package contains only its URL."""


def _list(value_set: dict[str, Any], systems: dict[str, set[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """Yields the codes of a value set, or nothing if it needs a filter, another set, or a system that isn't in the package."""
    included = value_set.get("compose", {}).get("include", [])
    whole = all("concept" in include or _is_complete(include, systems) for include in included)
    for include in included if whole else ():
        if "concept" in include:
            yield from ((include["system"], concept["code"]) for concept in include["concept"])
        else:
            yield from systems[include["system"]]


def _is_complete(include: dict[str, Any], systems: dict[str, set[tuple[str, str]]]) -> bool:
    """Returns whether the include takes all of a code system that is in the package."""
    return include.get("system") in systems and not include.keys() & {"filter", "valueSet"}


def contains(value: Any, pattern: Any) -> bool:
    """Compares like FHIR's pattern[x]: the value contains everything in the pattern; lists may be in any order."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and contains(value[key], part) for key, part in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(contains(item, part) for item in value) for part in pattern)
    return bool(value == pattern)


def under(value: dict[str, Any], name: str) -> list[Any]:
    """Returns the values of an element; of a choice, those of any of its types."""
    if name.endswith("[x]"):
        found = [content for key, content in value.items() if _is_typed(key, name.removesuffix("[x]"))]
    else:
        found = [value[name]] if name in value else []
    return [item for content in found for item in (content if isinstance(content, list) else [content])]


def _is_typed(key: str, base: str) -> bool:
    """Returns whether the name of an element is this one followed by the name of a type."""
    return key.startswith(base) and key[len(base) : len(base) + 1].isupper()


def faults(resource: dict[str, Any], url: str, guide: Guide) -> list[str]:
    """Returns what violates a profile, each message beginning with the element's id."""
    return sorted(set(_inside(resource, guide.profiles[url][0]["id"], guide.trees[url], guide)))


def _inside(value: Any, id: str, tree: dict[str, list[dict[str, Any]]], guide: Guide) -> Iterator[str]:
    for element in tree.get(id, ()) if isinstance(value, dict) else ():
        name = element["path"].rpartition(".")[2]
        values = under(value, name) or under(value, f"_{name}")  # a data-absent-reason extension counts as a value
        if ":" in element["id"].rpartition(".")[2]:
            values = [item for item in values if is_of(item, element, tree, guide)]
        minimum, maximum = element["min"], element["max"]
        if len(values) < minimum or (maximum != "*" and len(values) > int(maximum)):
            yield f"{element['id']}: {len(values)} present, expected {minimum}..{maximum}"
        for item in values:
            yield from _value(item, element, guide)
            yield from _inside(item, element["id"], tree, guide)


def is_of(value: Any, element: dict[str, Any], tree: Mapping[str, list[dict[str, Any]]], guide: Guide) -> bool:
    """Returns whether a value belongs to a slice: by pattern, binding, the elements below it, or the URL of an extension."""
    if pattern := _fix(element):
        return contains(value, pattern[0])
    if element.get("binding", {}).get("strength") == "required" and element["binding"].get("valueSet") in guide.codes:
        return not list(_bind(value, element, guide))
    profiles = [url for kind in element.get("type", ()) for url in kind.get("profile", ())]
    if profiles:
        return isinstance(value, dict) and value.get("url") in profiles
    if element["path"].endswith("[x]"):
        return True
    return _agrees(value, element["id"], tree)


def _agrees(value: Any, id: str, tree: Mapping[str, list[dict[str, Any]]]) -> bool:
    """Returns whether the value has everything that is fixed below an element."""
    for child in tree.get(id, ()):
        values = under(value, child["path"].rpartition(".")[2]) if isinstance(value, dict) else []
        fixed = _fix(child)
        if fixed and not any(contains(candidate, fixed[0]) for candidate in values):
            return False
        if values and not fixed and not any(_agrees(candidate, child["id"], tree) for candidate in values):
            return False
    return True


def _fix(element: dict[str, Any]) -> list[Any] | None:
    return next(([value] for key, value in element.items() if key[0] in "pf" and _FIXING.match(key)), None)


def _value(value: Any, element: dict[str, Any], guide: Guide) -> Iterator[str]:
    pattern = _fix(element)
    if pattern and not contains(value, pattern[0]):
        yield f"{element['id']}: not {json.dumps(pattern[0])}"
    if element.get("binding", {}).get("strength") == "required":
        yield from _bind(value, element, guide)


def _bind(value: Any, element: dict[str, Any], guide: Guide) -> Iterator[str]:
    allowed = guide.codes.get(element["binding"].get("valueSet", "").partition("|")[0])
    if allowed is None:
        return
    if isinstance(value, str):
        valid = value in {code for _, code in allowed}
    else:
        codings = value.get("coding", [value] if "code" in value else []) if isinstance(value, dict) else []
        valid = any((coding.get("system"), coding.get("code")) in allowed for coding in codings)
    if not valid:
        yield f"{element['id']}: not in {element['binding']['valueSet']}"
