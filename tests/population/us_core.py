"""A small checker of US Core: cardinalities of the snapshots, fixed and pattern values, slices, and what bindings list."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"


class Guide(NamedTuple):
    """profiles: url -> the elements of its snapshot. codes: url of a value set -> its (system, code), where it lists them."""

    profiles: dict[str, list[dict[str, Any]]]
    codes: dict[str, set[tuple[str, str]]]
    trees: dict[str, dict[str, list[dict[str, Any]]]]
    """By the url of a profile: the id of an element -> the elements directly below it."""


def read(archive: Path) -> Guide:
    profiles: dict[str, list[dict[str, Any]]] = {}
    sets: list[dict[str, Any]] = []
    systems: dict[str, set[tuple[str, str]]] = {}
    with tarfile.open(archive) as packed:
        for name in packed.getnames():
            if re.fullmatch(r"package/(StructureDefinition|ValueSet|CodeSystem)-[^/]*\.json", name):
                file = packed.extractfile(name)
                one = json.load(file) if file else {}
                if one["resourceType"] == "ValueSet":
                    sets.append(one)
                elif one["resourceType"] == "CodeSystem":
                    systems[one["url"]] = {(one["url"], each["code"]) for each in one.get("concept", ())}
                else:
                    profiles[one["url"]] = one["snapshot"]["element"]
    listed = {one["url"]: found for one in sets if (found := set(_listed(one, systems)))} | _ELSEWHERE
    return Guide(profiles, listed, {url: _tree(elements) for url, elements in profiles.items()})


def _tree(elements: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    tree: dict[str, list[dict[str, Any]]] = {}
    for each in elements[1:]:
        tree.setdefault(each["id"].rpartition(".")[0], []).append(each)
    return tree


_ELSEWHERE = {
    "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.11.20.9.69.4": {("http://loinc.org", "42348-3")},
}
"""The value set of categories of advance directives, of which the package has the address alone."""


def _listed(one: dict[str, Any], systems: dict[str, set[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """Nothing if it takes a system that is not in the package, a filter or another set."""
    included = one.get("compose", {}).get("include", [])
    whole = all("concept" in each or _whole(each, systems) for each in included)
    for each in included if whole else ():
        if "concept" in each:
            yield from ((each["system"], concept["code"]) for concept in each["concept"])
        else:
            yield from systems[each["system"]]


def _whole(include: dict[str, Any], systems: dict[str, set[tuple[str, str]]]) -> bool:
    """Whether it takes all of a code system that is in the package."""
    return include.get("system") in systems and not include.keys() & {"filter", "valueSet"}


def contains(value: Any, pattern: Any) -> bool:
    """FHIR's pattern: everything in it is in the value; a list's members in any order."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(k in value and contains(value[k], part) for k, part in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(contains(each, part) for each in value) for part in pattern)
    return bool(value == pattern)


def under(value: dict[str, Any], name: str) -> list[Any]:
    """The values of one element; of a choice under any of its names."""
    base = name.removesuffix("[x]")
    found = []
    for key, inside in value.items():
        if key == name or (name != base and re.fullmatch(re.escape(base) + r"[A-Z]\w*", key)):
            found += inside if isinstance(inside, list) else [inside]
    return found


def faults(resource: dict[str, Any], url: str, guide: Guide) -> list[str]:
    """What is against a profile; its address is in front."""
    return sorted(set(_inside(resource, guide.profiles[url][0]["id"], guide.trees[url], guide)))


def _inside(value: Any, id: str, tree: dict[str, list[dict[str, Any]]], guide: Guide) -> Iterator[str]:
    for element in tree.get(id, ()) if isinstance(value, dict) else ():
        name = element["path"].rpartition(".")[2]
        found = under(value, name) or under(value, f"_{name}")  # the reason why it is missing stands in for it
        if ":" in element["id"].rpartition(".")[2]:
            found = [each for each in found if is_of(each, element, tree, guide)]
        least, most = element["min"], element["max"]
        if len(found) < least or (most != "*" and len(found) > int(most)):
            yield f"{element['id']}: {len(found)} present, wanted {least}..{most}"
        for each in found:
            yield from _value(each, element, guide)
            yield from _inside(each, element["id"], tree, guide)


def is_of(value: Any, element: dict[str, Any], tree: dict[str, list[dict[str, Any]]], guide: Guide) -> bool:
    """Whether a value belongs to a slice: by its pattern or binding, by those below it, or by the url of an extension."""
    if pattern := _fixed(element):
        return contains(value, pattern[0])
    if element.get("binding", {}).get("strength") == "required" and element["binding"].get("valueSet") in guide.codes:
        return not list(_bound(value, element, guide))
    profiles = [url for kind in element.get("type", ()) for url in kind.get("profile", ())]
    if profiles:
        return isinstance(value, dict) and value.get("url") in profiles
    if element["path"].endswith("[x]"):
        return True
    return _agrees(value, element["id"], tree)


def _agrees(value: Any, id: str, tree: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether everything fixed below an element is in the value."""
    for each in tree.get(id, ()):
        inside = under(value, each["path"].rpartition(".")[2]) if isinstance(value, dict) else []
        fixed = _fixed(each)
        if fixed and not any(contains(one, fixed[0]) for one in inside):
            return False
        if inside and not fixed and not any(_agrees(one, each["id"], tree) for one in inside):
            return False
    return True


def _fixed(element: dict[str, Any]) -> list[Any] | None:
    return next(([v] for k, v in element.items() if re.match(r"(pattern|fixed)[A-Z]", k)), None)


def _value(value: Any, element: dict[str, Any], guide: Guide) -> Iterator[str]:
    pattern = _fixed(element)
    if pattern and not contains(value, pattern[0]):
        yield f"{element['id']}: not {json.dumps(pattern[0])}"
    if element.get("binding", {}).get("strength") == "required":
        yield from _bound(value, element, guide)


def _bound(value: Any, element: dict[str, Any], guide: Guide) -> Iterator[str]:
    allowed = guide.codes.get(element["binding"].get("valueSet", "").partition("|")[0])
    if allowed is None:
        return
    if isinstance(value, str):
        right = value in {code for _, code in allowed}
    else:
        codings = value.get("coding", [value] if "code" in value else []) if isinstance(value, dict) else []
        right = any((each.get("system"), each.get("code")) in allowed for each in codings)
    if not right:
        yield f"{element['id']}: not in {element['binding']['valueSet']}"
