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


def read(archive: Path) -> Guide:
    profiles, codes = {}, {}
    with tarfile.open(archive) as packed:
        for name in packed.getnames():
            if re.fullmatch(r"package/(StructureDefinition|ValueSet)-[^/]*\.json", name):
                file = packed.extractfile(name)
                one = json.load(file) if file else {}
                if one["resourceType"] == "ValueSet":
                    codes[one["url"]] = set(_listed(one))
                else:
                    profiles[one["url"]] = one["snapshot"]["element"]
    return Guide(profiles, {url: found for url, found in codes.items() if found})


def _listed(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Nothing where it takes a whole system, a filter or another set."""
    included = one.get("compose", {}).get("include", [])
    if all("concept" in each for each in included):
        yield from ((each["system"], concept["code"]) for each in included for concept in each["concept"])


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
    elements = guide.profiles[url]
    tree: dict[str, list[dict[str, Any]]] = {}
    for each in elements[1:]:
        tree.setdefault(each["id"].rpartition(".")[0], []).append(each)
    return sorted(set(_inside(resource, elements[0]["id"], tree, guide)))


def empty(resources: list[dict[str, Any]], url: str, guide: Guide) -> set[str]:
    """The elements that must be supported and none of the resources fills; of what lies within such a one nothing is said."""
    elements = guide.profiles[url]
    tree: dict[str, list[dict[str, Any]]] = {}
    for each in elements[1:]:
        tree.setdefault(each["id"].rpartition(".")[0], []).append(each)
    filled: set[str] = set()
    for one in resources:
        filled.update(_filled(one, elements[0]["id"], tree, guide))
    missing = {each["id"] for each in elements if each.get("mustSupport")} - filled
    return {id for id in missing if not any(id.startswith(f"{other}.") for other in missing)}


def _filled(value: Any, id: str, tree: dict[str, list[dict[str, Any]]], guide: Guide) -> Iterator[str]:
    for element in tree.get(id, ()) if isinstance(value, dict) else ():
        sliced = ":" in element["id"].rpartition(".")[2]
        for each in under(value, element["path"].rpartition(".")[2]):
            if not sliced or _is_of(each, element, tree, guide):
                yield element["id"]
                yield from _filled(each, element["id"], tree, guide)


def _inside(value: Any, id: str, tree: dict[str, list[dict[str, Any]]], guide: Guide) -> Iterator[str]:
    for element in tree.get(id, ()) if isinstance(value, dict) else ():
        name = element["path"].rpartition(".")[2]
        found = under(value, name)
        if ":" in element["id"].rpartition(".")[2]:
            found = [each for each in found if _is_of(each, element, tree, guide)]
        least, most = element["min"], element["max"]
        if len(found) < least or (most != "*" and len(found) > int(most)):
            yield f"{element['id']}: {len(found)} present, wanted {least}..{most}"
        for each in found:
            yield from _value(each, element, guide)
            yield from _inside(each, element["id"], tree, guide)


def _is_of(value: Any, element: dict[str, Any], tree: dict[str, list[dict[str, Any]]], guide: Guide) -> bool:
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
