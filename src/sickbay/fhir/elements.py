"""The elements of a FHIR version: which children an element has, with their JSON names and types."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sickbay.fhir.definitions import load_table
from sickbay.fhir.versions import VERSIONS

_INLINE = ("BackboneElement", "Element")


class Child(NamedTuple):
    """A possible JSON key: its name, its type, and the path under which its own children are listed."""

    key: str
    type: str
    path: str


@cache
def list_children(version: str, path: str) -> dict[str, list[Child]]:
    """Name -> keys. A choice element is listed by its bare name, with all types, and by each JSON name."""
    by_name: dict[str, list[Child]] = {}
    for name, types in _children_by_parent(version).get(path, ()):
        for child in _keys_of_element(f"{path}.{name}", name, types):
            by_name.setdefault(name.removesuffix("[x]"), []).append(child)
            if name.endswith("[x]"):
                by_name.setdefault(child.key, []).append(child)
    return by_name


def _keys_of_element(path: str, name: str, types: list[str]) -> list[Child]:
    by_type = {}
    for type in (name.split(":")[0] for name in types):
        base = name.removesuffix("[x]")
        key = base + type[0].upper() + type[1:] if name.endswith("[x]") else base
        by_type[type] = Child(key, type, _path_of_type(path, type))
    return list(by_type.values())


def _path_of_type(path: str, type: str) -> str:
    if type.startswith("@"):
        return type[1:]
    return path if type in _INLINE else type


@cache
def _children_by_parent(version: str) -> dict[str, list[tuple[str, list[str]]]]:
    by_parent: dict[str, list[tuple[str, list[str]]]] = {}
    for path, entry in load_table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        by_parent.setdefault(parent, []).append((name, entry[2]))
    return by_parent


def split_versions(path: str) -> tuple[list[str], list[str]]:
    """The FHIR versions that define an element, such as Task.reasonCode or Observation.valueQuantity, and those that don't.

    Versions without the type are in neither list.
    """
    parent, _, name = path.rpartition(".")
    known = {version: list_children(version, parent) for version in VERSIONS if list_children(version, parent)}
    defining = [version for version in known if any(child.key == name for child in known[version].get(name, ()))]
    return defining, [version for version in known if version not in defining]
